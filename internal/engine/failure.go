package engine

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/fault"
)

// Failure is why a target did not succeed. Its short form is one line; its long
// form, which mage prints, says for each step what happened and what to do.
type Failure struct {
	// Target is what was asked for.
	Target string
	Steps  []FailedStep
	// Cancelled says that the work was ended from outside, and by what.
	Cancelled string
	// Left says what of the run still stands and why, in one line, and Next which
	// targets go on with it or take it back; both are empty when there is nothing
	// to decide.
	Left string
	Next []string

	code  int
	hard  bool // a step has failed in a way that stops the run
	words words
}

// FailedStep is one step that failed, with the advice for it.
type FailedStep struct {
	Target string
	Err    error
	Hint   string
	Advice []Advice
}

// named puts the step's target before a message.
func (s FailedStep) named(message string) string {
	if s.Target == "" {
		return message
	}
	return s.Target + ": " + message
}

// Advice is one entry of the symptom catalogue that fits, in the user's language.
type Advice struct {
	ID         string `json:"id"`
	Cause      string `json:"cause"`
	Fix        string `json:"fix"`
	Next       string `json:"next,omitempty"`
	Unverified bool   `json:"unverified,omitempty"`
}

// ExitStatus is the exit code, as mage asks for it.
func (f *Failure) ExitStatus() int { return f.code }

// ExitCode is the exit code, as the rest of the program asks for it.
func (f *Failure) ExitCode() int { return f.code }

// Unwrap gives the errors of all failed steps to errors.Is and errors.As.
func (f *Failure) Unwrap() []error {
	var all []error
	for _, s := range f.Steps {
		all = append(all, s.Err)
	}
	return all
}

// Error is the failure in one line.
func (f *Failure) Error() string {
	var parts []string
	if f.Cancelled != "" {
		parts = append(parts, f.Target+": "+f.Cancelled)
	}
	for _, s := range f.Steps {
		parts = append(parts, s.named(strings.Join(lines(s.Err.Error()), "; ")))
	}
	return strings.Join(parts, "; ")
}

// Format writes the long form for %+v and the short one for every other verb.
func (f *Failure) Format(to fmt.State, verb rune) {
	if verb == 'v' && to.Flag('+') {
		f.explain(to)
		return
	}
	_, _ = io.WriteString(to, f.Error())
}

// explain writes the long form. mage puts "Error: " before its first line.
func (f *Failure) explain(to io.Writer) {
	var b strings.Builder
	indent := ""
	switch {
	case f.Cancelled != "":
		fmt.Fprintf(&b, "%s: %s\n", f.Target, f.Cancelled)
		indent = "  "
	case len(f.Steps) > 1:
		fmt.Fprintf(&b, f.words.failedSteps+"\n", len(f.Steps))
		indent = "  "
	}
	for _, s := range f.Steps {
		f.explainStep(&b, s, indent)
	}
	if f.Left != "" {
		fmt.Fprintf(&b, "  %s\n", f.Left)
		for _, command := range f.Next {
			fmt.Fprintf(&b, "    %s\n", command)
		}
	}
	_, _ = io.WriteString(to, strings.TrimRight(b.String(), "\n"))
}

func (f *Failure) explainStep(b *strings.Builder, s FailedStep, indent string) {
	said := lines(s.Err.Error())
	fmt.Fprintf(b, "%s%s\n", indent, s.named(first(said)))
	deeper := indent + "  "
	for _, line := range rest(said) {
		fmt.Fprintf(b, "%s%s\n", deeper, line)
	}
	field := func(name, value string) {
		if value == "" {
			return
		}
		all := lines(value)
		fmt.Fprintf(b, "%s%s: %s\n", deeper, name, first(all))
		for _, line := range rest(all) {
			fmt.Fprintf(b, "%s%s  %s\n", deeper, strings.Repeat(" ", len(name)), line)
		}
	}
	field(f.words.hint, s.Hint)
	for _, a := range s.Advice {
		cause := a.Cause
		if a.Unverified {
			cause += " (" + f.words.unverified + ")"
		}
		field(f.words.cause, cause)
		field(f.words.fix, a.Fix)
		field(f.words.next, a.Next)
	}
}

// lines splits a text into its lines without the empty ones.
func lines(text string) []string {
	var kept []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

func rest(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return lines[1:]
}

// NewFailure gives an error of a target that runs no step the same form and
// exit code as the failure of one. A Failure stays as it is.
func NewFailure(lang string, err error) error {
	if err == nil {
		return nil
	}
	var already *Failure
	if errors.As(err, &already) {
		return already
	}
	return &Failure{
		Steps: []FailedStep{{Err: err, Hint: fault.Hint(err)}},
		code:  fault.Code(err),
		words: wordsIn(lang),
	}
}
