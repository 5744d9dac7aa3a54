package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// span is what the last run of a job tells.
type span struct {
	Name     string        `json:"name"`
	State    string        `json:"state"`
	Commands []string      `json:"commands"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
}

// outcomes are the jobs whose commands were run the last time, and how all went.
func (p *pipeline) outcomes() (ran []string, all []span, err error) {
	files, err := filepath.Glob(p.path("checkout/.iact/ci/jobs/*.json"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		var one span
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, nil, err
		}
		if len(one.Commands) > 0 && one.State != "restored" {
			ran = append(ran, one.Name)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b span) int { return a.Start.Compare(b.Start) })
	return ran, all, nil
}

// busy says how well the order of the jobs has kept the cores at work.
func (p *pipeline) busy(took float64) error {
	_, all, err := p.outcomes()
	if err != nil {
		return err
	}
	var sum time.Duration
	for _, one := range all {
		sum += one.Duration
		p.say("  %-18s from %5.1f s for %5.1f s", one.Name, one.Start.Sub(all[0].Start).Seconds(), one.Duration.Seconds())
	}
	p.say("  all %.3g s: %.0f %% of the time of %d cores have a job", took, 100*sum.Seconds()/(took*float64(p.toolchain.jobs)), p.toolchain.jobs)
	return nil
}

// worked runs something, and tells besides its own seconds those of the processors
// in all programs that it has started and waited for.
func worked(ctx context.Context, run func(context.Context) (float64, error)) (took, work float64, err error) {
	before, err := processors()
	if err != nil {
		return 0, 0, err
	}
	if took, err = run(ctx); err != nil {
		return 0, 0, err
	}
	after, err := processors()
	return took, (after - before).Seconds(), err
}

func processors() (time.Duration, error) {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &used); err != nil {
		return 0, fmt.Errorf("ask for the time of processors: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
