package procedure

import (
	"io"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/report"
)

// Work is what the engine hands to the functions of one step. Its methods are
// safe for concurrent use.
type Work struct {
	// Door is the only way to other programs.
	Door *command.Door
	// Say speaks on the step's line of the console; a nil line is silent.
	Say *report.Line
	// Record keeps a fact in the journal for a later undo or resume.
	Record func(key string, value any) error
	// Recall reads back what this step recorded: in an undo, during the run that
	// is undone; in a resumed run, during the run that is continued. The last
	// value under a key counts, in the newest run of a chain that has one; what was
	// recorded before the step was undone is void. False means that there is none.
	// Values come back as they were recorded, and the world may have moved on since.
	Recall func(key string, into any) (bool, error)
	// Retreat tells an Undo that nobody asked for it: a later step, or this one, has
	// failed. What would be dear to make again may stay then: see ErrStays.
	Retreat bool
	// Planning tells that nothing may change.
	Planning bool
	// Run is the id of the run that the step belongs to, for the line that goes
	// back: procedure:rollback -run=ID. It is empty where nothing is changed, and in
	// an undo.
	Run string
	// Lang is the language for people: "es" or "en".
	Lang string

	mu       sync.Mutex
	deferred []error
	result   *Result
}

// Result is what a step has to say on standard output.
type Result struct {
	// Value becomes the JSON document.
	Value any
	// Text writes the form for people; nil writes nothing.
	Text func(io.Writer)
}

// Defer notes a failure that must not stop the step or the run. The step is
// shown as failed and advised on, what depends on it still runs, and the
// invocation fails at its end. A later step that returns an error wrapping this
// one reports it instead, so that nobody reads it twice.
func (w *Work) Defer(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deferred = append(w.deferred, err)
}

// Deferred returns the failures noted so far, in order.
func (w *Work) Deferred() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]error(nil), w.deferred...)
}

// Publish sets the result of the step. The engine writes one document for each
// target named on the command line: what its own step published, or a summary
// of its steps. A step must not write to standard output by itself.
func (w *Work) Publish(value any, text func(io.Writer)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.result = &Result{Value: value, Text: text}
}

// Published returns the result of the step, nil when it has none.
func (w *Work) Published() *Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.result
}
