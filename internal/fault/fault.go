// Package fault gives an error the two things a command line needs besides its
// text: the exit code of the process and a hint that says what to type next.
//
// Both travel inside the error chain and are read back at the very end. An error
// keeps its message, wrapping it does not lose them, and a package that has error
// types of its own takes part by implementing ExitCode() int or Hint() string,
// without importing this one.
package fault

// Exit codes of the toolkit. 0 means done; codes that are not listed are not used.
const (
	Failed  = 1  // the work failed
	Usage   = 2  // wrong use or wrong configuration
	Invalid = 3  // a validation or a verification failed
	Missing = 4  // nothing to do was possible: a prerequisite is missing
	Locked  = 11 // another run holds the lock
)

// New gives err an exit code and a hint. Code 0 keeps the code that err already
// carries, an empty hint keeps its hint. A nil err stays nil.
func New(code int, hint string, err error) error {
	if err == nil {
		return nil
	}
	return &fault{code: code, hint: hint, err: err}
}

// Code is the exit code for err: that of the outermost error in the chain that
// names one, Failed when none does, 0 for nil.
func Code(err error) int {
	if err == nil {
		return 0
	}
	code := Failed
	walk(err, func(e error) bool {
		c, ok := e.(interface{ ExitCode() int })
		if !ok || c.ExitCode() == 0 {
			return false
		}
		code = c.ExitCode()
		return true
	})
	return code
}

// Hint is the outermost hint in err's chain, or "".
func Hint(err error) string {
	hint := ""
	walk(err, func(e error) bool {
		h, ok := e.(interface{ Hint() string })
		if !ok || h.Hint() == "" {
			return false
		}
		hint = h.Hint()
		return true
	})
	return hint
}

type fault struct {
	code int
	hint string
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }
func (f *fault) ExitCode() int { return f.code }
func (f *fault) Hint() string  { return f.hint }

// walk visits err and what it wraps, outermost first, until visit says stop.
// errors.As would stop at the first type that fits even when it has nothing to say.
func walk(err error, visit func(error) bool) bool {
	if err == nil {
		return false
	}
	if visit(err) {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // walks one level at a time, as errors.As does inside
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if walk(one, visit) {
				return true
			}
		}
	}
	return false
}
