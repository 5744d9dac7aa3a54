package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// mayRollBack refuses a run that there is nothing to undo of.
func (e *Engine) mayRollBack(run journal.Run) error {
	if run.Undoes != "" {
		return fault.New(fault.Usage, "run the targets of run "+run.Undoes+" anew instead",
			fmt.Errorf("roll back run %s: it is itself the rollback of run %s", run.Run, run.Undoes))
	}
	changed := run.Changed()
	if len(changed) == 0 {
		return fault.New(fault.Missing, "procedure:status shows the last runs",
			fmt.Errorf("roll back run %s: it changed nothing", run.Run))
	}
	var reasons []string
	for _, began := range changed {
		step, _, known := e.opt.Registry.Lookup(began.Step)
		if !known {
			return fault.New(fault.Missing, fmt.Sprintf("use version %s, which made the run", run.Version),
				fmt.Errorf("roll back run %s: this program has no step %s", run.Run, began.Step))
		}
		if step.Undo != nil {
			return nil
		}
		reasons = append(reasons, began.Step+": "+step.NoUndo.In(e.opt.Lang))
	}
	return fault.New(fault.Missing, strings.Join(reasons, "\n"),
		fmt.Errorf("roll back run %s: nothing of what it changed has to be undone, or can be", run.Run))
}

// nothingAbove refuses to undo what a later run built upon: a run that changed
// the same by one of the steps, or by a step that needs one of them, and that
// still stands.
func (e *Engine) nothingAbove(p *Past, anyway bool) error {
	run := p.Run()
	below := map[string]bool{}
	for _, s := range run.Standing() {
		if step, _, _ := e.opt.Registry.Lookup(s.Step); step.Undo != nil {
			below[strings.ToLower(s.Step)] = true
		}
	}
	ids, err := journal.IDs(e.opt.JournalDir)
	if err != nil || len(below) == 0 {
		return err
	}
	ids = ids[:max(slices.Index(ids, run.Run), 0)]
	if last := tip(e.opt.JournalDir, run); last.Run != run.Run && !slices.Contains(ids, last.Run) {
		ids = append(ids, last.Run) // the clock was set back since
	}
	for _, id := range ids {
		if p.continued(id) {
			continue
		}
		later, err := journal.Read(journal.Path(e.opt.JournalDir, id))
		if err != nil && !anyway {
			return err
		}
		step, upon := e.buildsUpon(later, below)
		if !upon {
			continue
		}
		if !anyway {
			return fault.New(fault.Usage,
				fmt.Sprintf("undo that first: procedure:rollback -run=%s; or pass over it: procedure:rollback -run=%s -anyway=true", later.Run, run.Run),
				fmt.Errorf("roll back run %s: run %s changed %s later and still stands", run.Run, later.Run, step))
		}
		e.opt.Console.Print(fmt.Sprintf(wordsIn(e.opt.Lang).builtUpon, later.Run, step))
	}
	return nil
}

func (e *Engine) buildsUpon(later journal.Run, below map[string]bool) (string, bool) {
	for _, s := range later.Standing() {
		step, _, _ := e.opt.Registry.Lookup(s.Step)
		if step.Undo == nil {
			continue
		}
		if below[strings.ToLower(s.Step)] || slices.ContainsFunc(e.below(step), func(need string) bool { return below[need] }) {
			return s.Step, true
		}
	}
	return "", false
}

// nameOne is what a rollback without an id gets: nobody undoes the wrong run.
func (e *Engine) nameOne() error {
	const shown = 5
	ids, err := journal.IDs(e.opt.JournalDir)
	if err != nil {
		return err
	}
	undoable := e.undoableTargets()
	var last []string
	for _, id := range ids {
		path := journal.Path(e.opt.JournalDir, id)
		if !journal.Mentions(path, undoable) {
			continue
		}
		run, err := journal.Read(path)
		if err != nil || run.Undoes != "" || len(e.undoableOf(run)) == 0 {
			continue
		}
		last = append(last, fmt.Sprintf("%s (%s, %s)", run.Run, strings.Join(run.Asked(), " "), StateIn(e.opt.Lang, e.stands(run))))
		if len(last) == shown {
			break
		}
	}
	hint := "no run has changed anything that can be undone"
	if len(last) > 0 {
		hint = "the last runs that can be undone are\n" + strings.Join(last, "\n")
	}
	return fault.New(fault.Usage, hint, errors.New("roll back: -run=ID has to name a run"))
}
