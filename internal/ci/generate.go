package ci

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/ci/defaults"
	"iact-infra/internal/ci/generate"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/redact"
)

// Written is a file that was written, or held against what it should be.
type Written struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
}

// Generate is ci:generate: the workflow of a CI system, from the same jobs. With
// check nothing is written: an outdated file is an error.
func (r *Room) Generate(ctx context.Context, door *command.Door, system string, check bool) (any, func(io.Writer), error) {
	if !slices.Contains(generate.Systems(), generate.System(system)) {
		return nil, nil, fault.New(fault.Usage, "-for=github, -for=gitlab or -for=jenkins", fmt.Errorf("generate workflow: there is no system %q", system))
	}
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, err
	}
	project := os.DirFS(c.Project)
	// What this machine has must not count: every machine is to make the same file.
	made, err := defaults.Pipeline(ctx, project, defaults.Options{CI: c.CI, Project: c.Project, Toolkit: below(c)})
	if err != nil {
		return nil, nil, err
	}
	o := generate.Options{Branch: c.CI.Branch, Limit: c.CI.Limit, Dir: below(c)}
	if o.Dir == "" {
		return nil, nil, fault.New(fault.Usage, "lay this toolkit into the project, as a directory or a submodule", fmt.Errorf("generate workflow: the toolkit in %s is not below the project %s, where a runner would find it", c.Root, c.Project))
	}
	if o.Tools, err = generate.Look(project, made.Pipeline); err != nil {
		return nil, nil, err
	}
	for _, j := range made.Pipeline.Jobs {
		for _, name := range j.Env {
			if redact.IsSecretName(name) && !slices.Contains(o.Secrets, name) {
				o.Secrets = append(o.Secrets, name)
			}
		}
	}
	file, err := generate.Make(generate.System(system), made.Pipeline, o)
	if err != nil {
		return nil, nil, err
	}
	done := Written{File: filepath.Join(c.Project, filepath.FromSlash(file.Path))}
	switch {
	case check:
		err = file.Check(c.Project)
	case door.Planning():
		err = door.Run(ctx, command.Change("tee", done.File))
	default:
		done.Changed, err = file.Write(c.Project)
	}
	return done, func(w io.Writer) { fmt.Fprintln(w, done.File) }, err
}
