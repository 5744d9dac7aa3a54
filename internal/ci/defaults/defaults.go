// Package defaults makes a pipeline: what the files of a project suggest, changed
// by what the configuration says.
//
// Each kind of component has a table of jobs, made from facts of package detect.
// A job writes its reports into $IACT_REPORTS, a directory that it alone has and
// that is kept with its result; so nothing is left in the tree. Commands are lines
// that a person could type in the component's directory. The variables that a job
// may count on are CI=true, IACT_REPORTS, IACT_PROJECT, IACT_COMPONENT, and
// IACT_TAG, which is made from the contents of its inputs.
//
// The configuration is stronger: a job with the stage and the variant of a
// default changes the keys that it gives, "run: []" takes the job away, any other
// is added.
package defaults

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

// Reports is the directory for reports as a job's paths name it.
const Reports = "$IACT_REPORTS/"

// Options is what a pipeline depends on besides the files.
type Options struct {
	CI config.CI
	// Project is where the project lies, for errors to name it.
	Project string
	// Toolkit is where this toolkit lies below the project, with slashes; "" is
	// elsewhere. It is no component.
	Toolkit string
	// Has says whether a program is on this machine: without uv, an environment is
	// made by pip. Nil: every program is taken to be there.
	Has func(program string) bool
}

// Made is a pipeline and what is to be said about it.
type Made struct {
	Pipeline pipeline.Pipeline
	Notes    []detect.Note
}

// Pipeline makes the pipeline of a project. Its errors name the line of the
// configuration that is wrong.
func Pipeline(ctx context.Context, project fs.FS, o Options) (Made, error) {
	found, err := detect.Find(ctx, project)
	if err != nil {
		return Made{}, fault.New(fault.Missing, "the key project of the configuration says where the project lies (config:show)", fmt.Errorf("look through project %s: %w", o.Project, err))
	}
	leave(&found, o.Toolkit)
	chosen := found.Components
	if !o.CI.Auto {
		if chosen, err = choose(project, &found, o.CI.Components); err != nil {
			return Made{}, err
		}
	}
	if len(chosen) == 0 {
		return Made{}, fault.New(fault.Missing, "describe it by hand: ci.components in config/iact.yaml shows how",
			fmt.Errorf("look through project %s: no package.json, requirements, pyproject.toml, go.mod, Dockerfile or compose file lies there", o.Project))
	}
	m := maker{Options: o, chosen: chosen, made: Made{Notes: found.Notes}}
	for i, c := range chosen {
		var set config.Component
		if !o.CI.Auto {
			set = o.CI.Components[i]
		}
		m.component(c, set)
		jobs, err := m.change(c, m.defaults(c), set)
		if err != nil {
			return Made{}, err
		}
		m.made.Pipeline.Jobs = append(m.made.Pipeline.Jobs, jobs...)
	}
	if err := m.connect(); err != nil {
		return Made{}, err
	}
	return m.made, m.made.Pipeline.Check()
}

// leave takes the toolkit's own components out, and what others would need of them.
func leave(found *detect.Found, toolkit string) {
	found.Components = slices.DeleteFunc(found.Components, func(c detect.Component) bool { return ours(c, toolkit) })
	there := func(name string) bool {
		return slices.ContainsFunc(found.Components, func(c detect.Component) bool { return c.Name == name })
	}
	for i, c := range found.Components {
		found.Components[i].Needs = slices.DeleteFunc(slices.Clone(c.Needs), func(need string) bool { return !there(need) })
	}
	found.Notes = slices.DeleteFunc(found.Notes, func(n detect.Note) bool { return n.Component != "" && !there(n.Component) })
}

// ours tells whether a component is a part of the toolkit. One that lies in the
// project's own directory shares that with it.
func ours(c detect.Component, toolkit string) bool {
	switch toolkit {
	case "":
		return false
	case ".":
		top, _, _ := strings.Cut(c.Dir, "/")
		return c.Kind == pipeline.Go && c.Dir == "." || slices.Contains([]string{"backups", "config", "docs", "internal", "magefiles", "scripts", "tools"}, top)
	}
	return c.Dir == toolkit || strings.HasPrefix(c.Dir, toolkit+"/")
}

// choose finds the facts of each component that the configuration lists, and
// keeps only the notes about these.
func choose(project fs.FS, found *detect.Found, listed []config.Component) ([]detect.Component, error) {
	var chosen []detect.Component
	names := map[string]string{} // from found to listed
	var notes []detect.Note
	for _, set := range listed {
		kind, dir := pipeline.Kind(set.Kind), path.Clean(set.Dir)
		if set.Kind == "auto" {
			kind = ""
		}
		if kind == pipeline.Custom {
			chosen = append(chosen, detect.Component{Name: set.Name, Dir: dir, Kind: kind, Needs: set.Needs})
			continue
		}
		fits := func(c detect.Component) bool { return c.Dir == dir && (kind == "" || c.Kind == kind) }
		at := slices.IndexFunc(found.Components, fits)
		if at < 0 {
			one, err := detect.At(project, dir, kind)
			if err != nil {
				return nil, fault.New(fault.Usage, "name a directory of the project", fmt.Errorf("%s: component %s: %w", set.Origin, set.Name, err))
			}
			if len(one.Components) == 0 {
				return nil, fault.New(fault.Usage, "say of which kind it is: node, python, go, docker or custom",
					fmt.Errorf("%s: component %s: nothing in %s tells what it is", set.Origin, set.Name, dir))
			}
			found.Components = append(found.Components, one.Components[0])
			found.Notes = append(found.Notes, one.Notes...)
			at = len(found.Components) - 1
		}
		c := found.Components[at]
		names[c.Name] = set.Name
		c.Name = set.Name
		if set.Has("needs") {
			c.Needs = set.Needs
		} else {
			c.Needs = slices.Clone(c.Needs)
		}
		chosen = append(chosen, c)
	}
	for i, set := range listed {
		if !set.Has("needs") && chosen[i].Kind != pipeline.Custom {
			chosen[i].Needs = renamed(chosen[i].Needs, names)
		}
	}
	for _, n := range found.Notes {
		if name, is := names[n.Component]; is {
			n.Component = name
			notes = append(notes, n)
		}
	}
	found.Notes = notes
	return chosen, nil
}

func renamed(needs []string, names map[string]string) []string {
	var kept []string
	for _, need := range needs {
		if name, is := names[need]; is {
			kept = append(kept, name)
		}
	}
	return kept
}

type maker struct {
	Options
	chosen []detect.Component
	made   Made
}

// component adds a component with its thresholds: those of PROCED-INFRA-003 where
// none are given.
func (m *maker) component(c detect.Component, set config.Component) {
	one := pipeline.Component{Name: c.Name, Dir: c.Dir, Kind: c.Kind, Needs: c.Needs, Coverage: set.Coverage, SizeBytes: set.Size}
	if !set.Has("coverage") {
		one.Coverage = map[pipeline.Kind]int{pipeline.Node: 70, pipeline.Python: 80}[c.Kind]
	}
	if !set.Has("size") {
		one.SizeBytes = map[pipeline.Kind]int64{pipeline.Node: 5_000_000}[c.Kind]
	}
	m.made.Pipeline.Components = append(m.made.Pipeline.Components, one)
}

// defaults are the jobs that a component has by its kind.
func (m *maker) defaults(c detect.Component) []pipeline.Job {
	var jobs []pipeline.Job
	if c.Env.Template != "" {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Env, Inputs: []string{c.Env.Template, c.Env.Target}, Fresh: true})
	}
	switch c.Kind {
	case pipeline.Node:
		jobs = append(jobs, m.node(c)...)
	case pipeline.Python:
		jobs = append(jobs, m.python(c)...)
	case pipeline.Go:
		jobs = append(jobs, golang(c)...)
	case pipeline.Docker, pipeline.Custom:
	}
	jobs = append(jobs, images(c)...)
	if built, image := outputs(jobs); len(built) > 0 || image {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Artifacts, Inputs: built, Fresh: image})
	}
	for i := range jobs {
		m.complete(&jobs[i], c)
	}
	return jobs
}

// outputs are what the jobs of the stage build leave behind, and whether images
// are among it.
func outputs(jobs []pipeline.Job) (files []string, image bool) {
	for _, j := range jobs {
		if j.Stage == pipeline.Build {
			files = append(files, j.Outputs...)
			image = image || j.Variant == "image" || j.Variant == "compose"
		}
	}
	return files, image
}

// complete adds what is the same for every job.
func (m *maker) complete(j *pipeline.Job, c detect.Component) {
	j.Component, j.Dir = c.Name, c.Dir
	stage := m.CI.Stages[string(j.Stage)]
	if stage != nil {
		j.Optional = j.Optional || stage.Optional
		if j.Limit == 0 {
			j.Limit = stage.Limit
		}
	}
	switch j.Stage {
	case pipeline.Unit, pipeline.Integration:
		j.Retries = m.CI.Retries
		j.Env = append(j.Env, c.Env.Names...)
	case pipeline.Build:
		j.Env = append(j.Env, c.Env.Names...)
	}
	if c.Env.Target != "" && len(j.Inputs) == 0 && (j.Stage == pipeline.Unit || j.Stage == pipeline.Integration || j.Stage == pipeline.Build) {
		j.Inputs = []string{"*", c.Env.Target} // git ignores it, and it counts
	}
}

func (m *maker) note(c detect.Component, rule, file, en, es string) {
	n := detect.Note{Component: c.Name, Rule: rule, Path: path.Join(c.Dir, file)}
	n.Text.EN, n.Text.ES = en, es
	m.made.Notes = append(m.made.Notes, n)
}

// report is a path in the directory for reports, as a shell takes it.
func report(name string) string { return `"` + Reports + name + `"` }

// in joins the words of a command; empty ones are left out.
func in(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
