package house

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/procedure"
)

// buildDevcontainer makes the room of the devcontainer's doctor.
func (h *House) buildDevcontainer() *devcontainer.Room {
	in, out := h.terminal()
	room := devcontainer.New(devcontainer.Options{
		Config: h.Config, Environ: os.Environ(), Now: h.env.Now, In: in, Out: out, Catalogue: h.catalogue, Version: Version(),
		// The rooms do not know each other: the house hands on what one needs of another.
		SaveVolumes: func(ctx context.Context, w *procedure.Work, volumes []string) (string, error) {
			return h.backup().SaveVolumes(ctx, w, volumes)
		},
		RestoreVolumes: func(ctx context.Context, w *procedure.Work, set string, volumes []string) error {
			return h.backup().PutVolumesBack(ctx, w, set, volumes)
		},
	})
	if h.continues != nil {
		pick := devcontainer.Asked(h.continues.Args())
		for _, path := range []*string{&pick.Workspace, &pick.To} {
			if *path != "" {
				*path, _ = filepath.Abs(*path) // it stays as it is where there is no directory to begin at
			}
		}
		_ = room.Select(pick) // the first one is never refused
	}
	return room
}

func openDevcontainer(h *House) (procedure.Procedure, error) {
	return h.devcontainer().Procedure(), nil
}

// RunDevcontainer is a step that looks: -workspace=DIR -config=FILE -strict=true -all=true -to=FILE.
func (h *House) RunDevcontainer(ctx context.Context, target string, workspace, config *string, strict, all *bool, to *string) error {
	return h.runDevcontainer(ctx, target, devcontainer.Selection{Config: given(config), Strict: yes(strict), All: yes(all)}, workspace, to)
}

// FixDevcontainer is devcontainer:doctor, which with -fix=true is devcontainer:fix; -yes=true agrees to repairs that lose something.
func (h *House) FixDevcontainer(ctx context.Context, fix, agree *bool, workspace, config *string, strict, all *bool, to *string) error {
	target := "devcontainer:doctor"
	if yes(fix) {
		target = "devcontainer:fix"
	}
	return h.runDevcontainer(ctx, target, devcontainer.Selection{Config: given(config), Strict: yes(strict), All: yes(all), Yes: yes(agree)}, workspace, to)
}

// DevcontainerMatrix is devcontainer:matrix -symptom=N|WORDS -workspace=DIR.
func (h *House) DevcontainerMatrix(ctx context.Context, symptom, workspace, config *string) error {
	return h.runDevcontainer(ctx, "devcontainer:matrix", devcontainer.Selection{Config: given(config), Symptom: given(symptom)}, workspace, nil)
}

// BundleDevcontainer is devcontainer:bundle -workspace=DIR -config=FILE -to=FILE.tar.zst.
func (h *House) BundleDevcontainer(ctx context.Context, workspace, config, to *string) error {
	return h.runDevcontainer(ctx, "devcontainer:bundle", devcontainer.Selection{Config: given(config)}, workspace, to)
}

// DebugDevcontainer is devcontainer:debug -shell -c=COMMAND -trace=strace|tcpdump -seconds=N -since=1h -lines=N -to=FILE.
func (h *House) DebugDevcontainer(ctx context.Context, workspace, config *string, shell *bool, c, trace *string, seconds *int, since *time.Duration, lines *int, to *string) error {
	d := devcontainer.Debugging{Shell: yes(shell), Command: given(c), Trace: given(trace)}
	if seconds != nil {
		d.Seconds = *seconds
	}
	if since != nil {
		d.Since = *since
	}
	if lines != nil {
		d.Lines = *lines
	}
	return h.runDevcontainer(ctx, "devcontainer:debug", devcontainer.Selection{Config: given(config), Debug: d}, workspace, to)
}

// RecoverDevcontainer is devcontainer:recover -level=restart|recreate|rebuild|volumes -yes.
func (h *House) RecoverDevcontainer(ctx context.Context, workspace, config, level *string, agree *bool) error {
	return h.runDevcontainer(ctx, "devcontainer:recover", devcontainer.Selection{Config: given(config), Yes: yes(agree), Recover: devcontainer.Recovering{Level: given(level)}}, workspace, nil)
}

// runDevcontainer runs a step for a selection. Paths are as the command line has them.
func (h *House) runDevcontainer(ctx context.Context, target string, pick devcontainer.Selection, workspace, to *string) error {
	for path, into := range map[string]*string{given(workspace): &pick.Workspace, given(to): &pick.To} {
		if path == "" {
			continue
		}
		var err error
		if *into, err = filepath.Abs(path); err != nil {
			return h.Told(err)
		}
	}
	if err := h.devcontainer().Select(pick); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// yes is a flag that may not have been given.
func yes(flag *bool) bool { return flag != nil && *flag }

// meant are the targets that the words of a command line stand for, in lower
// case: the doctor that is to repair is a step of its own, which can be undone.
func meant(words []string) []string {
	targets := []string{}
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			targets = append(targets, strings.ToLower(word))
			continue
		}
		value, fix := strings.CutPrefix(word, "-fix=")
		if said, err := strconv.ParseBool(value); fix && err == nil && said && targets[len(targets)-1] == "devcontainer:doctor" {
			targets[len(targets)-1] = "devcontainer:fix"
		}
	}
	return targets
}
