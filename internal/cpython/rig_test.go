package cpython_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/cpython"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o755))
}

// rig is a checkout, a place with sources, and a directory of interpreters.
// Whatever is run in it is a process of its own: rooms share nothing.
type rig struct {
	t    *testing.T
	root string
	more string // of the section; it begins with a comma
	file string // of the suite that is run; "" is all of it
	need []build.Need
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), more: ", optimizations: false", file: "test_json", need: []build.Need{{Name: "shell", Program: "sh"}}}
	put(t, r.path("checkout/go.mod"), "module iact-infra\n")
	must(t, os.MkdirAll(r.path("opt"), 0o755))
	return r
}

func (r *rig) path(name string) string { return filepath.Join(r.root, name) }

// release puts sources of a version where they are fetched from, and pins them.
// They are a script for configure and a Makefile: what the real ones do to the
// file system, in milliseconds. Each make leaves a line in made.
func (r *rig) release(version string) {
	r.t.Helper()
	series := version[:strings.LastIndex(version, ".")]
	dir := r.path("making/Python-" + version)
	put(r.t, filepath.Join(dir, "configure"), "#!/bin/sh\nfor a; do case $a in --prefix=*) echo \"${a#*=}\" >prefix;; esac; done\ncp Makefile.in Makefile; : >pyconfig.h\n")
	script := `#!/bin/sh\necho ` + version + `\necho /prefix\necho\n`
	put(r.t, filepath.Join(dir, "Makefile.in"), "all:\n\techo "+version+" >>"+r.path("made")+"\n"+
		"test:\n\t@for o in $(TESTOPTS); do case $$o in --junit-xml=*) echo '<testsuites><testsuite><testcase name=\"test.test_json.A\"/></testsuite></testsuites>' >$${o#*=};; esac; done\n"+
		"altinstall:\n\tmkdir -p $(DESTDIR)$$(cat prefix)/bin $(DESTDIR)$$(cat prefix)/lib\n\tprintf '"+script+"' >$(DESTDIR)$$(cat prefix)/bin/python"+series+
		"\n\tchmod +x $(DESTDIR)$$(cat prefix)/bin/python"+series+"\n\techo $$(cat prefix) >$(DESTDIR)$$(cat prefix)/lib/where\n")
	r.repack(version)
}

// repack packs the sources of a version and pins what comes of it.
func (r *rig) repack(version string) {
	r.t.Helper()
	tarball := r.path("src/Python-" + version + ".tgz")
	must(r.t, os.MkdirAll(filepath.Dir(tarball), 0o755))
	must(r.t, command.NewDoor(command.Local()).Run(r.t.Context(), command.Change("tar", "-C", r.path("making"), "-czf", tarball, "Python-"+version)))
	text, err := os.ReadFile(tarball)
	must(r.t, err)
	lock, _ := os.ReadFile(r.path("lock"))
	put(r.t, r.path("lock"), string(lock)+fmt.Sprintf("%s %x %d Python-%s.tgz pinned 2026-11-27 -\n", version, sha256.Sum256(text), len(text), version))
}

func (r *rig) settings() (*config.Config, error) {
	put(r.t, r.path("checkout/config/iact.yaml"), fmt.Sprintf(
		"cpython: {prefix: %s, source: %s, lock: %s, work: %s, cache: %s, modules: [json], tests: [%s]%s}\n",
		r.path("opt"), r.path("src"), r.path("lock"), r.path("work"), r.path("cache"), r.file, r.more))
	return config.Load(config.Options{Root: r.path("checkout"), Getenv: func(string) string { return "" }})
}

// process is one invocation of the toolkit.
type process struct {
	room   *cpython.Room
	engine *engine.Engine
	out    bytes.Buffer
	said   bytes.Buffer
}

func (r *rig) process(targets ...string) *process {
	r.t.Helper()
	p := &process{}
	p.room = cpython.New(cpython.Options{Config: sync.OnceValues(r.settings), Now: time.Now, Needs: r.need, Machine: []string{r.root}})
	registry, err := procedure.NewRegistry(p.room.Procedure())
	must(r.t, err)
	p.engine = engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &p.out, Err: &p.said, Now: time.Now}),
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir: r.path("checkout/.iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang: "en", Targets: targets, Catalogue: symptom.Load, Now: time.Now, Random: rand.Reader,
	})
	return p
}

// run runs targets for a version, with a comma before those that are fetched besides it, and gives all that was printed.
func (r *rig) run(version string, targets ...string) (string, error) {
	r.t.Helper()
	p := r.process(targets...)
	defer func() { must(r.t, p.engine.Close()) }()
	defer p.room.Close()
	version, also, _ := strings.Cut(version, ",")
	must(r.t, p.room.Select(cpython.Selection{Version: version, Also: also, Verify: "pinned"}))
	for _, target := range targets {
		if err := p.engine.Target(r.t.Context(), target); err != nil {
			return p.said.String() + p.out.String(), err
		}
	}
	return p.said.String() + p.out.String(), nil
}

func (r *rig) good(version string, targets ...string) string {
	r.t.Helper()
	said, err := r.run(version, targets...)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", targets, err, said)
	}
	return said
}

// refused makes sure of a failure, its code, and what it says and advises.
func (r *rig) refused(version, target string, code int, what, wayOut string) {
	r.t.Helper()
	said, err := r.run(version, target)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error(), what) || !strings.Contains(fmt.Sprintf("%+v", engine.NewFailure("en", err)), wayOut) {
		r.t.Errorf("%s: exit %d, %+v\nwant %d, %q, %q\n%s", target, fault.Code(err), err, code, what, wayOut, said)
	}
}

// leads is where a link of the prefixes leads.
func (r *rig) leads(name string) string {
	r.t.Helper()
	to, _ := os.Readlink(r.path("opt/" + name))
	return to
}

// made is how often make was run.
func (r *rig) made() int {
	text, _ := os.ReadFile(r.path("made"))
	return strings.Count(string(text), "\n")
}

// snapshot is all about the directory of interpreters.
func (r *rig) snapshot() string { r.t.Helper(); return r.listing("opt") }

// listing is all about a directory of the rig.
func (r *rig) listing(dir string) string {
	r.t.Helper()
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), command.Read("find", r.path(dir), "-printf", "%P %y %l %m %T@ %i\n")).String()
	must(r.t, err)
	return out
}

// newest is the run of a target that wrote its journal last.
func (r *rig) newest(target string) string {
	r.t.Helper()
	journals, err := filepath.Glob(r.path("checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	var name string
	var at time.Time
	for _, one := range journals {
		info, err := os.Stat(one)
		must(r.t, err)
		text, err := os.ReadFile(one)
		must(r.t, err)
		if strings.Contains(string(text), `"`+target+`"`) && info.ModTime().After(at) {
			name, at = one, info.ModTime()
		}
	}
	return strings.TrimSuffix(filepath.Base(name), ".jsonl")
}
