package house

import (
	"context"

	"iact-infra/internal/bench"
	"iact-infra/internal/bench/doctor"
	"iact-infra/internal/command"
	"iact-infra/internal/report"
)

// Bench is bench:all -only=PART.
func (h *House) Bench(ctx context.Context, only *string) error {
	return h.measure(func(door *command.Door, root string) error {
		return bench.All(ctx, door, root, given(only), h.env.Stdout)
	})
}

// BenchCPython is bench:cpython -pgo=true.
func (h *House) BenchCPython(ctx context.Context, pgo *bool) error {
	return h.measure(func(door *command.Door, root string) error {
		return bench.CPython(ctx, door, root, pgo != nil && *pgo, h.env.Stdout)
	})
}

// BenchVM is bench:vm.
func (h *House) BenchVM(ctx context.Context) error {
	return h.measure(func(door *command.Door, root string) error { return bench.VM(ctx, door, root, h.env.Stdout) })
}

// BenchCI is bench:ci.
func (h *House) BenchCI(ctx context.Context) error {
	return h.measure(func(door *command.Door, root string) error { return bench.CI(ctx, door, root, h.env.Stdout) })
}

// BenchDoctor is bench:doctor -only=NAME,NAME -keep=true.
func (h *House) BenchDoctor(ctx context.Context, only *string, keep *bool) error {
	return h.measure(func(door *command.Door, root string) error {
		return doctor.Bench(ctx, doctor.Options{
			Door: door, Root: root, Only: given(only), Keep: keep != nil && *keep,
			JSON: h.env.Getenv("IACT_FORMAT") == report.FormatJSON, Out: h.env.Stdout,
		})
	})
}

func (h *House) measure(work func(door *command.Door, root string) error) error {
	root, err := h.Root()
	if err != nil {
		return h.Told(err)
	}
	door, err := h.Door()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(work(door, root))
}
