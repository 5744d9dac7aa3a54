package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"iact-infra/internal/fault"
)

// own is an error type of another package that takes part by its methods alone.
type own struct{}

func (own) Error() string { return "program missing" }
func (own) ExitCode() int { return fault.Missing }
func (own) Hint() string  { return "install it" }

func TestCodeAndHintSurviveWrapping(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("open store: %w", fault.New(fault.Locked, "wait for the other run", fs.ErrExist))
	if got := fault.Code(err); got != fault.Locked {
		t.Errorf("code = %d, want %d", got, fault.Locked)
	}
	if got := fault.Hint(err); got != "wait for the other run" {
		t.Errorf("hint = %q", got)
	}
	if !errors.Is(err, fs.ErrExist) {
		t.Error("the cause is lost")
	}
	if got, want := err.Error(), "open store: file already exists"; got != want {
		t.Errorf("text = %q, want %q: a fault must not change the message", got, want)
	}
}

func TestTheCodeOfAnErrorIs(t *testing.T) {
	t.Parallel()
	plain := errors.New("boom")
	for name, c := range map[string]struct {
		err  error
		code int
		hint string
	}{
		"nothing for no error":               {nil, 0, ""},
		"failed for a plain error":           {plain, fault.Failed, ""},
		"what another package's type says":   {own{}, fault.Missing, "install it"},
		"the outermost one":                  {fault.New(fault.Usage, "look there", own{}), fault.Usage, "look there"},
		"the inner one when the outer is 0":  {fault.New(0, "look there", own{}), fault.Missing, "look there"},
		"the inner hint when outer is empty": {fault.New(fault.Invalid, "", own{}), fault.Invalid, "install it"},
		"found among joined errors":          {errors.Join(plain, own{}), fault.Missing, "install it"},
		"failed when only a hint is given":   {fault.New(0, "h", plain), fault.Failed, "h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Code(c.err); got != c.code {
				t.Errorf("code = %d, want %d", got, c.code)
			}
			if got := fault.Hint(c.err); got != c.hint {
				t.Errorf("hint = %q, want %q", got, c.hint)
			}
		})
	}
}

func TestNoErrorStaysNoError(t *testing.T) {
	t.Parallel()
	if err := fault.New(fault.Usage, "hint", nil); err != nil {
		t.Fatalf("got %v, want nil", err)
	}
}
