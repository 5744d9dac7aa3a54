package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/release/debian"
)

// Of the promises about CPython.
const (
	cores             = 2
	mostToolchain     = 128 // MiB of memory
	mostReinstall     = 3   // seconds
	mostRollback      = 1   // seconds
	mostArchive       = 0.75
	mostAgainstBare   = 1.03
	leastReinstall    = 100 // times faster than building
	newestInterpreter = "python-" + debian.New
)

// toolchain is the part about CPython: a checkout of its own with prefixes, work
// and cache below dir. Ours and the peers run on the same two cores, and the
// packages that a build needs are installed before.
type toolchain struct {
	*bench
	cpus    string // for taskset
	jobs    int
	sources string  // a directory with the real ones
	pyenv   string  // the program python-build; "" when there is none
	builds  float64 // seconds of one of python-build's builds
	kib     int64   // the most memory of any run of ours
	away    int     // how many trees were put away
}

// cpython measures all promises about CPython. It needs apt with a Debian mirror,
// a compiler, tar and gzip, and some 10 GB.
func (b *bench) cpython(ctx context.Context) error {
	t, err := b.toolchain(ctx)
	if err != nil {
		return err
	}
	for _, measure := range []func(context.Context) error{t.first, t.archive, t.again, t.back} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	t.note("CPython: memory of the toolkit, the most of all runs above", float64(t.kib)/1024, mostToolchain, 1, "MiB")
	return nil
}

func (b *bench) toolchain(ctx context.Context) (*toolchain, error) {
	t := &toolchain{bench: b}
	var err error
	if t.cpus, t.jobs, err = someCores(); err != nil {
		return nil, err
	}
	if t.sources, err = debian.Sources(ctx, b.door); err != nil {
		return nil, fmt.Errorf("get the sources of CPython: %w", err)
	}
	if t.pyenv, err = t.pythonBuild(ctx); err != nil {
		b.say("%v: what is measured against it is left out", err)
	}
	old, err := os.Stat(filepath.Join(t.sources, debian.OldTarball))
	if err != nil {
		return nil, err
	}
	for path, text := range map[string]string{
		"checkout/go.mod":           "module iact-infra\n",
		"checkout/config/iact.yaml": "",
		// Debian keeps no signature of this one.
		"pinned": fmt.Sprintf("%s %s %d Python-%s.tgz pinned 2026-11-27 -\n", debian.Old, debian.OldSHA256, old.Size(), debian.Old),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(t.path(path)), 0o755), os.WriteFile(t.path(path), []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{"peer", "wheels", "tmp"} {
		if err := os.Mkdir(t.path(dir), 0o755); err != nil {
			return nil, err
		}
	}
	if err := t.nothing(); err != nil {
		return nil, err
	}
	_, err = t.ours(ctx, "cpython:deps")
	return t, err
}

func (t *toolchain) path(name string) string { return filepath.Join(t.dir, name) }

// someCores are two of those that this process may use.
func someCores() (list string, n int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return "", 0, fmt.Errorf("ask which cores may be used: %w", err)
	}
	var all []string
	for cpu := 0; len(all) < min(cores, set.Count()); cpu++ {
		if set.IsSet(cpu) {
			all = append(all, strconv.Itoa(cpu))
		}
	}
	return strings.Join(all, ","), len(all), nil
}

// build is how ours is configured for a prefix.
func (t *toolchain) build(prefix string) *build.Build {
	return &build.Build{Version: debian.New, Prefix: prefix, Optimized: t.profile, Profile: t.profile}
}

// set writes the configuration.
func (t *toolchain) set(optimized bool) error {
	return os.WriteFile(t.config(), fmt.Appendf(nil,
		"project: %q\ncpython: {version: %s, prefix: %q, source: %q, lock: %q, work: %q, cache: %q, wheels: %q, optimizations: %t, jobs: %d}\n",
		t.path("checkout"), debian.New, t.path("opt"), t.sources, t.path("lock"), t.path("work"), t.path("cache"), t.path("wheels"), optimized, t.jobs), 0o600)
}

// ours runs targets and gives the seconds from start to end, all syncing to disk
// included.
func (t *toolchain) ours(ctx context.Context, targets ...string) (float64, error) {
	c := command.Change("bash", append([]string{"-c", `echo $$; exec taskset -c "$0" "$@"`, t.cpus, t.iact}, targets...)...)
	c.Dir = t.path("checkout")
	c.Env = []string{"IACT_DIR=" + t.path("checkout"), "IACT_CONFIG=" + t.config()}
	if err := t.settle(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	s, err := t.door.Stream(ctx, c)
	if err != nil {
		return 0, err
	}
	defer s.Abort()
	out := bufio.NewReader(s)
	var pid int
	if _, err := fmt.Fscanf(out, "%d\n", &pid); err != nil {
		return 0, fmt.Errorf("start %s: %w", targets[0], err)
	}
	peak := watchPeak(pid)
	_, err = io.Copy(io.Discard, out)
	t.kib = max(t.kib, peak())
	// The program's own error says more than what its reader saw.
	if closed := s.Close(); closed != nil {
		return 0, closed
	}
	return time.Since(began).Seconds(), err
}

// peer runs a script and gives its seconds; $@ are args. All that it prints goes
// to a file, as all that ours runs prints does.
func (t *toolchain) peer(ctx context.Context, script string, args ...string) (float64, error) {
	const quietly = "unset " + build.Shaping + " MAKEOPTS; { %s; } >peer.log 2>&1 || { tail -n 40 peer.log >&2; exit 1; }"
	c := command.Change("taskset", append([]string{"-c", t.cpus, "bash", "-c", fmt.Sprintf(quietly, script), "bash"}, args...)...)
	c.Dir = t.path("peer")
	if err := t.settle(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	err := t.door.Run(ctx, c)
	return time.Since(began).Seconds(), err
}

// settle brings to disk what was written before, which would slow down the next.
func (t *toolchain) settle(ctx context.Context) error {
	return t.door.Run(ctx, command.Change("sync"))
}

// putAway gives trees other names. They are not removed: ext4 avoids inodes that
// were just freed, which slows the next one down.
func (t *toolchain) putAway(names ...string) error {
	for _, name := range names {
		t.away++
		if err := os.Rename(t.path(name), t.path(fmt.Sprintf("away-%d", t.away))); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
