package generate

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
)

// unit is what one runner does: some jobs of one component in one stage.
type unit struct {
	kind    pipeline.Kind
	id      string // "ui-unit": letters, digits, - and _, for keys and file names
	stage   pipeline.Stage
	variant string
	one     bool // asked for by its variant: other jobs of the stage are not its own
	jobs    []pipeline.Job
	all     []pipeline.Job // with what they need, which the cache may not have
	needs   []string       // ids
	level   int            // 0: needs nothing
	limit   time.Duration
}

func (u unit) component() string { return u.jobs[0].Component }

// label is its name for people. Jenkins wants no two alike.
func (u unit) label() string {
	label := u.component() + ": " + string(u.stage)
	if u.variant != "" {
		label += " " + u.variant
	}
	return label
}

// targets are what the toolkit is asked for.
func (u unit) targets() []string {
	targets := []string{"ci:" + string(u.stage)}
	if u.jobs[len(u.jobs)-1].Stage != u.stage {
		targets = append(targets, "ci:artifacts")
	}
	return targets
}

// layout says how jobs are put on runners.
type layout int

const (
	together layout = iota // as the comment of the package has it
	apart                  // artifacts has a runner of its own
	alone                  // so has each job
)

// unitsOf puts a pipeline's jobs on runners, in an order in which each comes after
// what it needs.
func unitsOf(p pipeline.Pipeline, o Options) ([]unit, error) {
	for _, l := range []layout{together, apart, alone} {
		if units, ok := l.of(p, o); ok {
			return units, nil
		}
	}
	return nil, fault.New(fault.Usage, "", fmt.Errorf("generate pipeline: its jobs need each other")) // Check has found that before
}

func (l layout) of(p pipeline.Pipeline, o Options) ([]unit, bool) {
	var units []unit
	at := map[string]int{} // of jobs' names, in units
	prepared := preparing(p)
	keys := map[string]int{}
	for _, j := range p.Jobs {
		if prepared[j.Name()] {
			continue
		}
		key, one := l.key(p, j)
		index, there := keys[key]
		if !there {
			index = len(units)
			keys[key] = index
			c, _ := p.Component(j.Component)
			units = append(units, unit{kind: c.Kind, stage: j.Stage, one: one})
			if one {
				units[index].variant = j.Variant
			}
		}
		units[index].jobs = append(units[index].jobs, j)
		at[j.Name()] = index
	}
	ids := map[string]bool{}
	for i := range units {
		u := &units[i]
		u.sort()
		u.id = unique(ids, u.component(), string(u.stage), u.variant)
	}
	needs := make([][]int, len(units))
	for i := range units {
		needs[i] = needed(p, units[i].jobs, i, at)
		for _, n := range needs[i] {
			units[i].needs = append(units[i].needs, units[n].id)
		}
		units[i].all, units[i].limit = closure(p, units[i].jobs, o.Limit)
	}
	return ordered(units, needs)
}

// sort puts artifacts behind the build that it joined.
func (u *unit) sort() {
	slices.SortStableFunc(u.jobs, func(a, b pipeline.Job) int {
		return slices.Index(pipeline.Stages(), a.Stage) - slices.Index(pipeline.Stages(), b.Stage)
	})
	u.stage = u.jobs[0].Stage
}

// key is the same for jobs that share a runner; one says that none can.
func (l layout) key(p pipeline.Pipeline, j pipeline.Job) (key string, one bool) {
	of := func(stage pipeline.Stage) []pipeline.Job {
		return slices.DeleteFunc(p.Of(stage), func(other pipeline.Job) bool { return other.Component != j.Component })
	}
	siblings := of(j.Stage)
	switch built := of(pipeline.Build); {
	case len(siblings) > 1 && (l == alone || early(j) || split(siblings)):
		return j.Name(), true
	case j.Stage == pipeline.Artifacts && l == together && len(built) > 0 && !split(built):
		return j.Component + ":build", false
	}
	return j.Component + ":" + string(j.Stage), false
}

// early tells whether a job only prepares others.
func early(j pipeline.Job) bool { return j.Stage == pipeline.Deps || j.Stage == pipeline.Env }

// split tells whether the jobs of a component and stage have a runner each.
func split(jobs []pipeline.Job) bool {
	switch jobs[0].Stage {
	case pipeline.Unit, pipeline.Build, pipeline.Integration:
		return len(jobs) > 1 && !slices.ContainsFunc(jobs, func(j pipeline.Job) bool { return j.Variant == "" })
	}
	return false
}

// preparing finds the jobs of deps and env that others need: these do them.
func preparing(p pipeline.Pipeline) map[string]bool {
	found := map[string]bool{}
	for _, j := range p.Jobs {
		if early(j) {
			continue
		}
		all, _ := p.Closure([]string{j.Name()}) // Check has been here before
		for _, need := range all {
			if early(need) {
				found[need.Name()] = true
			}
		}
	}
	return found
}

// needed lists the units that jobs of unit i need, also by way of jobs that have
// no unit.
func needed(p pipeline.Pipeline, jobs []pipeline.Job, i int, at map[string]int) []int {
	var needs []int
	seen := map[string]bool{}
	var visit func(j pipeline.Job)
	visit = func(j pipeline.Job) {
		for _, name := range j.Needs {
			if seen[name] {
				continue
			}
			seen[name] = true
			n, own := at[name]
			if need, _ := p.Job(name); !own {
				visit(need)
			} else if n != i && !slices.Contains(needs, n) {
				needs = append(needs, n)
			}
		}
	}
	for _, j := range jobs {
		visit(j)
	}
	slices.Sort(needs)
	return needs
}

// closure lists jobs and what they need, and how long the slowest chain of them
// may take.
func closure(p pipeline.Pipeline, jobs []pipeline.Job, usual time.Duration) (all []pipeline.Job, limit time.Duration) {
	var names []string
	for _, j := range jobs {
		names = append(names, j.Name())
	}
	all, _ = p.Closure(names)
	ends := map[string]time.Duration{}
	for _, j := range all {
		var begin time.Duration
		for _, need := range j.Needs {
			begin = max(begin, ends[need])
		}
		own := j.Limit
		if own <= 0 {
			own = usual
		}
		ends[j.Name()] = begin + own
		limit = max(limit, ends[j.Name()])
	}
	return all, limit
}

// ordered puts units behind what they need, unless they need each other.
func ordered(units []unit, needs [][]int) ([]unit, bool) {
	var out []unit
	done := map[int]int{} // and its level
	for len(out) < len(units) {
		before := len(out)
		for i := range units {
			if _, there := done[i]; there {
				continue
			}
			level, ready := 0, true
			for _, n := range needs[i] {
				below, there := done[n]
				ready = ready && there
				level = max(level, below+1)
			}
			if ready {
				done[i], units[i].level = level, level
				out = append(out, units[i])
			}
		}
		if len(out) == before {
			return nil, false
		}
	}
	return out, true
}

// unique makes an id of words that no other has.
func unique(taken map[string]bool, words ...string) string {
	const limit = 60
	slug := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		}
		return '-'
	}, strings.TrimRight(strings.Join(words, "-"), "-"))
	if slug[0] == '-' || '0' <= slug[0] && slug[0] <= '9' {
		slug = "_" + slug
	}
	slug = slug[:min(len(slug), limit)]
	id := slug
	for n := 2; taken[strings.ToLower(id)]; n++ {
		id = fmt.Sprintf("%s-%d", slug, n)
	}
	taken[strings.ToLower(id)] = true
	return id
}

// componentsOf lists the components whose jobs units may run, in their order and
// the units' own last.
func componentsOf(units []unit) []string {
	var names []string
	for _, u := range units {
		for _, j := range u.all {
			if j.Component != units[0].component() && !slices.Contains(names, j.Component) {
				names = append(names, j.Component)
			}
		}
	}
	return append(names, units[0].component())
}

// dirsOf lists where units' jobs read, below the project; "." where that is not
// known.
func dirsOf(units []unit) []string {
	var dirs []string
	for _, u := range units {
		for _, j := range u.all {
			if slices.ContainsFunc(j.Inputs, func(pattern string) bool { return strings.HasPrefix(pattern, "//") }) {
				return []string{"."}
			}
			if dir := path.Clean(j.Dir); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return dirs
}
