package house

import (
	"context"
)

// DiscoverSources is backup:discover -write=true.
func (h *House) DiscoverSources(ctx context.Context, write *bool) error {
	return h.Told(h.discoverSources(ctx, write != nil && *write))
}

func (h *House) discoverSources(ctx context.Context, write bool) error {
	console, err := h.Console()
	if err != nil {
		return err
	}
	planning, err := h.Planning()
	if err != nil {
		return err
	}
	door, err := h.Door()
	if err != nil {
		return err
	}
	line := console.Step(0, "backup:discover", "", 0)
	said, err := h.backup().Discover(ctx, door, line)
	if err == nil && write && planning {
		line.Forget()
		return said.Plan(h.env.Stdout)
	}
	if err == nil && write {
		err = said.Add()
	}
	if err != nil {
		line.Failed(nil)
		return err
	}
	line.Done(said.Summary())
	return console.Result(said.Found, said.Write)
}
