package journal

import (
	"encoding/json"
	"slices"
)

// Ended tells whether the run did all that it was asked for.
func (r Run) Ended() bool {
	state := r.State()
	return state == OK || state == Skipped
}

// Changed is every step that may have changed something, by its intent, each
// once, in the order in which they began.
func (r Run) Changed() []Entry {
	var begun []Entry
	for _, e := range r.Entries {
		if e.Event == Intent && !slices.ContainsFunc(begun, e.sameStep) {
			begun = append(begun, e)
		}
	}
	return begun
}

// Standing is every step of Changed that nobody has undone since, or passed over
// because there is nothing to undo.
func (r Run) Standing() []Entry {
	var standing []Entry
	for _, e := range r.Entries {
		switch {
		case e.Event == Intent && !slices.ContainsFunc(standing, e.sameStep):
			standing = append(standing, e)
		case e.takesBack():
			standing = slices.DeleteFunc(standing, e.sameStep)
		}
	}
	return standing
}

// RolledBack tells whether what the run changed was undone, all of it.
func (r Run) RolledBack() bool { return r.undone() && len(r.Standing()) == 0 }

// HalfBack tells whether an undo of the run was begun that did not get to its end.
func (r Run) HalfBack() bool {
	begun := false
	for _, e := range r.Entries {
		switch {
		case e.Event == Undo:
			begun = true
		case e.Event == Undone && e.Outcome == Kept:
			begun = false // the way back ended here, as it was meant to
		}
	}
	return begun && len(r.Standing()) > 0
}

func (r Run) undone() bool {
	return slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.takesBack() && e.Outcome == OK })
}

// Continuations are the runs that were to go on from this one, the last first.
func (r Run) Continuations() []string {
	var runs []string
	for _, e := range slices.Backward(r.Entries) {
		if e.Event == Continued {
			runs = append(runs, e.Run)
		}
	}
	return runs
}

// Recall is the last value that a step recorded under a key. What it recorded
// before it was undone is void.
func (r Run) Recall(step Step, key string) (json.RawMessage, bool) {
	of := Entry{Procedure: step.Procedure, Step: step.Target}
	for _, e := range slices.Backward(r.Entries) {
		switch {
		case !e.sameStep(of):
		case e.takesBack():
			return nil, false
		case e.Event == Record && e.Key == key:
			return e.Value, true
		}
	}
	return nil, false
}

func (e Entry) sameStep(o Entry) bool { return e.Procedure == o.Procedure && e.Step == o.Step }

// takesBack tells whether after this entry nothing is left to undo of its step.
func (e Entry) takesBack() bool {
	return e.Event == Undone && (e.Outcome == OK || e.Outcome == Skipped)
}
