package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// RollbackLast takes back the newest run of a procedure that still stands, of
// those whose command line mine accepts. Whoever typed other procedures into the
// same command is told so first: they would be undone as well.
func (e *Engine) RollbackLast(ctx context.Context, code string, mine func(args []string) (bool, error)) error {
	run, err := e.lastOf(code, mine)
	if err != nil {
		return err
	}
	if run.Run == "" {
		return fault.New(fault.Missing, "procedure:status shows the last runs", errors.New("roll back the last run: none has changed anything that still stands"))
	}
	other := slices.IndexFunc(e.undoableOf(run), func(s journal.Entry) bool { return s.Procedure != code })
	if other >= 0 {
		return fault.New(fault.Usage, "to undo all of it: "+rollbackOf(run.Run),
			fmt.Errorf("roll back run %s: it also did %s", run.Run, e.undoableOf(run)[other].Step))
	}
	// It is the newest of its kind: what came later is about something else.
	if err := e.rollBack(ctx, run.Run, func(*Past) error { return nil }); err != nil {
		return err
	}
	earlier, err := e.lastOf(code, mine)
	if err == nil && earlier.Run != "" && earlier.Run != run.Run {
		e.opt.Console.Print(fmt.Sprintf(wordsIn(e.opt.Lang).beforeStands, earlier.Run))
	}
	return nil
}

// lastOf is the newest run with steps of a procedure that can be undone.
func (e *Engine) lastOf(code string, mine func(args []string) (bool, error)) (journal.Run, error) {
	ids, err := journal.IDs(e.opt.JournalDir)
	if err != nil {
		return journal.Run{}, err
	}
	for _, id := range ids {
		path := journal.Path(e.opt.JournalDir, id)
		if !journal.Mentions(path, []string{code}) {
			continue
		}
		run, err := journal.Read(path)
		if err != nil {
			return journal.Run{}, err
		}
		if run.Undoes != "" || !slices.ContainsFunc(e.undoableOf(run), func(s journal.Entry) bool { return s.Procedure == code }) {
			continue
		}
		p, err := past(e.opt.JournalDir, run)
		if err != nil {
			return journal.Run{}, err
		}
		if found, err := mine(p.Args()); err != nil || found {
			return run, err
		}
	}
	return journal.Run{}, nil
}
