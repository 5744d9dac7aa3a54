package house

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/procedure"
)

// buildDevcontainer makes the room of the devcontainer's doctor.
func (h *House) buildDevcontainer() *devcontainer.Room {
	room := devcontainer.New(devcontainer.Options{Config: h.Config, Environ: os.Environ(), Now: h.env.Now, Version: Version(), Answers: h.answers()})
	if h.continues != nil {
		_ = room.Select(devcontainer.Asked(h.continues.Args())) // the first one is never refused
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
