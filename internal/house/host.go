package house

import (
	"context"

	"iact-infra/internal/host"
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
