package provider

import (
	"errors"
	"fmt"
	"regexp"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Cause is what a provider's program says, and what that is: one of the errors
// above, an exit code, and the way out.
type Cause struct {
	Says string // a pattern; case and line ends do not count
	Is   error
	Code int
	Fix  string
}

// Explain finds the first cause in what a program has said. What one said that
// was stopped is not why it ended. install is the way out where there is none.
func Explain(err error, causes []Cause, install string) error {
	var missing *command.NotFound
	if errors.As(err, &missing) && missing.Package == "" {
		return fault.New(fault.Missing, install, err)
	}
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Err != nil {
		return err
	}
	for _, known := range causes {
		if !regexp.MustCompile("(?is)" + known.Says).MatchString(failed.Stderr) {
			continue
		}
		if known.Is != nil {
			err = fmt.Errorf("%w: %w", known.Is, err)
		}
		return fault.New(known.Code, known.Fix, err)
	}
	return err
}
