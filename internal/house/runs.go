package house

import (
	"context"
	"fmt"
	"io"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
	"iact-infra/internal/runbook"
)

// ResumeRun is procedure:resume -run=ID -anyway=true.
func (h *House) ResumeRun(ctx context.Context, run *string, anyway *bool) error {
	return h.Told(h.resume(ctx, given(run), anyway != nil && *anyway))
}

func (h *House) resume(ctx context.Context, run string, anyway bool) error {
	// The targets of the run take the place of those of the command line: others
	// beside them would run in a process that was built for different ones.
	if typed := h.Targets(); len(typed) > 1 {
		return fault.New(fault.Usage, "type the other targets in a command of their own",
			fmt.Errorf("run procedure:resume: it stands alone on the command line, not among %d targets", len(typed)))
	}
	root, err := h.Root()
	if err != nil {
		return err
	}
	if h.continues, err = engine.Unfinished(journalDir(root), run); err != nil {
		return err
	}
	runner, err := h.Engine()
	if err != nil {
		return err
	}
	return runner.Resume(ctx, anyway)
}

// RollBackRun is procedure:rollback -run=ID -anyway=true.
func (h *House) RollBackRun(ctx context.Context, run *string, anyway *bool) error {
	runner, err := h.Engine()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(runner.Rollback(ctx, given(run), anyway != nil && *anyway))
}

// ProcedureStatus is procedure:status. Journals that cannot be read are named on
// the way, and passed over.
func (h *House) ProcedureStatus() error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		root, err := h.Root()
		if err != nil {
			return nil, nil, err
		}
		console, err := h.Console()
		if err != nil {
			return nil, nil, err
		}
		registry, err := h.Registry()
		if err != nil {
			return nil, nil, err
		}
		if err := h.bringBack(console); err != nil {
			return nil, nil, err
		}
		now := h.env.Now()
		rows, err := engine.Status(registry, journalDir(root), now)
		if rows == nil && err != nil {
			return nil, nil, err
		}
		if err != nil {
			console.Print(err.Error())
		}
		return rows, func(w io.Writer) { runbook.WriteStatus(w, rows, lang, now) }, nil
	}))
}

// bringBack starts the containers that a killed backup has left stopped.
func (h *House) bringBack(console *report.Console) error {
	planning, err := h.Planning()
	if err != nil || planning {
		return err
	}
	door, err := h.Door()
	if err != nil {
		return err
	}
	line := console.Step(0, "procedure:status", "", 0)
	h.backup().TryBringBack(context.Background(), door, line)
	line.Forget()
	return nil
}

// settings is the configuration in force, by key.
func (h *House) settings() (map[string]string, error) {
	loaded, err := h.Config()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, s := range loaded.Show() {
		values[s.Key] = s.Value
	}
	return values, nil
}
