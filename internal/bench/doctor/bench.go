package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Options are what a run of the benchmark takes.
type Options struct {
	Door  *command.Door
	Root  string // the checkout
	Only  string // a comma list of names or beginnings of names; "" is all
	Keep  bool   // shows all that the doctor printed
	JSON  bool
	Out   io.Writer
	Cases []Case // nil: all
	// Cached takes only programs that were made before, and passes over cases that
	// need others.
	Cached bool
	// Beside says that other work goes on meanwhile: times are told, not judged.
	Beside bool
}

// Bench runs the cases and prints what came of them. It fails when a promise does
// not hold.
func Bench(ctx context.Context, o Options) (err error) {
	cases := o.Cases
	if cases == nil {
		cases = Cases()
	}
	if o.Only != "" {
		cases = chosen(cases, o.Only)
	}
	if len(cases) == 0 {
		return fault.New(fault.Usage, "-only=NAME,NAME takes names as the table prints them, or how they begin", fmt.Errorf("choose cases: none is named %s", o.Only))
	}
	m, err := newMachine(ctx, o.Door, o.Root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	r := &runner{machine: m, iact: filepath.Join(m.dir, "iact"), keep: o.Keep}
	build := command.Change("go", "tool", "mage", "-compile", r.iact)
	build.Dir = o.Root
	if err := o.Door.Run(ctx, build); err != nil {
		return fmt.Errorf("compile the program: %w", err)
	}
	if err := r.prepare(ctx, !o.Cached); err != nil {
		return err
	}
	t := &tally{out: o.Out, json: o.JSON, beside: o.Beside}
	for _, c := range cases {
		if err := command.Stopped(ctx); err != nil {
			return err
		}
		t.add(r.run(ctx, c))
	}
	if err := r.well(ctx); err != nil {
		return err
	}
	return t.close()
}
