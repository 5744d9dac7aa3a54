package engine

import (
	"errors"
	"strings"
)

// besides adds to an error what else went wrong, and says nothing twice: on a
// full disk the journal refuses every entry of a step with the same words.
func besides(err error, more ...error) error {
	for _, one := range more {
		switch {
		case one == nil || err != nil && strings.Contains(err.Error(), one.Error()):
		case err == nil:
			err = one
		default:
			err = errors.Join(err, one)
		}
	}
	return err
}
