package devcontainer

import (
	"errors"
	"regexp"

	"iact-infra/internal/command"
)

// said is a failure under the line of its program that says most; what it wraps
// can still be looked at.
type said struct {
	line string
	err  error
}

func (s *said) Error() string { return s.line }
func (s *said) Unwrap() error { return s.err }

// told looks for that line: what the first of the shapes finds that finds
// anything.
func told(err error, shapes ...string) error {
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Exit < 0 {
		return err
	}
	for _, shape := range shapes {
		if found := regexp.MustCompile(shape).FindStringSubmatch(failed.Stderr); found != nil {
			return &said{line: found[1], err: err}
		}
	}
	return err
}
