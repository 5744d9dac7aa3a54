package pipeline

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Check finds what makes a pipeline impossible to run: names that are taken or
// missing, paths that leave the project, and circles.
func (p Pipeline) Check() error {
	seen := map[string]bool{}
	for _, c := range p.Components {
		if seen[c.Name] {
			return wrong("two components are called "+c.Name, "give one of them another name")
		}
		seen[c.Name] = true
		if !below(c.Dir) {
			return wrong(fmt.Sprintf("component %s: the directory %s leaves the project", c.Name, c.Dir), "name a directory below the project")
		}
	}
	for _, c := range p.Components {
		for _, need := range c.Needs {
			if !seen[need] {
				return wrong(fmt.Sprintf("component %s needs %s, which there is not", c.Name, need), "the components are "+strings.Join(p.names(), ", "))
			}
		}
	}
	for i, j := range p.Jobs {
		if !slices.Contains(Stages(), j.Stage) {
			return wrong(fmt.Sprintf("job %s: there is no stage %s", j.Name(), j.Stage), "the stages are deps, env, unit, lint, build, artifacts, integration")
		}
		if slices.ContainsFunc(p.Jobs[:i], func(other Job) bool { return other.Name() == j.Name() }) {
			return wrong("two jobs are called "+j.Name(), "give one of them a variant")
		}
		for _, need := range j.Needs {
			if _, there := p.Job(need); !there {
				return wrong(fmt.Sprintf("job %s needs %s, which there is not", j.Name(), need), "remove the need, or add the job")
			}
		}
		for _, out := range j.Outputs {
			if !below(path.Join(j.Dir, out)) || path.Join(j.Dir, out) == "." {
				return wrong(fmt.Sprintf("job %s: the output %s is not below the project", j.Name(), out), "an output is a path below the job's directory")
			}
		}
	}
	_, err := p.Order()
	return err
}

func (p Pipeline) names() []string {
	var names []string
	for _, c := range p.Components {
		names = append(names, c.Name)
	}
	return names
}

func wrong(what, hint string) error {
	return fault.New(fault.Usage, hint, fmt.Errorf("read pipeline: %s", what))
}

// below tells whether a path with slashes stays in the project.
func below(dir string) bool {
	clean := path.Clean(dir)
	return !path.IsAbs(clean) && clean != ".." && !strings.HasPrefix(clean, "../")
}

// Order lists the jobs so that each comes after what it needs, and otherwise as
// they stand. A circle is an error that names its jobs.
func (p Pipeline) Order() ([]Job, error) {
	var ordered []Job
	state := map[string]int{} // 1: being visited, 2: in the list
	var visit func(j Job, way []string) error
	visit = func(j Job, way []string) error {
		switch name := j.Name(); state[name] {
		case 2:
			return nil
		case 1:
			return wrong("the jobs need each other: "+strings.Join(append(way[slices.Index(way, name):], name), " needs "), "remove one of these needs")
		default:
			state[name] = 1
			for _, need := range j.Needs {
				if needed, there := p.Job(need); there {
					if err := visit(needed, append(way, name)); err != nil {
						return err
					}
				}
			}
			state[name] = 2
			ordered = append(ordered, j)
			return nil
		}
	}
	for _, j := range p.Jobs {
		if err := visit(j, nil); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

// Closure lists names and all that they need, in Order.
func (p Pipeline) Closure(names []string) ([]Job, error) {
	ordered, err := p.Order()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	var jobs []Job
	for _, j := range slices.Backward(ordered) {
		if wanted[j.Name()] {
			jobs = append(jobs, j)
			for _, need := range j.Needs {
				wanted[need] = true
			}
		}
	}
	slices.Reverse(jobs)
	return jobs, nil
}

// Reached lists the components that a change of files reaches: those that hold
// them, and those that need one of these, by whatever way. A file that no
// component holds reaches all of them. Paths count from the project.
func (p Pipeline) Reached(changed []string) []string {
	reached := map[string]bool{}
	for _, file := range changed {
		owner := p.owner(file)
		if owner == "" {
			return p.names()
		}
		reached[owner] = true
	}
	for grown := true; grown; {
		grown = false
		for _, c := range p.Components {
			if !reached[c.Name] && slices.ContainsFunc(c.Needs, func(need string) bool { return reached[need] }) {
				reached[c.Name], grown = true, true
			}
		}
	}
	return slices.DeleteFunc(p.names(), func(name string) bool { return !reached[name] })
}

// owner is the component whose directory holds the file; the deepest one counts.
func (p Pipeline) owner(file string) string {
	owner, depth := "", -1
	for _, c := range p.Components {
		dir := path.Clean(c.Dir)
		if dir == "." {
			if depth < 0 {
				owner, depth = c.Name, 0
			}
			continue
		}
		if (file == dir || strings.HasPrefix(file, dir+"/")) && len(dir) > depth {
			owner, depth = c.Name, len(dir)
		}
	}
	return owner
}
