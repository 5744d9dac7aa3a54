// Package bench measures what the project promises to be fast against the
// programs that people use today, in the same run, and prints ratios: machines
// differ and are noisy, ratios of medians travel.
//
// Ours is the compiled binary as an operator runs it, start to end; only the
// time for syncing to disk is taken off, since the peers do not sync.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/report"
	"iact-infra/internal/testbed/cluster"
)

// rounds is how often each pair is measured; the median counts.
const rounds = 5

// mostMemory is what a run may take, in KiB.
const mostMemory = 256 << 10

// bench is one run of the benchmarks.
type bench struct {
	door *command.Door
	root string // the checkout
	dir  string // for data, stores and the peers' output
	iact string // the compiled binary
	pg   cluster.Cluster
	made map[string]bool // the databases that are there
	more string          // of the configuration
	env  []string        // of the compiled binary
	out  io.Writer
	rows []row
	last figures // of the run of ours that was measured last

	profile bool // builds of CPython are optimised
}

// row is one promise and what was measured.
type row struct {
	name        string
	ours, peers float64
	ratio, most float64
	unit        string
}

// pair is one promise: ours must take at most so many times what the peer does.
type pair struct {
	name  string
	ours  func(context.Context) (float64, error)
	peer  func(context.Context) (float64, error)
	most  float64
	reset func() error // before each round
}

// compare measures a pair round by round, ours and the peer in turns.
func (b *bench) compare(ctx context.Context, p pair) error {
	var ours, peers []float64
	for range rounds {
		if p.reset != nil {
			if err := p.reset(); err != nil {
				return err
			}
		}
		theirs, err := p.peer(ctx)
		if err != nil {
			return fmt.Errorf("measure the peer of %s: %w", p.name, err)
		}
		mine, err := p.ours(ctx)
		if err != nil {
			return fmt.Errorf("measure %s: %w", p.name, err)
		}
		ours, peers = append(ours, mine), append(peers, theirs)
	}
	b.note(p.name, median(ours), median(peers), p.most, "s")
	return nil
}

// note keeps one result and prints it at once.
func (b *bench) note(name string, ours, peers, most float64, unit string) {
	r := row{name: name, ours: ours, peers: peers, ratio: ours / peers, most: most, unit: unit}
	b.rows = append(b.rows, r)
	fmt.Fprintf(b.out, "%s: %.3g %s, peer or limit %.3g %s, ratio %.4g (at most %.3g)\n", name, ours, unit, peers, unit, r.ratio, most)
}

// memory notes the memory of the last run of ours.
func (b *bench) memory(name string) {
	b.note(name+", memory", float64(b.last.kib)/1024, mostMemory/1024, 1, "MiB")
}

func (b *bench) verdict() error {
	t := tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "\nPROMISE\tOURS\tPEER\tRATIO\tAT MOST\t")
	var broken []string
	for _, r := range b.rows {
		word := ""
		if r.ratio > r.most {
			word = "broken"
			broken = append(broken, r.name)
		}
		fmt.Fprintf(t, "%s\t%.3g %s\t%.3g %s\t%.4g\t%.3g\t%s\n", r.name, r.ours, r.unit, r.peers, r.unit, r.ratio, r.most, word)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("measure: %d promises do not hold: %v", len(broken), broken)
	}
	return nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// timed is how long a shell line takes, in seconds.
func (b *bench) timed(ctx context.Context, line string) (float64, error) {
	c := command.Change("bash", "-o", "pipefail", "-c", line)
	c.Dir = b.dir
	began := time.Now()
	err := b.door.Run(ctx, c)
	return time.Since(began).Seconds(), err
}

func size(path string) (float64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()), nil
}

// say prints progress.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// took prints how long the making of data took.
func (b *bench) took(what string, began time.Time) {
	b.say("%s made in %s", what, report.Duration(time.Since(began)))
}
