// Package cpython is the room of procedure PROCED-INFRA-006: interpreters that
// are built from verified sources, live side by side, and can be gone back from.
//
// The steps work in one directory for each version, below cpython.work, and know
// by its stamps what is done; a run that was killed goes on where it was. The
// interpreter appears in PREFIX/python-X.Y.Z by one rename, after it has started.
// The python of the system is never touched: PREFIX/python-X.Y and PREFIX/python
// are links of ours, and cpython:use and cpython:rollback move only those.
// A finished build is kept in a cache: the second time takes seconds.
// steps.go is the procedure as a table.
package cpython

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Options are what the room takes from the house.
type Options struct {
	Config func() (*config.Config, error) // asked by the first step that needs it
	Now    func() time.Time
	Needs  []build.Need // what a build takes from the system; nil: build.Needs
	// Machine is where virtual environments may be that stand on an interpreter;
	// nil: everywhere on this machine.
	Machine []string
}

// Room runs the procedure. It lives as long as the process.
type Room struct {
	o Options

	mu       sync.Mutex
	pick     Selection
	picked   bool
	release  func() // of the build directory, which one process has
	holds    string // which that is
	unpacked bool   // the interpreter came out of the cache
}

// Selection is what a command line asks for; empty fields leave it to the
// configuration.
type Selection struct {
	Version string
	Also    string // further versions for cpython:fetch, with commas between them
	PGO     string // stop or fallback
	Verify  string // pinned, or what the release demands
	From    string // an artefact that the project has published: it is installed, not built
	// Of cpython:bench, which was typed when Measure is true.
	Measure bool
	Against string // the version to compare with
	Suite   string // auto, shipped or pyperformance
	Quick   bool
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room {
	if o.Needs == nil {
		o.Needs = build.Needs()
	}
	return &Room{o: o}
}

// Select says what the next targets are about. What a later one leaves open is
// what an earlier one said. Another version is refused: a step runs once in an
// invocation, and would be passed over for the second one.
func (r *Room) Select(s Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.picked && s.Version != "" && s.Version != r.pick.Version {
		return fault.New(fault.Usage, "type the other version in a command of its own", fmt.Errorf("select python %s: the targets before it are about %s", s.Version, cmp.Or(r.pick.Version, "the configured version")))
	}
	r.pick = Selection{
		Version: cmp.Or(s.Version, r.pick.Version), Also: cmp.Or(s.Also, r.pick.Also), PGO: cmp.Or(s.PGO, r.pick.PGO), Verify: cmp.Or(s.Verify, r.pick.Verify), From: cmp.Or(s.From, r.pick.From),
		Measure: s.Measure || r.pick.Measure, Against: cmp.Or(s.Against, r.pick.Against), Suite: cmp.Or(s.Suite, r.pick.Suite), Quick: s.Quick || r.pick.Quick,
	}
	r.picked = true
	return nil
}

func (r *Room) selection() Selection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pick
}

// Asked is what a command line asked for, as procedure:resume needs it: the run
// that it goes on with had the options, it has none.
func Asked(args []string) Selection {
	var s Selection
	for _, arg := range args {
		s.Measure = s.Measure || strings.EqualFold(arg, "cpython:bench")
		s.Quick = s.Quick || arg == "-quick=true" || arg == "-quick"
		for name, into := range map[string]*string{
			"-version=": &s.Version, "-pgo=": &s.PGO, "-verify=": &s.Verify, "-from=": &s.From, "-against=": &s.Against, "-suite=": &s.Suite,
		} {
			if value, is := strings.CutPrefix(arg, name); is && *into == "" {
				*into = value
			}
		}
	}
	s.Version, s.Also, _ = strings.Cut(s.Version, ",")
	return s
}

// version is the one that the targets are about.
func (r *Room) version(c *config.Config) (release.Version, error) {
	return release.Parse(cmp.Or(r.selection().Version, c.CPython.Version))
}

// prefix is where a version lives.
func prefix(c *config.Config, version string) string {
	return filepath.Join(c.CPython.Prefix, "python-"+version)
}

// build is the build of the version, as configured.
func (r *Room) build(w *procedure.Work) (*build.Build, *config.Config, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, err
	}
	v, err := r.version(c)
	if err != nil {
		return nil, nil, err
	}
	b := r.describe(w, c, v.String())
	b.Tarball = r.tarball(c, v)
	return b, c, nil
}

// describe is the build of any version, with what is configured for all.
func (r *Room) describe(w *procedure.Work, c *config.Config, version string) *build.Build {
	b := &build.Build{
		Door: w.Door, Version: version, Work: filepath.Join(c.CPython.Work, "build", version), Prefix: prefix(c, version),
		Optimized: c.CPython.Optimized, Jobs: c.CPython.Jobs, Modules: c.CPython.Modules, Allowed: c.CPython.AllowMissing,
		Warn: w.Say.Warn, Progress: func(label string, total int64) build.Bar { return bar{w.Say.Count(label, total)} },
	}
	if c.CPython.CCache {
		b.Through = append(b.Through, "ccache")
	}
	if c.CPython.DistCC {
		b.Through = append(b.Through, "distcc")
	}
	givenUp := r.fallsBack(c) && b.WithoutProfile()
	b.Profile = b.Optimized && !givenUp
	return b
}

// fallsBack says whether a failing test of the profile is no reason to stop.
func (r *Room) fallsBack(c *config.Config) bool {
	return cmp.Or(r.selection().PGO, c.CPython.PGO) == "fallback"
}

// bar makes a progress bar one of a build.
type bar struct{ *report.Progress }

func (b bar) Add(n int64) { b.Progress.Add(int(n)) }

// tarball is the verified source of a version, "" when it is not here. Only a
// verified one has its name.
func (r *Room) tarball(c *config.Config, v release.Version) string {
	for _, ending := range []string{".tar.xz", ".tgz"} {
		path := filepath.Join(downloads(c), v.String(), "Python-"+v.String()+ending)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

func downloads(c *config.Config) string { return filepath.Join(c.CPython.Work, "downloads") }

// cameFromCache says whether this process has unpacked the interpreter.
func (r *Room) cameFromCache() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unpacked
}

// Close gives the build directory back, which the end of the process does, too.
func (r *Room) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.release != nil {
		r.release()
		r.release, r.holds = nil, ""
	}
}

// hold makes the build directory this process's own until it ends.
func (r *Room) hold(b *build.Build) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.release != nil {
		return nil
	}
	release, err := b.Hold()
	if err != nil {
		return err
	}
	r.release, r.holds = release, b.Work
	return nil
}
