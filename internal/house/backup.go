package house

import (
	"context"
	"io"
	"os"

	"iact-infra/internal/backup"
	"iact-infra/internal/procedure"
)

// buildBackup makes the room of the backup procedure.
func (h *House) buildBackup() *backup.Room {
	header := h.header()
	return backup.New(backup.Options{
		Config: h.Config, Getenv: h.env.Getenv, Now: h.env.Now, Random: h.env.Random,
		Host: header.Host, Version: header.Version, Targets: h.Targets(),
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

// given is the value of a flag, "" when it was not given.
func given(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}
