package house

import (
	"context"

	"iact-infra/internal/bench"
)

// Bench is bench:all -only=PART.
func (h *House) Bench(ctx context.Context, only *string) error {
	root, err := h.Root()
	if err != nil {
		return h.Told(err)
	}
	door, err := h.Door()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(bench.All(ctx, door, root, given(only), h.env.Stdout))
}
