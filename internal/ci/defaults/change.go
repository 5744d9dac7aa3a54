package defaults

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

// change lays the jobs of the configuration over the defaults of a component.
func (m *maker) change(c detect.Component, jobs []pipeline.Job, set config.Component) ([]pipeline.Job, error) {
	for _, s := range set.Jobs {
		at := slices.IndexFunc(jobs, func(j pipeline.Job) bool { return string(j.Stage) == s.Stage && j.Variant == s.Variant })
		switch {
		case s.Has("run") && len(s.Run) == 0 && at < 0:
			return nil, wrong(s, "take a job away that has no run of its own, or remove this one", "component %s has no job %s by itself", c.Name, titleOf(s))
		case s.Has("run") && len(s.Run) == 0:
			jobs = slices.Delete(jobs, at, at+1)
			continue
		case at < 0 && !s.Has("run") && s.Stage != string(pipeline.Env) && s.Stage != string(pipeline.Artifacts):
			return nil, wrong(s, "give it run: [lines]", "component %s has no job %s by itself, and this one runs nothing", c.Name, titleOf(s))
		case at < 0:
			j := pipeline.Job{Stage: pipeline.Stage(s.Stage), Variant: s.Variant}
			m.complete(&j, c)
			jobs, at = append(jobs, j), len(jobs)
		}
		apply(&jobs[at], s)
		for _, out := range jobs[at].Outputs {
			if clean := path.Clean(out); clean == "." {
				return nil, wrong(s, "name what the job makes, below the directory of the component", "the output %s is the whole component", out)
			}
		}
	}
	slices.SortStableFunc(jobs, func(a, b pipeline.Job) int {
		return slices.Index(pipeline.Stages(), a.Stage) - slices.Index(pipeline.Stages(), b.Stage)
	})
	return jobs, nil
}

func titleOf(s config.Job) string {
	if s.Variant == "" {
		return s.Stage
	}
	return s.Stage + ":" + s.Variant
}

func wrong(s config.Job, hint, format string, values ...any) error {
	return fault.New(fault.Usage, hint, errors.New(s.Origin+": "+fmt.Sprintf(format, values...)))
}

// apply changes the fields whose keys are given.
func apply(j *pipeline.Job, s config.Job) {
	if s.Has("run") && j.Image != "" && !slices.Equal(s.Run, j.Run) {
		// Nobody knows what these lines build, and of what: they run each time.
		j.Image, j.Inputs, j.Fresh = "", nil, true
	}
	for name, to := range map[string]struct {
		dst *[]string
		src []string
	}{
		"run": {&j.Run, s.Run}, "needs": {&j.Needs, s.Needs}, "inputs": {&j.Inputs, s.Inputs}, "outputs": {&j.Outputs, s.Outputs},
		"env": {&j.Env, s.Env}, "tools": {&j.Tools, s.Tools}, "junit": {&j.Reports.JUnit, s.JUnit},
		"coverage": {&j.Reports.Coverage, s.Coverage}, "keep": {&j.Reports.Keep, s.Keep}, "services": {&j.Services, s.Services},
	} {
		if s.Has(name) {
			*to.dst = to.src
		}
	}
	for name, to := range map[string]struct {
		dst *bool
		src bool
	}{"fresh": {&j.Fresh, s.Fresh}, "daily": {&j.Daily, s.Daily}, "placed": {&j.Placed, s.Placed}, "optional": {&j.Optional, s.Optional}} {
		if s.Has(name) {
			*to.dst = to.src
		}
	}
	if s.Has("findings") {
		j.Reports.Findings = nil
		for _, f := range s.Findings {
			format, file, _ := strings.Cut(f, ":")
			j.Reports.Findings = append(j.Reports.Findings, pipeline.Findings{Format: format, Path: file})
		}
	}
	if s.Has("limit") {
		j.Limit = s.Limit
	}
	if s.Has("memory") {
		j.Memory = s.Memory
	}
	if s.Has("cores") {
		j.Cores = s.Cores
	}
	if s.Has("retries") {
		j.Retries = s.Retries
	}
}

// connect gives every job the names of the jobs that it needs: those that the
// configuration gives it, else those of the stages before it.
func (m *maker) connect() error {
	for i, c := range m.chosen {
		if c.Node == nil || c.Node.Workspace == "" || slices.ContainsFunc(m.chosen, func(root detect.Component) bool { return root.Node != nil && root.Dir == c.Node.Workspace }) {
			continue
		}
		return fault.New(fault.Usage, "list a component with dir: "+c.Node.Workspace+" as well",
			fmt.Errorf("%s: component %s is installed by the workspace in %s, which is no component", m.CI.Components[i].Origin, c.Name, c.Node.Workspace))
	}
	given := map[string]config.Job{}
	for _, c := range m.CI.Components {
		for _, s := range c.Jobs {
			given[c.Name+":"+titleOf(s)] = s
		}
	}
	for i := range m.made.Pipeline.Jobs {
		j := &m.made.Pipeline.Jobs[i]
		s, is := given[j.Name()]
		if !is || !s.Has("needs") {
			j.Needs = m.before(*j)
			continue
		}
		var needs []string
		for _, need := range s.Needs {
			names := []string{need}
			if !strings.Contains(need, ":") {
				names = m.jobs(j.Component, need)
			} else if _, there := m.made.Pipeline.Job(need); !there {
				return wrong(s, "the jobs are "+strings.Join(m.names(), ", "), "job %s needs %s, which there is not", j.Name(), need)
			}
			needs = append(needs, names...)
		}
		j.Needs = needs
	}
	return nil
}

func (m *maker) names() []string {
	var names []string
	for _, j := range m.made.Pipeline.Jobs {
		names = append(names, j.Name())
	}
	return names
}

// jobs are the names of a component's jobs of a stage. A member of a workspace
// has the dependencies that the workspace installs.
func (m *maker) jobs(component, stage string) []string {
	var names []string
	for _, j := range m.made.Pipeline.Jobs {
		if j.Component == component && string(j.Stage) == stage {
			names = append(names, j.Name())
		}
	}
	at := slices.IndexFunc(m.chosen, func(c detect.Component) bool { return c.Name == component })
	if at < 0 || stage != string(pipeline.Deps) || len(names) > 0 || m.chosen[at].Node == nil || m.chosen[at].Node.Workspace == "" {
		return names
	}
	for _, c := range m.chosen {
		if c.Node != nil && c.Dir == m.chosen[at].Node.Workspace {
			return m.jobs(c.Name, stage)
		}
	}
	return nil
}

// before are the jobs that a job needs by its stage. What its component needs is
// built before it is tested or built; and it is tested last against the whole.
func (m *maker) before(j pipeline.Job) []string {
	stage := m.CI.Stages[string(j.Stage)]
	if stage == nil {
		return nil
	}
	var needs []string
	for _, earlier := range stage.Needs {
		needs = append(needs, m.jobs(j.Component, earlier)...)
	}
	component, _ := m.made.Pipeline.Component(j.Component)
	for _, other := range component.Needs {
		switch j.Stage {
		case pipeline.Unit, pipeline.Build:
			needs = append(needs, m.jobs(other, string(pipeline.Build))...)
		case pipeline.Integration:
			for _, earlier := range stage.Needs {
				needs = append(needs, m.jobs(other, earlier)...)
			}
		}
	}
	slices.Sort(needs)
	return slices.Compact(needs)
}
