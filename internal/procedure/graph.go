package procedure

import (
	"slices"
	"strings"
)

// needsResolve reports needs that no table holds.
func (r *Registry) needsResolve() []error {
	var found []error
	for _, p := range r.procedures {
		for _, s := range p.Every() {
			for _, need := range s.Needs {
				if _, _, known := r.Lookup(need); !known {
					found = append(found, broken(s.Target, "it needs %s, which no table holds", need))
				}
			}
		}
	}
	return found
}

// noCycle reports each cycle of needs once, by naming the way round.
func (r *Registry) noCycle() []error {
	var found []error
	finished := map[string]bool{}
	var way []string
	var visit func(target string)
	visit = func(target string) {
		key := strings.ToLower(target)
		if at := slices.Index(way, key); at >= 0 {
			round := append(slices.Clone(way[at:]), key)
			found = append(found, broken(target, "its needs go round: %s", strings.Join(round, " → ")))
			return
		}
		if finished[key] {
			return
		}
		way = append(way, key)
		for _, need := range r.steps[key].step.Needs {
			visit(need)
		}
		way = way[:len(way)-1]
		finished[key] = true
	}
	for _, p := range r.procedures {
		for _, s := range p.Every() {
			visit(s.Target)
		}
	}
	return found
}

// stagesAreKnown reports stages of NAMESPACE:all that name what the procedure
// does not hold, or name it twice.
func (r *Registry) stagesAreKnown(p Procedure) []error {
	var found []error
	seen := map[string]bool{}
	for _, stage := range p.All {
		for _, target := range stage {
			key := strings.ToLower(target)
			if e, known := r.steps[key]; !known || e.procedure.Namespace != p.Namespace {
				found = append(found, broken(p.AllTarget(), "a stage names %s, which is no step of %s", target, p.Code))
			}
			if seen[key] {
				found = append(found, broken(p.AllTarget(), "%s stands in two stages", target))
			}
			seen[key] = true
		}
	}
	return found
}

// stagesRespectNeeds reports a step whose need comes in the same stage or later:
// the table would promise an order that the needs then turn round.
func stagesRespectNeeds(p Procedure) []error {
	var found []error
	stageOf := map[string]int{}
	for number, stage := range p.All {
		for _, target := range stage {
			stageOf[strings.ToLower(target)] = number
		}
	}
	for _, s := range p.Every() {
		stage, inAll := stageOf[strings.ToLower(s.Target)]
		if !inAll {
			continue
		}
		for _, need := range s.Needs {
			if before, named := stageOf[strings.ToLower(need)]; named && before >= stage {
				found = append(found, broken(p.AllTarget(), "%s needs %s, which does not stand in an earlier stage", s.Target, need))
			}
		}
	}
	return found
}
