package cpython

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/cpython/build"
	"iact-infra/internal/procedure"
)

// stage is a step that works in the build directory: done when the build is
// finished anywhere, or when its own part is.
func (r *Room) stage(ctx context.Context, w *procedure.Work, done func(*build.Build) bool, evidence string) (procedure.Evidence, error) {
	if evidence, done, err := r.finished(ctx, w); done || err != nil {
		return evidence, err
	}
	b, _, err := r.build(w)
	if err != nil {
		return "", err
	}
	if b.Tarball == "" || !done(b) {
		return "", procedure.ErrNotDone
	}
	return procedure.Evidence(evidence + b.Source()), nil
}

// working is the build of a step that changes it, which nobody else may now.
func (r *Room) working(w *procedure.Work) (*build.Build, error) {
	b, _, err := r.build(w)
	if err != nil {
		return nil, err
	}
	if err := build.CheckPrefix(b.Prefix, b.Version); err != nil {
		return nil, err
	}
	return b, r.hold(b)
}

func (r *Room) configured(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.stage(ctx, w, (*build.Build).Configured, "configured in ")
}

func (r *Room) configure(ctx context.Context, w *procedure.Work) error {
	b, err := r.working(w)
	if err != nil {
		return err
	}
	return b.Configure(ctx)
}

func (r *Room) planConfigure(_ context.Context, w *procedure.Work) ([]string, error) {
	b, _, err := r.build(w)
	if err != nil || b.Configured() {
		return nil, err
	}
	return []string{
		"mkdir -p " + b.Source() + " && tar -x -C " + b.Source() + " --strip-components=1 -f Python-" + b.Version + ".tar.xz",
		"cd " + b.Source() + " && ./configure '" + strings.Join(b.Flags(), "' '") + "'",
	}, nil
}

func (r *Room) compiled(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	return r.stage(ctx, w, (*build.Build).Compiled, "compiled in ")
}

// compile runs make. Where it may, it does without a profile whose tests fail.
func (r *Room) compile(ctx context.Context, w *procedure.Work) error {
	b, err := r.working(w)
	if err != nil {
		return err
	}
	err = b.Make(ctx)
	c, _ := r.o.Config()
	if !errors.Is(err, build.ErrProfile) || !r.fallsBack(c) {
		return err
	}
	w.Say.Warn("%v: building without the profile", err)
	if err := b.GiveUpProfile(); err != nil {
		return err
	}
	if err := b.Configure(ctx); err != nil {
		return err
	}
	return b.Make(ctx)
}

func (r *Room) planCompile(_ context.Context, w *procedure.Work) ([]string, error) {
	b, _, err := r.build(w)
	if err != nil || b.Compiled() {
		return nil, err
	}
	return []string{fmt.Sprintf("make -C %s -j%d", b.Source(), build.Jobs(b.Optimized))}, nil
}

func (r *Room) tested(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	return r.stage(ctx, w, func(b *build.Build) bool { return b.Tested(c.CPython.Tests) }, "tested in ")
}

func (r *Room) test(ctx context.Context, w *procedure.Work) error {
	b, err := r.working(w)
	if err != nil {
		return err
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	suite, err := b.Test(ctx, c.CPython.Tests)
	for _, known := range suite.Known {
		w.Say.Warn("%s", known)
	}
	for _, name := range suite.Flaky {
		w.Say.Warn("%s failed, and passed when it was run once more", name)
	}
	if err != nil {
		return err
	}
	w.Say.Info("%d tests passed, %d skipped; %s", suite.Ran-suite.Skipped-len(suite.Known), suite.Skipped, suite.JUnit)
	return nil
}

func (r *Room) planTest(_ context.Context, w *procedure.Work) ([]string, error) {
	b, c, err := r.build(w)
	if err != nil || b.Tested(c.CPython.Tests) {
		return nil, err
	}
	return []string{fmt.Sprintf("make -C %s test TESTOPTS='-j%d %s'", b.Source(), build.Jobs(false), strings.Join(c.CPython.Tests, " "))}, nil
}
