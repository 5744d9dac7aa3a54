package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

const compiled = "make"

// Compiled says whether make has ended well on this very tree.
func (b *Build) Compiled() bool { return b.Configured() && b.stamped(compiled) == b.stampOf() }

// Make compiles. A run that was cut off is gone on with: what may be half
// written is removed, the rest stays.
func (b *Build) Make(ctx context.Context) error {
	if b.Compiled() {
		return nil
	}
	if !b.Configured() {
		return errors.New("make: the sources are not configured with these flags")
	}
	trusted, err := b.distrust()
	if err != nil {
		return err
	}
	if !trusted {
		b.warn("the machine was started anew while it compiled: the sources are unpacked and configured again")
		if err := b.unstamp(unpacked, configured, making); err != nil {
			return err
		}
		if err := b.Configure(ctx); err != nil {
			return err
		}
	}
	if err := b.stamp(making, bootID()); err != nil {
		return err
	}
	bar := b.progress("compiling", b.objects())
	defer bar.Done()
	see := newWatch(bar)
	jobs := b.Jobs
	if jobs == 0 {
		jobs = Jobs(b.Optimized)
	}
	args := []string{fmt.Sprintf("-j%d", jobs)}
	if task := b.profileTask(jobs); task != "" {
		args = append(args, task)
	}
	if err := b.run(ctx, compiled, see.line, "make", args...); err != nil {
		return see.explain(err)
	}
	if err := b.complete(see.missing()); err != nil {
		return err
	}
	if err := b.stamp(compiled, b.stampOf()); err != nil {
		return err
	}
	return b.unstamp(making)
}

// Jobs is how many programs may compile at once: one a core, and with link-time
// optimisation as many as get a gigabyte and a half each.
func Jobs(optimized bool) int {
	jobs := runtime.NumCPU()
	const each = 3 << 29
	if memory := available(); optimized && memory > 0 {
		jobs = min(jobs, max(1, int(memory/each)))
	}
	return jobs
}

// available is the memory that programs may have now, 0 when it is not known.
func available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kib int64
	for line := range strings.Lines(string(text)) {
		if n, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 && err == nil {
			return kib << 10
		}
	}
	return 0
}

// objects is how many object files make will compile, as its Makefile names them:
// twice with a profile, once to make it and once to use it. For 3.13 that is 360,
// and 354 are made.
func (b *Build) objects() int64 {
	text, err := os.ReadFile(filepath.Join(b.Source(), "Makefile"))
	if err != nil {
		return 0
	}
	names := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(?:Modules|Objects|Parser|Programs|Python)/[\w./-]+\.o\b`).FindAllString(string(text), -1) {
		names[name] = true
	}
	total := int64(len(names))
	if b.Profile {
		total *= 2
	}
	return total
}

// profileTask lets the tests that give the profile run side by side, as the rest
// of the build does; make alone runs one after the other. gcc adds up what
// processes counted that ended at the same time. It is "" when the Makefile names
// no such task, or says itself how many run.
func (b *Build) profileTask(jobs int) string {
	text, err := os.ReadFile(filepath.Join(b.Source(), "Makefile"))
	if err != nil || !b.Profile {
		return ""
	}
	task := regexp.MustCompile(`(?m)^PROFILE_TASK=\s*(\S.*)$`).FindSubmatch(text)
	if task == nil || strings.Contains(string(task[1]), " -j") {
		return ""
	}
	return fmt.Sprintf("PROFILE_TASK=%s -j%d", task[1], jobs)
}

// watch reads what make prints.
type watch struct {
	bar     Bar
	block   []string // lines of the list of modules that follows
	listing bool
	failed  []string // tests of the profile
	running string   // the one that was begun last
	outcome *regexp.Regexp
	begun   *regexp.Regexp
	profile bool // its run has failed
}

func newWatch(bar Bar) *watch {
	return &watch{
		bar: bar, outcome: regexp.MustCompile(`(?:^test |\] )(test_\w+) (?:failed|crashed|process crashed|timed out|worker non-zero exit code)`),
		begun: regexp.MustCompile(`^(?:[0-9:]+ .*)?\[ *[0-9]+/[0-9]+(?:/[0-9]+)?\] (test_\w+)`),
	}
}

func (w *watch) line(line string) {
	switch {
	case strings.Contains(line, " -c "):
		w.bar.Add(1)
	case strings.HasPrefix(line, "The necessary bits to build these optional modules were not found"),
		strings.HasPrefix(line, "Failed to build these modules"),
		strings.HasPrefix(line, "Following modules built successfully but were removed"):
		w.listing = true
	case strings.HasPrefix(line, "To find the necessary bits"), line == "":
		w.listing = false
	case w.listing:
		w.block = append(w.block, strings.Fields(line)...)
	case strings.Contains(line, "profile-run-stamp] Error"):
		w.profile = true
	}
	if !strings.Contains(line, "test_") {
		return
	}
	if found := w.outcome.FindStringSubmatch(line); found != nil {
		if !slices.Contains(w.failed, found[1]) {
			w.failed = append(w.failed, found[1])
		}
	} else if found := w.begun.FindStringSubmatch(line); found != nil {
		w.running = found[1]
	}
}

// missing are the modules that make says were not built.
func (w *watch) missing() []string {
	slices.Sort(w.block)
	return slices.Compact(w.block)
}

// ErrProfile is a build that failed in the tests from which the profile is
// taken, which since 3.13 ends it without a word about which.
const ErrProfile = command.Sentinel("a test of the profile failed")

// explain says more about the failures of make that say little themselves.
func (w *watch) explain(err error) error {
	if !w.profile {
		return err
	}
	which := "its log names none"
	switch {
	case len(w.failed) > 0:
		which = strings.Join(w.failed, ", ")
	case w.running != "":
		which = w.running + ", in which it died"
	}
	return fault.New(fault.Failed, "-pgo=fallback builds without the profile, some percent slower; or optimizations: false in the configuration",
		fmt.Errorf("%w: %s: %w", ErrProfile, which, err))
}
