package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"iact-infra/internal/backup"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// buildBackup makes the room of the backup procedure.
func (h *House) buildBackup() *backup.Room {
	header := h.header()
	return backup.New(backup.Options{
		Config: h.Config, Getenv: h.env.Getenv, Now: h.env.Now, Random: h.env.Random,
		Host: header.Host, Version: header.Version, Targets: h.Targets(), Answers: h.answers(), Places: h.places, Machines: h.machines,
	})
}

func openBackup(h *House) (procedure.Procedure, error) { return h.backup().Procedure(), nil }

// VerifyBackup is backup:verify -set=ID.
func (h *House) VerifyBackup(ctx context.Context, set *string) error {
	h.backup().Select(backup.Selection{Set: given(set)})
	return h.Run(ctx, "backup:verify")
}

// ListBackups is backup:list.
func (h *House) ListBackups(ctx context.Context) error {
	return h.Told(h.result(func(string) (any, func(io.Writer), error) { return h.backup().List(ctx) }))
}

// ShowBackup is backup:show -set=ID.
func (h *House) ShowBackup(ctx context.Context, set *string) error {
	return h.Told(h.result(func(string) (any, func(io.Writer), error) { return h.backup().Show(ctx, given(set)) }))
}

// RestoreBackup is backup:restore -set=ID -source=NAME -to=PATH.
func (h *House) RestoreBackup(ctx context.Context, set, source, to *string) error {
	return h.Told(h.restoreBackup(ctx, backup.Selection{Set: given(set), Source: given(source), To: given(to)}))
}

func (h *House) restoreBackup(ctx context.Context, pick backup.Selection) error {
	console, err := h.Console()
	if err != nil {
		return err
	}
	planning, err := h.Planning()
	if err != nil {
		return err
	}
	if planning {
		_, err := h.backup().Restore(ctx, pick, nil, os.Stdout)
		return err
	}
	line := console.Step(0, "backup:restore", "", 0)
	done, err := h.backup().Restore(ctx, pick, line, nil)
	if err != nil {
		line.Failed(nil)
		return err
	}
	line.Done(done.To)
	return console.Result(done, done.Write)
}

// RestoreDatabase is backup:restoreDB -set=ID -source=NAME -to=NAME -yes -globals=missing|none.
func (h *House) RestoreDatabase(ctx context.Context, set, source, to *string, yes *bool, globals *string) error {
	h.backup().Select(backup.Selection{
		Set: given(set), Source: given(source), To: given(to), Yes: yes != nil && *yes, Globals: given(globals),
	})
	return h.Run(ctx, "backup:restoreDB")
}

// RestoreVolume is backup:restoreVolume -set=ID -source=NAME -to=NAME -yes.
func (h *House) RestoreVolume(ctx context.Context, set, source, to *string, yes *bool) error {
	h.backup().Select(backup.Selection{Set: given(set), Source: given(source), To: given(to), Yes: yes != nil && *yes})
	return h.Run(ctx, "backup:restoreVolume")
}

// RestoreMachine is backup:restoreVM -set=ID -source=NAME -to=NAME -dir=DIR -drill -yes.
func (h *House) RestoreMachine(ctx context.Context, set, source, to, dir *string, drill, agree *bool) error {
	h.backup().Select(backup.Selection{Set: given(set), Source: given(source), To: given(to), Dir: given(dir), Drill: yes(drill), Yes: yes(agree)})
	return h.Run(ctx, "backup:restoreVM")
}

// RotateBackups is backup:rotate -dry -simulate=FILE -now=TIME.
func (h *House) RotateBackups(ctx context.Context, dry *bool, simulate, now *string) error {
	switch {
	case simulate != nil:
		return h.Told(h.result(func(string) (any, func(io.Writer), error) { return h.simulateRotation(*simulate, given(now)) }))
	case now != nil:
		return h.Told(fault.New(fault.Usage, "real sets are judged by the clock: leave -now out, or add -simulate=FILE",
			errors.New("rotate: -now belongs to -simulate")))
	case dry != nil && *dry:
		return h.Told(h.result(func(string) (any, func(io.Writer), error) {
			decided, err := h.backup().Rotate(ctx)
			if err != nil {
				return nil, nil, err
			}
			return decided, decided.Write, nil
		}))
	}
	return h.Run(ctx, "backup:rotate")
}

func (h *House) simulateRotation(file, now string) (value any, text func(io.Writer), err error) {
	history := h.env.Stdin
	switch file {
	case "-":
		file = "standard input"
	default:
		if history, err = os.Open(file); err != nil {
			return nil, nil, fault.New(fault.Usage, "-simulate=FILE names a file that can be read, - standard input", fmt.Errorf("open history: %w", err))
		}
		defer history.Close()
	}
	decided, err := h.backup().Simulate(history, file, now)
	if err != nil {
		return nil, nil, err
	}
	return decided, decided.Write, nil
}

// given is the value of a flag, "" when it was not given.
func given(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}
