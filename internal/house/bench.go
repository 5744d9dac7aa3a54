package house

import (
	"context"

	"iact-infra/internal/bench"
)

// Bench is bench:all.
func (h *House) Bench(ctx context.Context) error {
	root, err := h.Root()
	if err != nil {
		return h.Told(err)
	}
	door, err := h.Door()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(bench.All(ctx, door, root, h.env.Stdout))
}
