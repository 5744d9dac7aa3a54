// Package generate writes a pipeline down for the systems that run one for a
// team: a workflow for GitHub, a .gitlab-ci.yml, a Jenkinsfile.
//
// What is written says where and when jobs run, never how: each job calls the
// toolkit, which does on a runner what it does on a laptop. So a file has little
// in it that can grow old, and ci:generate -check=true tells when it has.
//
// A runner costs a start: half a minute for the machine, the checkout and the
// caches, before anything is done. So it is not one runner a job. There is one
// for each component and stage, and
//   - deps and env have none: what they make would have to be carried to each
//     runner anyway, and the cache of the toolkit does just that;
//   - artifacts runs where build ran, whose outputs it looks at;
//   - variants of unit, build and integration have one each, since they are what
//     takes long (a matrix on GitHub); linters share one, and its cores.
//
// Where that would make two runners wait for each other, each job gets its own.
//
// Names from a project are hostile until shown otherwise: `${{ secrets.X }}` is a
// possible name of a component. They are never part of a script unquoted, and
// never of an expression: on GitHub they arrive in environment variables, on
// GitLab and Jenkins as words that are quoted for the shell.
//
// What the toolkit is told by its environment is in the constants below.
package generate

import (
	"errors"
	"fmt"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
)

// System is what runs the generated file.
type System string

// The systems.
const (
	GitHub  System = "github"
	GitLab  System = "gitlab"
	Jenkins System = "jenkins"
)

// Systems lists the systems.
func Systems() []System { return []System{GitHub, GitLab, Jenkins} }

// What a generated file and the toolkit agree on.
const (
	// TrustVariable is "trusted" for what runs on the branch of Options, and
	// "untrusted" for all else: it is part of the keys of the cache.
	TrustVariable = "IACT_CI_TRUST"
	// ServicesVariable holds names of services, with blanks between, that the
	// system has started already.
	ServicesVariable = "IACT_CI_SERVICES"
	// Cache is where entries of the cache lie, below the toolkit.
	Cache = ".iact/cache/ci"
	// Outcomes is where each job leaves its outcome, below the toolkit: ci:report
	// makes one report of all that are there.
	Outcomes = ".iact/ci/jobs"
	// Report is where the job that reports writes, below the toolkit.
	Report = ".iact/ci/report"
)

// Make is the file that lets a system run a pipeline. The same in gives the same
// out, byte by byte.
func Make(system System, p pipeline.Pipeline, o Options) (File, error) {
	if err := p.Check(); err != nil {
		return File{}, err
	}
	o = o.filled()
	if err := o.check(); err != nil {
		return File{}, err
	}
	if err := checkNames(p); err != nil {
		return File{}, err
	}
	if len(p.Jobs) == 0 {
		return File{}, fault.New(fault.Usage, "ci:init looks for components", errors.New("generate pipeline: it has no jobs"))
	}
	units, err := unitsOf(p, o)
	if err != nil {
		return File{}, err
	}
	switch system {
	case GitHub:
		return github{o}.file(units)
	case GitLab:
		return gitlab{o}.file(units)
	case Jenkins:
		return jenkins{o}.file(units), nil
	}
	return File{}, fault.New(fault.Usage, "-for=github, -for=gitlab or -for=jenkins", fmt.Errorf("generate for %q: there is no such system", system))
}
