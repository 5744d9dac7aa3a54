package pybench

import (
	"context"
	"fmt"
	"slices"

	"iact-infra/internal/command"
)

// reading is what one process said of one benchmark.
type reading struct {
	name, unit string
	value      float64
	peak       int64  // bytes, 0 when it is not known
	result     string // what was computed
}

// task is what runs in pairs. Most give one reading each, pyperformance several.
type task struct {
	name    string
	rounds  int
	measure func(ctx context.Context, s *side, round int) ([]reading, error)
}

// series are the readings of one benchmark, those of one round at one index.
type series struct {
	name, unit string
	values     [2][]float64 // old, new
	peaks      [2][]int64
}

// meter runs tasks and keeps what they say.
type meter struct {
	runner *Runner
	sides  [2]*side
	rounds int // the most that a task has

	series     []*series
	unmeasured []Unmeasured
}

// reset forgets what was measured.
func (m *meter) reset() { m.series, m.unmeasured, m.rounds = nil, nil, 0 }

// run goes through the rounds, and in each through the tasks: so the pairs of
// one benchmark are spread over the whole run, and no short disturbance meets
// many of them. A task that fails is out, and the others go on.
func (m *meter) run(ctx context.Context, tasks []*task) error {
	total, done, out := 0, 0, map[*task]bool{}
	for _, t := range tasks {
		total += 2 * t.rounds
		m.rounds = max(m.rounds, t.rounds)
	}
	for round := range m.rounds {
		for _, t := range tasks {
			if out[t] || round >= t.rounds {
				continue
			}
			ok, err := m.pair(ctx, t, round)
			if err != nil {
				return err
			}
			done += 2
			if !ok {
				out[t] = true
				total -= 2 * (t.rounds - round - 1)
			}
			if m.runner.Progress != nil {
				m.runner.Progress(done, total)
			}
		}
	}
	return nil
}

// pair measures both sides next to each other: the old one first in even rounds,
// the new one first in odd ones. It is false when the task is out. A side that
// fails does not keep the other from running, so that it is known which do.
func (m *meter) pair(ctx context.Context, t *task, round int) (bool, error) {
	var got [2][]reading
	var why [2]string
	for turn := range 2 {
		i := (turn + round) % 2
		readings, err := t.measure(ctx, m.sides[i], round)
		if ctx.Err() != nil {
			return false, fmt.Errorf("measure %s: %w", t.name, command.Stopped(ctx))
		}
		if err != nil {
			why[i] = err.Error()
		}
		got[i] = readings
	}
	if why[0]+why[1] != "" {
		m.drop(t.name, why[0], why[1])
		return false, nil
	}
	return m.keep(got), nil
}

// keep stores a round of what both sides have measured. It is false when they
// have nothing in common that can be compared.
func (m *meter) keep(got [2][]reading) bool {
	common := false
	for _, old := range got[0] {
		i := slices.IndexFunc(got[1], func(fresh reading) bool { return fresh.name == old.name })
		if i < 0 {
			m.drop(old.name, "", "it gave no value")
			continue
		}
		common = m.add(old, got[1][i]) || common
	}
	for _, fresh := range got[1] {
		if !slices.ContainsFunc(got[0], func(old reading) bool { return fresh.name == old.name }) {
			m.drop(fresh.name, "it gave no value", "")
		}
	}
	return common
}

// add refuses to compare two that computed different things: that is no matter
// of speed.
func (m *meter) add(old, fresh reading) bool {
	if old.result != fresh.result {
		m.drop(old.name, "it computes "+old.result, "it computes "+fresh.result)
		return false
	}
	if old.value <= 0 || fresh.value <= 0 {
		m.drop(old.name, measuredNothing(old.value), measuredNothing(fresh.value))
		return false
	}
	s := m.named(old.name, old.unit)
	for i, one := range []reading{old, fresh} {
		s.values[i] = append(s.values[i], one.value)
		if one.peak > 0 {
			s.peaks[i] = append(s.peaks[i], one.peak)
		}
	}
	return true
}

func measuredNothing(value float64) string {
	if value > 0 {
		return ""
	}
	return fmt.Sprintf("it measured %g", value)
}

func (m *meter) named(name, unit string) *series {
	for _, s := range m.series {
		if s.name == name {
			return s
		}
	}
	s := &series{name: name, unit: unit}
	m.series = append(m.series, s)
	return s
}

// drop notes that a benchmark could not be measured, and why, for each side.
func (m *meter) drop(name, old, fresh string) {
	if !m.dropped(name) {
		m.unmeasured = append(m.unmeasured, Unmeasured{Name: name, Old: old, New: fresh})
	}
}

// dropped is also true of what failed in a later round than its first.
func (m *meter) dropped(name string) bool {
	return slices.ContainsFunc(m.unmeasured, func(u Unmeasured) bool { return u.Name == name })
}
