package artifacts

import (
	"context"
	"os"
	"strings"

	"iact-infra/internal/ci/artifacts/image"
	"iact-infra/internal/ci/artifacts/site"
	"iact-infra/internal/ci/artifacts/wheel"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/fault"
)

// try proves that an artefact works.
func (e *examination) try(ctx context.Context, w Wanted, a *outcome.Artifact) error {
	if w.Kind == Image {
		e.image(ctx, w, a)
		return ctx.Err()
	}
	info, err := os.Stat(e.path(w))
	if err != nil {
		return err
	}
	switch e.kind(w, info) {
	case Site:
		return e.site(ctx, w)
	case Wheel:
		e.wheel(ctx, w)
	}
	return ctx.Err()
}

func (e *examination) site(ctx context.Context, w Wanted) error {
	_, problems, err := site.Check(ctx, e.path(w), w.Mount)
	if err != nil {
		return err
	}
	for _, p := range problems {
		e.fail(w.Name, "servido, no da "+p.Path+", que pide "+p.From+": "+p.Why, "served, it does not give "+p.String(),
			"vea si la construcción lo escribe y con qué ruta (publicPath, homepage)", "see whether the build writes it, and under which path (publicPath, homepage)")
	}
	return nil
}

func (e *examination) wheel(ctx context.Context, w Wanted) {
	file, err := wheel.Newest(e.path(w))
	if err == nil {
		_, err = wheel.Try(ctx, e.door, file, wheel.Options{Venv: w.Venv, Wheels: w.Wheels, Imports: w.Imports, Limit: e.o.Limit})
	}
	e.broken(w, err)
}

func (e *examination) image(ctx context.Context, w Wanted, a *outcome.Artifact) {
	result, err := image.Try(ctx, e.door, w.Name, image.Options{Docker: e.o.Docker, Env: w.Env, Run: w.Run, Limit: e.o.Limit})
	a.Digest, a.SizeBytes = result.Digest, result.SizeBytes
	e.broken(w, err)
	e.weigh(*a)
}

// broken tells that a trial failed; its own words are those of the programs.
func (e *examination) broken(w Wanted, err error) {
	if err == nil {
		return
	}
	fixES, fixEN := "vea el registro de "+maker(w), "see the log of "+maker(w)
	if hint := fault.Hint(err); hint != "" {
		fixES, fixEN = hint, hint
	}
	said := strings.ToValidUTF8(err.Error(), "?")
	e.fail(w.Name, "no funciona: "+said, "it does not work: "+said, fixES, fixEN)
}
