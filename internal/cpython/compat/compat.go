// Package compat proves that a Python project fits the environment that was
// rebuilt for it on a new interpreter.
//
// Whatever can be asked of the old environment is asked of both, and the answer
// is a table old → new: what was broken before is not the update's doing, and
// what nobody can compare, because the old environment is gone, is not blamed on
// it either. The project's own declarations decide what is looked at:
//
//   - every declared dependency is installed, in the version it had, and imports;
//   - every C extension is one that the interpreter sees, for this machine, and
//     that the loader takes;
//   - the project's sources compile, and use nothing of the standard library
//     that is gone;
//   - the project's smoke commands end as they did.
//
// A check only reads. Foreign code runs in processes of their own, one for each
// distribution, so that one that crashes, hangs or ends its process is named and
// hides nothing else. They write no bytecode, and have a scratch directory for
// home. What has to be asked inside the interpreter stands in probe/, for
// CPython 3.8 and newer.
package compat

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Checker checks one project.
type Checker struct {
	Door    *command.Door
	Project string // directory
	// Smoke are command lines, without a shell, that run in Project with the
	// environment's programs first in PATH. None: what is safe and there, that is
	// manage.py check and pip check.
	Smoke []string
	// Timeout ends an import that hangs; 0 is a minute. Smoke commands have
	// SmokeTimeout; 0 is ten minutes.
	Timeout      time.Duration
	SmokeTimeout time.Duration
}

// Side is one of the two environments.
type Side struct {
	Name    string // a version, for the head of the table; "": what it says itself
	Env     string // the environment; "", or gone, is possible for the old one
	Program string // the interpreter, where there is no Env
}

// atOnce is how many interpreters run at the same time.
const atOnce = 2

// run is one check under way.
type run struct {
	*Checker
	scratch  string
	old, new *side
	report   *Report
	sources  []string // the project's Python files
	wanted   []*dependency
}

// Check compares. An error says that it could not be done; what is wrong with
// the project is in the report.
func (c *Checker) Check(ctx context.Context, old, new Side) (*Report, error) { //nolint:revive // old and new are the words of the matter
	project, err := filepath.Abs(c.Project)
	if err == nil {
		project, err = filepath.EvalSymlinks(project)
	}
	if err == nil {
		_, err = os.ReadDir(project)
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "name the directory of the project", fmt.Errorf("check project %s: %w", c.Project, err))
	}
	copied := *c
	copied.Project = project
	smoke, err := copied.commands()
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "iact-compat-")
	if err != nil {
		return nil, fmt.Errorf("check project %s: %w", project, err)
	}
	defer os.RemoveAll(scratch)
	r := &run{Checker: &copied, scratch: scratch, report: &Report{Project: project, Rows: []Row{}, Findings: []Finding{}}}
	if err := r.open(ctx, old, new); err != nil {
		return nil, fmt.Errorf("check project %s: %w", project, err)
	}
	for _, step := range []func(context.Context) error{
		r.facts,
		r.declared,
		r.dependencies,
		r.extensions,
		r.source,
		func(ctx context.Context) error { return r.smoke(ctx, smoke) },
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("check project %s: %w", project, err)
		}
		if !r.new.known() {
			break
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("check project %s: %w", project, command.Stopped(ctx))
		}
	}
	r.report.finish()
	return r.report, nil
}
