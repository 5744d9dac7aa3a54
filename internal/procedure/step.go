package procedure

import (
	"context"
	"errors"
	"slices"
)

// ErrNotDone is what a Done check returns when the step still has to run.
// Wrap it to say what is missing. Any other error means "could not tell".
var ErrNotDone = errors.New("not done yet")

// ErrNothingToUndo is what an Undo returns that finds that its step had not come
// to change anything. It counts as undone, and nothing more is said.
var ErrNothingToUndo = errors.New("nothing to undo")

// ErrStays is what an Undo returns in a retreat when it has left what its step
// has made, so that it can be gone on with. Wrap it to say so. The steps before
// it stay as well.
var ErrStays = errors.New("it stays, to be gone on with")

// Action does or undoes the work of a step.
type Action func(ctx context.Context, w *Work) error

// Check looks and changes nothing. A nil error means that what it looks for
// holds, and the evidence says how that was seen.
type Check func(ctx context.Context, w *Work) (Evidence, error)

// Step is one row of a procedure's table.
type Step struct {
	Number int
	// Target is the name on the command line: "backup:db".
	Target string
	Title  Text
	// Needs are the targets that have to hold before this step runs.
	Needs []string
	// ReadOnly promises that the step changes nothing. Such a step leaves no
	// intent in the journal and needs neither Validate nor a way back.
	ReadOnly bool
	// Done is cheap. Without it the step runs every time.
	Done Check
	Run  Action
	// Validate proves the effect of Run by observing it, not by an exit code.
	Validate Check
	// Undo works from a fresh process and from the journal alone. It is called for
	// a step that has ended well, that has failed, or that was cut off anywhere
	// after its intent, even before it had changed or recorded anything; so it
	// looks at what is there. It may be called again after it was cut off itself,
	// or had ended without its record: twice must be the same as once.
	Undo Action
	// Undone proves the effect of Undo by observing it, as Validate does for Run.
	Undone Check
	// NoUndo is the reason why there is nothing to undo, or no way to.
	NoUndo Text
	// Plan returns the shell lines that amount to what Go does by itself.
	// Without it, all changes go through Work.Door, and a plan runs Run with a
	// door that prints changing commands instead of running them.
	Plan func(ctx context.Context, w *Work) ([]string, error)
	// Estimate is replaced by this machine's own history once there is one.
	Estimate Span
	// Symptoms are the catalogue ids worth trying first when the step fails.
	Symptoms []string
}

// Procedure is one written procedure of the project.
type Procedure struct {
	// Code is the document's number: "PROCED-INFRA-004".
	Code string
	// Namespace is the part of every target before the colon: "backup".
	Namespace string
	Title     Text
	Steps     []Step
	// All holds the stages of NAMESPACE:all. Stages run in order, the targets
	// of one stage in parallel.
	All [][]string
	// Extra are steps that the written procedure does not number: their Number is
	// 0. They are run, resumed and undone like any other, and NAMESPACE:all may
	// leave them out.
	Extra []Step
	// Missing are the numbers of steps that are not built. It may only shrink.
	Missing []int
}

// Every returns the numbered steps and the extra ones.
func (p Procedure) Every() []Step { return slices.Concat(p.Steps, p.Extra) }

// AllTarget is the target that runs the whole procedure.
func (p Procedure) AllTarget() string { return p.Namespace + ":all" }
