package house

import (
	"context"
	"os"
	"path/filepath"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/procedure"
)

// buildDevcontainer makes the room of the devcontainer's doctor.
func (h *House) buildDevcontainer() *devcontainer.Room {
	room := devcontainer.New(devcontainer.Options{Config: h.Config, Environ: os.Environ(), Now: h.env.Now})
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
	pick := devcontainer.Selection{Config: given(config), Strict: strict != nil && *strict, All: all != nil && *all}
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
