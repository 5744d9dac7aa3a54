package house

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"iact-infra/internal/ci"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// buildCI makes the room of the pipeline.
func (h *House) buildCI() *ci.Room {
	host, _ := os.Hostname()
	room := ci.New(ci.Options{
		Config: h.Config, Environ: os.Environ(), Now: h.env.Now, Random: h.env.Random, Host: host, Stderr: h.env.Stderr, Targets: h.Targets(), Catalogue: h.catalogue,
	})
	if h.continues != nil {
		_ = room.Select(ci.Asked(h.continues.Args())) // the first one is never refused
	}
	return room
}

func openCI(h *House) (procedure.Procedure, error) { return h.ci().Procedure(), nil }

// RunCI is a step of the procedure: -component=A,B -job=NAME -since=REF -fresh=true.
func (h *House) RunCI(ctx context.Context, target string, component, job, variant, since *string, fresh *bool) error {
	return h.runCI(ctx, target, ci.Selection{Components: ci.Listed(given(component)), Job: given(job), Variant: variant, Since: given(since), Fresh: yes(fresh)})
}

// AffectedCI is ci:affected -since=REF: without it, the configured branch of the remote.
func (h *House) AffectedCI(ctx context.Context, since *string, fresh *bool) error {
	s := ci.Selection{Since: given(since), Fresh: yes(fresh)}
	if s.Since == "" {
		c, err := h.Config()
		if err != nil {
			return h.Told(err)
		}
		s.Since = "origin/" + c.CI.Branch
	}
	return h.runCI(ctx, "ci:affected", s)
}

// LintCI is ci:lint, which with -baseline=true makes the findings of today those that are known.
func (h *House) LintCI(ctx context.Context, component, job, variant, since *string, fresh, baseline *bool) error {
	return h.runCI(ctx, "ci:lint", ci.Selection{Components: ci.Listed(given(component)), Job: given(job), Variant: variant, Since: given(since), Fresh: yes(fresh), Baseline: yes(baseline)})
}

// WatchCI is ci:watch -targets=ci:unit,ci:lint.
func (h *House) WatchCI(ctx context.Context, targets *string) error {
	return h.Do(ctx, func(ctx context.Context) error {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		door, err := h.Door()
		if err != nil {
			return err
		}
		console, err := h.Console()
		if err != nil {
			return err
		}
		asked := ci.Listed(given(targets))
		if len(asked) == 0 {
			asked = []string{"ci:unit", "ci:lint"}
		}
		return h.ci().Watch(ctx, door, console.Lang(), asked, func(line string) { fmt.Fprintln(h.env.Stderr, "ci:watch: "+line) })
	})
}

// GenerateCI is ci:generate -for=github|gitlab|jenkins -check=true.
func (h *House) GenerateCI(ctx context.Context, system *string, check *bool) error {
	return h.aboutCI(func(door *command.Door, _ string) (any, func(io.Writer), error) {
		return h.ci().Generate(ctx, door, given(system), yes(check))
	})
}

// InitCI is ci:init.
func (h *House) InitCI(ctx context.Context) error {
	return h.aboutCI(func(door *command.Door, lang string) (any, func(io.Writer), error) {
		return h.ci().Initialise(ctx, door, lang)
	})
}

// CleanCI is ci:clean -deps=true -cache=true.
func (h *House) CleanCI(ctx context.Context, deps, cache *bool) error {
	return h.aboutCI(func(door *command.Door, lang string) (any, func(io.Writer), error) {
		return h.ci().Clean(ctx, door, lang, ci.Cleaning{Deps: yes(deps), Cache: yes(cache)})
	})
}

// ReportCI is ci:report -to=DIR.
func (h *House) ReportCI(ctx context.Context, to *string) error {
	s := ci.Selection{}
	if to != nil {
		dir, err := filepath.Abs(*to)
		if err != nil {
			return h.Told(err)
		}
		s.To = dir
	}
	return h.runCI(ctx, "ci:report", s)
}

func (h *House) runCI(ctx context.Context, target string, s ci.Selection) error {
	if err := h.ci().Select(s); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// JobsCI is ci:jobs.
func (h *House) JobsCI(ctx context.Context) error {
	return h.aboutCI(func(door *command.Door, lang string) (any, func(io.Writer), error) {
		return h.ci().Jobs(ctx, door, lang)
	})
}

// aboutCI shows what a look at the pipeline has found.
func (h *House) aboutCI(look func(door *command.Door, lang string) (any, func(io.Writer), error)) error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		door, err := h.Door()
		if err != nil {
			return nil, nil, err
		}
		return look(door, lang)
	}))
}
