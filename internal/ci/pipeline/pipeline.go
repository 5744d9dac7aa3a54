// Package pipeline describes a pipeline as data: the components of a project,
// the jobs that are run for each, and what a job needs.
//
// A job belongs to one component and one stage; the stages are the steps of
// PROCED-INFRA-003 that run programs of the project. What a job reads, what it
// leaves behind and what else its result depends on is declared with it: that is
// what the cache, the order, ci:affected and the generated workflows are made
// from. Nothing here runs or reads anything.
package pipeline

import (
	"path"
	"slices"
	"strings"
	"time"
)

// Kind is what a component is made of; it decides which jobs it has by default.
type Kind string

// The kinds of component.
const (
	Node   Kind = "node"
	Python Kind = "python"
	Go     Kind = "go"
	Docker Kind = "docker"
	Custom Kind = "custom"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Node, Python, Go, Docker, Custom} }

// Stage is a step of the procedure that runs jobs.
type Stage string

// The stages, in the order of the procedure: steps 3 to 9.
const (
	Deps        Stage = "deps"
	Env         Stage = "env"
	Unit        Stage = "unit"
	Lint        Stage = "lint"
	Build       Stage = "build"
	Artifacts   Stage = "artifacts"
	Integration Stage = "integration"
)

// Stages lists the stages in the order of the procedure.
func Stages() []Stage { return []Stage{Deps, Env, Unit, Lint, Build, Artifacts, Integration} }

// Component is one part of a project that is built and tested by itself.
type Component struct {
	Name string
	Dir  string // below the project, with slashes; "." is the project itself
	Kind Kind
	// Needs are the components whose change reaches this one: it is built from
	// them, or tested against them.
	Needs []string
	// Coverage is the percent of lines that its tests have to reach, and SizeBytes
	// what its artefacts may weigh; 0: no bound.
	Coverage  int
	SizeBytes int64
}

// Job is what one component has to do in one stage.
type Job struct {
	Component string
	Stage     Stage
	// Variant tells several jobs of one stage apart: "eslint". It may be empty.
	Variant string
	Dir     string // where it runs, below the project, with slashes
	// Run are lines for /bin/sh -e, run in Dir by one shell. None: the toolkit
	// does the job itself (artifacts, env).
	Run []string
	// Needs are names of jobs that have to end well before.
	Needs []string
	// Inputs are patterns in gitignore syntax, below Dir; one that starts with //
	// counts from the project. None: everything below Dir. What git ignores, the
	// outputs of the component's jobs and .git are never inputs, unless a pattern
	// names them literally.
	Inputs []string
	// Outputs are files and directories that the job makes, below Dir. They are
	// kept in the cache and put back from it.
	Outputs []string
	// Env are names of variables whose values count and that the job is given.
	Env []string
	// Tools are command lines whose output counts: "node --version".
	Tools   []string
	Reports Reports
	// Services are services of the component's compose file that have to be
	// healthy while the job runs.
	Services []string
	Limit    time.Duration // 0: the default of the configuration
	Memory   int64         // bytes that it may take, as the scheduler counts them; 0: not known
	Cores    int           // that it keeps busy; 0 is 1
	// Fresh says that the job is run each time: its result depends on more than
	// can be declared.
	Fresh bool
	// Tracked says that git knows files in the outputs: they are never removed nor
	// put back, count as inputs, and the job is run each time.
	Tracked bool
	// Daily says that the result holds until the next day, in UTC: it depends on what
	// is known elsewhere, as that of npm audit does.
	Daily bool
	// Placed says that the outputs hold the absolute path of Dir, as a Python venv
	// does: an entry of the cache is good only there.
	Placed bool
	// Image is what the image is called that the job builds from the Dockerfile in
	// Dir, without its tag, which is IACT_TAG; "" builds none. It lives with the
	// daemon: the cache does not hold it, the daemon is asked.
	Image string
	// Optional says that a failure is a warning.
	Optional bool
	// Retries is how often failed tests are run again, to tell flaky ones; 0: never.
	Retries int
}

// Reports are files that a job writes about itself, as paths or globs below its
// Dir. They are outputs as well.
type Reports struct {
	JUnit    []string
	Coverage []string // Cobertura XML or lcov.info
	Findings []Findings
	Keep     []string // traces and screenshots, kept when the job fails
}

// Findings is a file of findings and the form that it is in.
type Findings struct {
	Format string // eslint, flake8, ruff, mypy, sarif, checkstyle
	Path   string // "-": what the job writes to its standard output
}

// Name is the job's name: "ui:unit", or "ui:lint:eslint".
func (j Job) Name() string {
	name := j.Component + ":" + string(j.Stage)
	if j.Variant != "" {
		name += ":" + j.Variant
	}
	return name
}

// Again says whether the job is run each time.
func (j Job) Again() bool { return j.Fresh || j.Tracked }

// ReportsDir is the directory below a project that holds the reports of its jobs,
// one directory each. It ignores itself in git.
const ReportsDir = ".iact-ci"

// ReportsDir is where the job finds IACT_REPORTS, below the project.
func (j Job) ReportsDir() string { return ReportsDir + "/" + strings.ReplaceAll(j.Name(), ":", "-") }

// ReportPath is where a report lies, below the project: a path that begins with
// $IACT_REPORTS/ counts from there, another one from the job's directory.
func (j Job) ReportPath(name string) string {
	if rest, own := strings.CutPrefix(name, "$IACT_REPORTS/"); own {
		return path.Join(j.ReportsDir(), rest)
	}
	return path.Join(j.Dir, name)
}

// Pipeline is all jobs of a project.
type Pipeline struct {
	Components []Component
	Jobs       []Job
}

// Job finds a job by its name.
func (p Pipeline) Job(name string) (Job, bool) {
	at := slices.IndexFunc(p.Jobs, func(j Job) bool { return j.Name() == name })
	if at < 0 {
		return Job{}, false
	}
	return p.Jobs[at], true
}

// Component finds a component by its name.
func (p Pipeline) Component(name string) (Component, bool) {
	at := slices.IndexFunc(p.Components, func(c Component) bool { return c.Name == name })
	if at < 0 {
		return Component{}, false
	}
	return p.Components[at], true
}

// Of lists the jobs of a stage.
func (p Pipeline) Of(stage Stage) []Job {
	var jobs []Job
	for _, j := range p.Jobs {
		if j.Stage == stage {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// ParseName splits "ui:lint:eslint" as Name put it together.
func ParseName(name string) (component string, stage Stage, variant string, ok bool) {
	parts := strings.SplitN(name, ":", 3)
	if len(parts) < 2 {
		return "", "", "", false
	}
	if len(parts) == 3 {
		variant = parts[2]
	}
	return parts[0], Stage(parts[1]), variant, slices.Contains(Stages(), Stage(parts[1]))
}
