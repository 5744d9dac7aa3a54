package ci_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/ci"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
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

// rig is a checkout of the toolkit, a project beside it, and a file outside of
// both in which each job that runs leaves a line. Whatever is run in it is a
// process of its own: rooms share nothing.
type rig struct {
	t       testing.TB
	root    string
	section string // of the configuration, below ci:
	environ []string
	now     func() time.Time
}

// newRig is a rig with a project of one custom component, a, whose jobs are given
// as they stand in the configuration, one a line.
func newRig(t testing.TB, jobs ...string) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), now: time.Now}
	r.section = component("a", "", jobs...)
	r.put("checkout/go.mod", "module iact-infra\n")
	r.put("project/a/src.txt", "one\n")
	return r
}

// component is a component as the configuration has it; more are keys of it that
// begin with a comma.
func component(name, more string, jobs ...string) string {
	text := fmt.Sprintf("    - {name: %s, dir: %s, kind: custom%s, jobs: [\n", name, name, more)
	for _, job := range jobs {
		text += "        {" + job + "},\n"
	}
	return text + "      ]}\n"
}

// job is a job that leaves a line in the file outside, and does more.
func job(stage, keys string, lines ...string) string {
	text := "stage: " + stage
	if keys != "" {
		text += ", " + keys
	}
	quoted, _ := json.Marshal(append([]string{`echo "` + stage + `" >>"$COUNT"`}, lines...))
	return text + ", run: " + string(quoted)
}

func (r *rig) path(name string) string { return filepath.Join(r.root, name) }

func (r *rig) put(name, text string) {
	r.t.Helper()
	must(r.t, os.MkdirAll(filepath.Dir(r.path(name)), 0o755))
	must(r.t, os.WriteFile(r.path(name), []byte(text), 0o644))
}

func (r *rig) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(r.path(name))
	must(r.t, err)
	return string(text)
}

func (r *rig) settings() (*config.Config, error) {
	text := "project: " + r.path("project") + "\nci:\n  cache: " + r.path("cache") + "\n"
	if !strings.Contains(r.section, "repository:") {
		text += "  repository: none\n"
	}
	if !strings.Contains(r.section, "jobs: 1\n") {
		text += "  jobs: 4\n"
	}
	for line := range strings.Lines(r.section) {
		if strings.HasPrefix(line, "    - ") && !strings.Contains(text, "components:") {
			text += "  components:\n"
		}
		text += line
	}
	r.put("checkout/config/iact.yaml", text)
	return config.Load(config.Options{Root: r.path("checkout"), Getenv: func(string) string { return "" }})
}

// process is one invocation of the toolkit.
type process struct {
	room   *ci.Room
	engine *engine.Engine
	out    bytes.Buffer
	said   bytes.Buffer
	noted  bytes.Buffer // standard error of the room
}

func (p *process) all() string { return p.said.String() + p.out.String() + p.noted.String() }

// process prepares one; planning makes it print only.
func (r *rig) process(planning bool, past *engine.Past, targets ...string) *process {
	r.t.Helper()
	p := &process{}
	environ := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.path("home")}, r.environ...)
	p.room = ci.New(ci.Options{Config: sync.OnceValues(r.settings), Environ: environ, Now: r.now, Random: rand.Reader, Host: "testhost", Stderr: &p.noted, Targets: targets, Catalogue: symptom.Load})
	registry, err := procedure.NewRegistry(p.room.Procedure())
	must(r.t, err)
	p.engine = engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &p.out, Err: &p.said, Now: r.now}),
		Door: func(o ...command.Option) *command.Door {
			if planning {
				o = append(o, command.Planning(&p.out))
			}
			return command.NewDoor(counting{command.Local(), r.path("count"), r.environ}, o...)
		},
		JournalDir: r.path("checkout/.iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid(), Args: targets},
		Lang: "en", Targets: targets, Catalogue: symptom.Load, Now: r.now, Random: rand.Reader, Planning: planning, Continues: past,
	})
	return p
}

// counting tells the jobs where to leave their lines, and gives them the
// environment of the rig: tests that run beside each other share their own.
type counting struct {
	command.Transport
	file    string
	environ []string
}

func (c counting) Start(ctx context.Context, what command.Command, stdout *os.File) (command.Process, error) {
	what.Env = slices.Concat([]string{"COUNT=" + c.file}, c.environ, what.Env)
	return c.Transport.Start(ctx, what, stdout)
}

func (p *process) close(r *rig) {
	r.t.Helper()
	must(r.t, errors.Join(p.engine.Close(), p.room.Close()))
}

// run is one invocation with a selection, and all that it printed.
func (r *rig) run(s ci.Selection, targets ...string) (*process, error) {
	r.t.Helper()
	return r.runIn(r.t.Context(), s, targets...)
}

func (r *rig) runIn(ctx context.Context, s ci.Selection, targets ...string) (*process, error) {
	r.t.Helper()
	p := r.process(false, nil, targets...)
	defer p.close(r)
	must(r.t, p.room.Select(s))
	for _, target := range targets {
		if err := p.engine.Target(ctx, target); err != nil {
			return p, err
		}
	}
	return p, nil
}

// good runs targets that have to end well.
func (r *rig) good(targets ...string) *process {
	r.t.Helper()
	p, err := r.run(ci.Selection{}, targets...)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", targets, err, p.all())
	}
	return p
}

// bad runs a target that has to fail with a code, and say some words.
func (r *rig) bad(target string, code int, words ...string) *process {
	r.t.Helper()
	p, err := r.run(ci.Selection{}, target)
	if err == nil {
		r.t.Fatalf("%s ended well, with\n%s", target, p.all())
	}
	if fault.Code(err) != code {
		r.t.Errorf("%s: exit %d, want %d: %v", target, fault.Code(err), code, err)
	}
	text := fmt.Sprintf("%+v", engine.NewFailure("en", err)) + p.all()
	for _, word := range words {
		if !strings.Contains(text, word) {
			r.t.Errorf("%s does not say %q:\n%s", target, word, text)
		}
	}
	return p
}

// ran are the stages whose jobs have run since it was asked last, sorted.
func (r *rig) ran() string {
	r.t.Helper()
	text, err := os.ReadFile(r.path("count"))
	if !errors.Is(err, fs.ErrNotExist) {
		must(r.t, err)
		must(r.t, os.Remove(r.path("count")))
	}
	lines := strings.Fields(string(text))
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// runs makes sure which jobs have run.
func (r *rig) runs(want string) {
	r.t.Helper()
	if got := r.ran(); got != want {
		r.t.Errorf("these jobs ran: %q, want %q", got, want)
	}
}

// outcome is what is remembered of a job.
func (r *rig) outcome(job string) outcome.Job {
	r.t.Helper()
	var did outcome.Job
	must(r.t, json.Unmarshal([]byte(r.read("checkout/.iact/ci/jobs/"+strings.ReplaceAll(job, ":", "-")+".json")), &did))
	return did
}

// states are how jobs ended, as JOB=STATE.
func (r *rig) states(want ...string) {
	r.t.Helper()
	for _, one := range want {
		name, state, _ := strings.Cut(one, "=")
		if got := r.outcome(name).State; string(got) != state {
			r.t.Errorf("%s ended %s, want %s", name, got, state)
		}
	}
}

// home is the directory of the run that wrote into its own last: names of runs of
// one second are in no order.
func (r *rig) home() string {
	r.t.Helper()
	dirs, err := os.ReadDir(r.path("checkout/.iact/ci/runs"))
	must(r.t, err)
	newest, at := "", time.Time{}
	for _, dir := range dirs {
		info, err := dir.Info()
		must(r.t, err)
		if info.ModTime().After(at) {
			newest, at = dir.Name(), info.ModTime()
		}
	}
	if newest == "" {
		r.t.Fatal("no run has left anything")
	}
	return "checkout/.iact/ci/runs/" + newest
}
