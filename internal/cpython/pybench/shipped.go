package pybench

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

//go:embed suite.py
var suiteText string

const (
	// jobLimit ends a process that hangs.
	jobLimit = 2 * time.Minute

	startup = "startup"

	second = "second"
	bytes  = "byte"
)

// plan is how much is measured.
type plan struct {
	rounds int
	values int     // of one process
	length float64 // of one value, in seconds
	starts int     // of one value of the startup
	memory int     // rounds; a peak hardly changes
}

func (r *Runner) plan() plan {
	p := plan{rounds: 12, values: 3, length: 0.025, starts: 5, memory: 6}
	if r.Quick {
		p = plan{rounds: 3, values: 2, length: 0.008, starts: 4, memory: 3}
	}
	if r.Rounds > 0 {
		p.rounds = max(r.Rounds, 2)
	}
	p.memory = min(p.memory, p.rounds)
	return p
}

// shipped measures with suite.py.
func (r *Runner) shipped(ctx context.Context, m *meter) error {
	tasks, err := r.shippedTasks(m)
	if err != nil {
		return err
	}
	return m.run(ctx, tasks)
}

// shippedTasks are the tasks that were asked for and can run on both sides; why
// the others cannot is noted.
func (r *Runner) shippedTasks(m *meter) ([]*task, error) {
	p, all := r.plan(), []*task{}
	for i, one := range m.sides[0].about.Benchmarks {
		if m.able(one, m.sides[1].about.Benchmarks, i, r.Only) {
			all = append(all, &task{one.Name, p.rounds, r.cpu(p, one.Name)})
		}
	}
	all = append(all, r.footprint(m, p)...)
	known := []string{startup}
	for _, one := range slices.Concat(m.sides[0].about.Benchmarks, m.sides[0].about.Memory) {
		known = append(known, one.Name)
	}
	for _, name := range r.Only {
		if !slices.Contains(known, name) {
			return nil, fault.New(fault.Usage, "the shipped suite has "+strings.Join(known, ", "), fmt.Errorf("choose benchmarks: there is no %q", name))
		}
	}
	return slices.DeleteFunc(all, func(t *task) bool { return !r.wanted(t.name) }), nil
}

// footprint are the tasks about an interpreter as a whole: how long it takes to
// start, and how much memory it needs.
func (r *Runner) footprint(m *meter, p plan) []*task {
	tasks := []*task{{startup, p.rounds, r.starting(p)}}
	for i, one := range m.sides[0].about.Memory {
		if m.able(one, m.sides[1].about.Memory, i, r.Only) {
			tasks = append(tasks, &task{one.Name, p.memory, r.peak(one.Name)})
		}
	}
	return tasks
}

// able notes a benchmark for which a side lacks a module. Both sides answered
// the same suite, in the same order.
func (m *meter) able(old offer, fresh []offer, at int, only []string) bool {
	lacks := ""
	if at < len(fresh) {
		lacks = fresh[at].Lacks
	}
	if old.Lacks+lacks == "" {
		return true
	}
	if len(only) == 0 || slices.Contains(only, old.Name) {
		m.drop(old.Name, old.Lacks, lacks)
	}
	return false
}

func (r *Runner) wanted(name string) bool {
	return len(r.Only) == 0 || slices.Contains(r.Only, name)
}

// cpu measures one benchmark. How many loops make a value is found out once, by
// the first that runs, which is the old one; both do the same work.
func (r *Runner) cpu(p plan, name string) func(context.Context, *side, int) ([]reading, error) {
	loops := 0
	return func(ctx context.Context, s *side, round int) ([]reading, error) {
		if loops == 0 {
			text, err := r.job(ctx, s, round, "calibrate", name, strconv.FormatFloat(p.length, 'g', -1, 64))
			if err != nil {
				return nil, err
			}
			var found struct{ Loops int }
			if err := decode(text, &found); err != nil {
				return nil, err
			}
			loops = max(found.Loops, 1)
		}
		text, err := r.job(ctx, s, round, "run", name, strconv.Itoa(loops), strconv.Itoa(p.values))
		return one(name, second, text, err)
	}
}

// peak measures the memory of a process.
func (r *Runner) peak(name string) func(context.Context, *side, int) ([]reading, error) {
	return func(ctx context.Context, s *side, round int) ([]reading, error) {
		text, err := r.job(ctx, s, round, "memory", name)
		return one(name, bytes, text, err)
	}
}

// one is what a process of suite.py said: the median of its values.
func one(name, unit, text string, err error) ([]reading, error) {
	if err != nil {
		return nil, err
	}
	var said struct {
		Values []float64
		Peak   int64
		Result string
	}
	if err := decode(text, &said); err != nil {
		return nil, err
	}
	if len(said.Values) == 0 {
		return nil, fmt.Errorf("read its answer: no values")
	}
	return []reading{{name, unit, median(said.Values), said.Peak, said.Result}}, nil
}

// starting measures how long it takes from the start of a program to its end,
// by the clock: the median of a few, for one start is easily disturbed.
func (r *Runner) starting(p plan) func(context.Context, *side, int) ([]reading, error) {
	return func(ctx context.Context, s *side, _ int) ([]reading, error) {
		var took []float64
		for range p.starts {
			c := command.Read(s.program, "-I", "-c", "pass")
			c.Dir, c.Timeout, c.Env = "/", jobLimit, []string{"LD_LIBRARY_PATH="}
			start := time.Now()
			if err := r.Door.Run(ctx, c); err != nil {
				return nil, err
			}
			took = append(took, time.Since(start).Seconds())
		}
		return []reading{{name: startup, unit: second, value: median(took)}}, nil
	}
}
