// Package pybench compares the speed, the startup and the memory of two CPython
// interpreters, so that a version is not taken into use that is slower unseen.
//
// One number from one run says little: the machine drifts, its neighbours come
// and go, and a process has the luck of its addresses and hashes. So each
// benchmark runs in many short processes, in rounds. A round is a pair, one
// process of the old interpreter and one of the new, next to each other in time
// and with the same hash seed; the next round turns the order around, so that a
// drift meets both (old, new, new, old). What counts is the ratio within a
// round: its median-like centre over all rounds, with the interval that holds
// the truth 19 times of 20. A regression is named only when the whole interval
// is beyond the threshold.
//
// The benchmarks are those of pyperformance where it can be installed, else the
// shipped suite.py, which needs nothing but the standard library.
package pybench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Suite says which benchmarks run.
type Suite string

// The suites that can be chosen.
const (
	Auto          Suite = "auto" // pyperformance where it can be installed, else the shipped one
	Shipped       Suite = "shipped"
	Pyperformance Suite = "pyperformance"
)

// DefaultThreshold is how much slower something has to be to be called a
// regression when nothing else is said.
const DefaultThreshold = 0.10

// Interpreter is one side of the comparison.
type Interpreter struct {
	Name    string // as a report shows it; "" is its version
	Program string
}

// Runner measures. The zero value of every field but Door, Old and New is useful.
type Runner struct {
	Door     *command.Door // to this machine
	Old, New Interpreter

	Suite Suite // "" is Auto
	// Quick measures so little that it takes seconds: for a first look. Auto is
	// then the shipped suite, for pyperformance takes an hour.
	Quick bool
	// Rounds is how many pairs of processes each benchmark gets; 0 leaves it to the
	// suite. One pair tells nothing about noise, so at least two are run.
	Rounds    int
	Only      []string // names of benchmarks; none is all of them
	Threshold float64  // 0 is DefaultThreshold

	// Work is where pyperformance and its results go; "" is a directory that is
	// removed afterwards.
	Work    string
	Wheels  string   // directory of wheels, for work without an index; "": the index
	PipArgs []string // more arguments for pip install

	Progress func(done, total int)
	Warn     func(format string, args ...any)
	Now      func() time.Time
}

// Run measures both interpreters and warns of every regression.
func (r *Runner) Run(ctx context.Context) (*Report, error) {
	if r.Door.Planning() {
		return nil, errors.New("measure interpreters: a plan measures nothing")
	}
	suite := cmp.Or(r.Suite, Auto)
	if suite != Auto && suite != Shipped && suite != Pyperformance {
		return nil, fault.New(fault.Usage, "", fmt.Errorf("choose suite: %q is not auto, shipped or pyperformance", suite))
	}
	start := r.now()
	machine, notes := readMachine(rootFS())
	old, err := r.start(ctx, "old", r.Old)
	if err != nil {
		return nil, err
	}
	fresh, err := r.start(ctx, "new", r.New)
	if err != nil {
		return nil, err
	}
	m := &meter{runner: r, sides: [2]*side{old, fresh}}
	report := &Report{
		Schema: 1, Started: start.UTC(), Threshold: cmp.Or(r.Threshold, DefaultThreshold),
		Machine: machine, Old: old.identity(), New: fresh.identity(), Notes: append(notes, differences(old, fresh)...),
	}
	used, why, err := r.measure(ctx, m, suite)
	if err != nil {
		return nil, err
	}
	if why != "" {
		report.Notes = append(report.Notes, why)
	}
	report.Suite, report.Rounds = used, m.rounds
	report.judge(m)
	report.DurationSeconds = r.now().Sub(start).Seconds()
	for _, one := range report.Unmeasured {
		r.warn("%s", one)
	}
	for _, one := range report.Regressions(report.Threshold) {
		r.warn("%s", report.worse(one))
	}
	return report, nil
}

// measure runs the suite that was chosen, and says which one it was and, when
// that is another one than was hoped for, why.
func (r *Runner) measure(ctx context.Context, m *meter, suite Suite) (used Suite, why string, err error) {
	if suite == Pyperformance || suite == Auto && !r.Quick {
		err := r.pyperformance(ctx, m)
		if err == nil {
			return Pyperformance, "", nil
		}
		if ctx.Err() != nil {
			return "", "", err
		}
		if suite == Pyperformance {
			return "", "", fault.New(fault.Missing, "let the index or the directory of wheels have pyperformance, pyperf and psutil, or choose the shipped suite", err)
		}
		why = fmt.Sprintf("the shipped suite was used, not pyperformance: %v", err)
		r.warn("%s", why)
		m.reset()
	}
	return Shipped, why, r.shipped(ctx, m)
}

// regressing is the ratio above which a result counts as a regression.
func regressing(threshold float64) float64 { return 1 + threshold }

func (r *Runner) warn(format string, args ...any) {
	if r.Warn != nil {
		r.Warn(format, args...)
	}
}

func (r *Runner) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}
