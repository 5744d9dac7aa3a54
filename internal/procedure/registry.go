package procedure

import (
	"errors"
	"fmt"
	"strings"
)

// Registry holds every procedure of the program. It does not change once built.
type Registry struct {
	procedures []Procedure
	steps      map[string]entry
}

// entry is a step together with the procedure it belongs to.
type entry struct {
	step      Step
	procedure Procedure
}

// NewRegistry builds a registry. It refuses tables that could not be run at
// all: a target that stands twice, a need that nobody meets, a cycle, a stage
// that names an unknown target. Lint says the rest.
func NewRegistry(procedures ...Procedure) (*Registry, error) {
	r := &Registry{procedures: procedures, steps: map[string]entry{}}
	var problems []error
	for _, p := range procedures {
		for _, s := range p.Every() {
			key := strings.ToLower(s.Target)
			if other, taken := r.steps[key]; taken {
				problems = append(problems, fmt.Errorf("register %s: target stands in %s and again in %s",
					s.Target, other.procedure.Code, p.Code))
				continue
			}
			r.steps[key] = entry{step: s, procedure: p}
		}
	}
	problems = append(problems, r.needsResolve()...)
	problems = append(problems, r.noCycle()...)
	for _, p := range procedures {
		problems = append(problems, r.stagesAreKnown(p)...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return r, nil
}

// Procedures returns the procedures in the order in which they were registered.
func (r *Registry) Procedures() []Procedure { return r.procedures }

// Lookup finds the step of a target. Like mage, it ignores case.
func (r *Registry) Lookup(target string) (Step, Procedure, bool) {
	e, found := r.steps[strings.ToLower(target)]
	return e.step, e.procedure, found
}

// Find returns the procedure that a person means by a namespace, a code, or any
// of its targets.
func (r *Registry) Find(name string) (Procedure, bool) {
	namespace, _, _ := strings.Cut(strings.ToLower(name), ":")
	for _, p := range r.procedures {
		if strings.EqualFold(p.Namespace, namespace) || strings.EqualFold(p.Code, name) {
			return p, true
		}
	}
	return Procedure{}, false
}

// Stages returns what a target stands for: the stages of NAMESPACE:all, or the
// one step itself. ok is false for a target that no table holds.
func (r *Registry) Stages(target string) (stages [][]string, ok bool) {
	if s, _, found := r.Lookup(target); found {
		return [][]string{{s.Target}}, true
	}
	for _, p := range r.procedures {
		if strings.EqualFold(p.AllTarget(), target) && len(p.All) > 0 {
			return p.All, true
		}
	}
	return nil, false
}

// Order lists the steps of a target and of all that it needs, each once, needs
// first: the order in which a plan is read.
func (r *Registry) Order(target string) ([]Step, bool) {
	stages, ok := r.Stages(target)
	if !ok {
		return nil, false
	}
	var ordered []Step
	seen := map[string]bool{}
	var visit func(target string)
	visit = func(target string) {
		key := strings.ToLower(target)
		if seen[key] {
			return
		}
		seen[key] = true
		step := r.steps[key].step
		for _, need := range step.Needs {
			visit(need)
		}
		ordered = append(ordered, step)
	}
	for _, stage := range stages {
		for _, target := range stage {
			visit(target)
		}
	}
	return ordered, true
}
