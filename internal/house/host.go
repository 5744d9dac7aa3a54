package house

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"iact-infra/internal/host"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// buildHost makes the room of the Docker host.
func (h *House) buildHost() *host.Room {
	room := host.New(host.Options{Config: h.Config, Places: h.places, Getenv: h.env.Getenv, Now: h.env.Now})
	if h.continues != nil {
		_ = room.Select(host.Asked(h.continues.Args())) // the first one is never refused
	}
	return room
}

func openHost(h *House) (procedure.Procedure, error) { return h.host().Procedure(), nil }

// RunHost is a step of the procedure for a machine: -on=ssh:USER@HOST.
func (h *House) RunHost(ctx context.Context, target string, on *string) error {
	if err := h.host().Select(host.Selection{On: given(on)}); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// ReportHost is host:report -on=ssh:USER@HOST -to=FILE.md. Journals that cannot
// be read are named on the way, and passed over.
func (h *House) ReportHost(ctx context.Context, on, to *string) error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		if err := h.host().Select(host.Selection{On: given(on)}); err != nil {
			return nil, nil, err
		}
		root, err := h.Root()
		if err != nil {
			return nil, nil, err
		}
		console, err := h.Console()
		if err != nil {
			return nil, nil, err
		}
		door, err := h.Door()
		if err != nil {
			return nil, nil, err
		}
		runs, unread := journal.List(journalDir(root))
		if unread != nil {
			console.Print(unread.Error())
		}
		told, err := h.host().Report(ctx, door, runs, lang)
		if err != nil {
			return nil, nil, err
		}
		if file := given(to); file != "" {
			err = told.Save(file, lang)
		}
		return told, func(w io.Writer) { told.Write(w, lang) }, err
	}))
}

// ExportHost is host:export -format=ansible|cloud-init -distribution=ubuntu|debian -to=FILE.
func (h *House) ExportHost(format, distribution, to *string) error {
	file := given(to)
	if file != "" {
		var err error
		if file, err = filepath.Abs(file); err != nil {
			return h.Told(err)
		}
	}
	return h.Told(h.result(func(string) (any, func(io.Writer), error) {
		done, err := h.host().Export(given(format), given(distribution), file)
		return done, func(out io.Writer) {
			if file != "" {
				fmt.Fprintln(out, file)
				return
			}
			fmt.Fprint(out, done.Text)
		}, err
	}))
}

// RollBackHost is host:rollback -on=ssh:USER@HOST: the newest run about that machine that still stands.
func (h *House) RollBackHost(ctx context.Context, on *string) error {
	if err := h.host().Select(host.Selection{On: given(on)}); err != nil {
		return h.Told(err)
	}
	runner, err := h.Engine()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(runner.RollbackLast(ctx, "PROCED-INFRA-002", func(args []string) (bool, error) {
		return host.Same(host.Asked(args), host.Selection{On: given(on)}), nil
	}))
}
