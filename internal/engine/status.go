package engine

import (
	"errors"
	"slices"
	"time"

	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// How a procedure or a run stands, besides what a journal says of a run's end.
const (
	Running    = "running"
	RolledBack = "rolled back"
	NeverRun   = "never run"
)

// Standing is how a procedure stands: the last run that touched it.
type Standing struct {
	Procedure string    `json:"procedure"`
	Namespace string    `json:"namespace"`
	Run       string    `json:"run,omitempty"`
	State     string    `json:"state"`
	Started   time.Time `json:"started,omitzero"`
	// Step is where the run is, or where it stopped.
	Step    string  `json:"step,omitempty"`
	Seconds float64 `json:"duration_seconds"`
	// Next is the target that goes on from here, "" when nothing is left to do.
	Next string `json:"next,omitempty"`
	// Open are runs, older ones most of the time, that leave something to decide.
	Open []Open `json:"open,omitempty"`
}

// Status tells how every procedure stands. The journals are gone through from the
// newest on. Until each procedure was found in one, those that cannot be read come
// back as an error beside the rows. Of the older ones only what may leave something
// to decide is read.
func Status(registry *procedure.Registry, dir string, now time.Time) ([]Standing, error) {
	ids, err := journal.IDs(dir)
	if err != nil {
		return nil, err
	}
	e := &Engine{opt: Options{Registry: registry, JournalDir: dir}}
	rows := make([]Standing, 0, len(registry.Procedures()))
	for _, table := range registry.Procedures() {
		row := Standing{Procedure: table.Code, Namespace: table.Namespace, State: NeverRun}
		if len(table.All) > 0 {
			row.Next = table.AllTarget()
		}
		rows = append(rows, row)
	}
	var damaged []error
	open := openRuns{engine: e, rows: rows, good: goodRuns{dir: dir, asked: map[string][]string{}}}
	undoable := e.undoableTargets()
	for _, id := range ids {
		path := journal.Path(dir, id)
		ended := journal.EndedWell(path)
		if ended {
			open.good.ids = append(open.good.ids, id)
		}
		sought := notFound(rows)
		if ended && !journal.Mentions(path, slices.Concat(sought, undoable)) {
			continue
		}
		run, err := journal.Read(path)
		if err != nil && len(sought) > 0 {
			damaged = append(damaged, err)
		}
		if err != nil || run.Undoes != "" {
			continue // what it speaks of stands in the journal of another run
		}
		if run.Resumes == "" || !run.RolledBack() {
			for i := range rows {
				if rows[i].Run == "" && touches(run, rows[i].Procedure) {
					rows[i] = e.standing(rows[i], run, now)
				}
			}
		}
		open.look(run)
	}
	return rows, errors.Join(damaged...)
}

// notFound are the procedures that no run was found for yet.
func notFound(rows []Standing) []string {
	var codes []string
	for _, row := range rows {
		if row.Run == "" {
			codes = append(codes, row.Procedure)
		}
	}
	return codes
}

// touches tells whether a run had anything to do with a procedure.
func touches(run journal.Run, code string) bool {
	return slices.ContainsFunc(run.Entries, func(e journal.Entry) bool { return e.Procedure == code })
}

// standing fills the row of a procedure.
func (e *Engine) standing(row Standing, run journal.Run, now time.Time) Standing {
	row.Run, row.State, row.Started, row.Next = run.Run, e.stands(run), run.Started, ""
	last := run.Entries[len(run.Entries)-1].Time
	if row.State == Running {
		last = now
	}
	row.Seconds = max(last.Sub(run.Started).Seconds(), 0)
	row.Step = stoppedAt(run, row.Procedure)
	switch row.State {
	case Running:
	case journal.OK, RolledBack:
		row.Step = ""
	default:
		row.Next = resumeOf(run.Run)
		if run.HalfBack() {
			row.Next = rollbackOf(run.Run)
		}
	}
	return row
}

// stands is the state of a run as people see it.
func (e *Engine) stands(run journal.Run) string {
	if running, err := journal.Running(journal.Path(e.opt.JournalDir, run.Run)); err == nil && running {
		return Running
	}
	switch state := run.State(); {
	case run.RolledBack():
		return RolledBack
	case run.HalfBack():
		return journal.Broken
	case state == journal.Skipped:
		return journal.OK
	default:
		return state
	}
}

// stoppedAt is the step of a procedure at which a run is or stopped: one whose
// undo is not done, else one that was begun and has no result, else the first
// that did not end well, else the last.
func stoppedAt(run journal.Run, code string) string {
	undoing, open, failed, last := "", "", "", ""
	for _, e := range run.Entries {
		if e.Procedure != code {
			continue
		}
		switch e.Event {
		case journal.Undo:
			undoing = e.Step
		case journal.Undone:
			if undoing == e.Step && e.Outcome != journal.Failed {
				undoing = ""
			}
		case journal.Result:
			if failed == "" && (e.Outcome == journal.Failed || e.Outcome == journal.Cancelled) {
				failed = e.Step
			}
		}
		last = e.Step
	}
	for _, e := range run.Unfinished() {
		if e.Procedure == code {
			open = e.Step
		}
	}
	for _, step := range []string{undoing, open, failed} {
		if step != "" {
			return step
		}
	}
	return last
}
