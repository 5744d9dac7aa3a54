// Package roomtest lets tests run steps of the room as an invocation of the
// toolkit does: with a journal, against a daemon of the testbed, in this process or
// in one that is killed on its way.
package roomtest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/testbed"
)

// Rig is a workspace, a daemon, and a place for journals.
type Rig struct {
	T         *testing.T
	Docker    *testbed.DockerDaemon
	Image     string // busybox
	Root      string // of the checkout
	Workspace string
	Settings  string // config/iact.yaml
	Shape     func(*devcontainer.Options)
}

// New is a rig with a workspace that holds nothing yet.
func New(t *testing.T) *Rig {
	t.Helper()
	return On(t, testbed.Docker(t))
}

// On is New with another daemon.
func On(t *testing.T, d *testbed.DockerDaemon) *Rig {
	t.Helper()
	r := &Rig{T: t, Docker: d, Image: d.Busybox(t), Root: t.TempDir(), Workspace: t.TempDir()}
	r.Write(r.Root, "go.mod", "module iact-infra\n")
	return r
}

// Write writes a file below a folder.
func (r *Rig) Write(dir, name, text string) {
	r.T.Helper()
	file := filepath.Join(dir, name)
	r.Must(os.MkdirAll(filepath.Dir(file), 0o755))
	r.Must(os.WriteFile(file, []byte(text), 0o644))
}

// Config is the devcontainer.json of the workspace.
func (r *Rig) Config(text string) {
	r.T.Helper()
	r.Write(r.Workspace, ".devcontainer/devcontainer.json", text)
}

// Start starts a container of the workspace, and waits for nothing.
func (r *Rig) Start(args ...string) string {
	r.T.Helper()
	return r.Docker.Container(r.T, append([]string{"--label", "devcontainer.local_folder=" + r.Workspace}, args...)...)
}

// Ended waits for the end of a container.
func (r *Rig) Ended(container string) {
	r.T.Helper()
	r.Docker.Run(r.T, "wait", container)
}

// Must fails the test for an error.
func (r *Rig) Must(err error) {
	r.T.Helper()
	if err != nil {
		r.T.Fatal(err)
	}
}

// Said is what an invocation printed.
type Said struct{ Out, Err string }

// Run runs a target, and gives what it printed.
func (r *Rig) Run(target string, pick devcontainer.Selection) (Said, error) {
	r.T.Helper()
	return r.play(play{Target: target, Pick: pick}).run(r.T.Context(), r.Shape)
}

// JSON runs a target, and reads its result.
func (r *Rig) JSON(target string, pick devcontainer.Selection, into any) {
	r.T.Helper()
	p := r.play(play{Target: target, Pick: pick, JSON: true})
	said, err := p.run(r.T.Context(), r.Shape)
	if err != nil {
		r.T.Fatalf("%s: %v\n%s", target, err, said.Err)
	}
	if err := json.Unmarshal([]byte(said.Out), into); err != nil {
		r.T.Fatalf("%s: %v\n%s", target, err, said.Out)
	}
}

// Plan is what a target would do.
func (r *Rig) Plan(target string, pick devcontainer.Selection) (string, error) {
	r.T.Helper()
	said, err := r.play(play{Target: target, Pick: pick, Plan: true}).run(r.T.Context(), r.Shape)
	return said.Out, err
}

// Refused runs a target that has to fail with a code and a text.
func (r *Rig) Refused(target string, pick devcontainer.Selection, code int, text string) {
	r.T.Helper()
	said, err := r.Run(target, pick)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error()+"\n"+fault.Hint(err), text) {
		r.T.Errorf("%s: exit %d, %v\nwant %d, %q\n%s", target, fault.Code(err), err, code, text, said.Err)
	}
}

// Rollback takes the newest run back, as another process.
func (r *Rig) Rollback() Said {
	r.T.Helper()
	said, err := r.play(play{Rollback: r.Newest()}).run(r.T.Context(), r.Shape)
	if err != nil {
		r.T.Fatalf("roll back: %v\n%s", err, said.Err)
	}
	return said
}

// Newest is the run that wrote its journal last.
func (r *Rig) Newest() string {
	r.T.Helper()
	all, err := filepath.Glob(filepath.Join(r.Root, ".iact/journal/*.jsonl"))
	r.Must(err)
	var name string
	var at time.Time
	for _, one := range all {
		info, err := os.Stat(one)
		r.Must(err)
		if info.ModTime().After(at) {
			name, at = one, info.ModTime()
		}
	}
	return strings.TrimSuffix(filepath.Base(name), ".jsonl")
}

// Killed runs a target in a process of its own, which dies as by kill -9 as soon
// as a docker command with these words has ended.
func (r *Rig) Killed(target string, pick devcontainer.Selection, words string) {
	r.T.Helper()
	self, env := r.process(play{Target: target, Pick: pick, Kill: words})
	child := command.Change(self)
	child.Env = env
	err := command.NewDoor(command.Local()).Run(r.T.Context(), child)
	if err == nil || !strings.Contains(err.Error(), "SIGKILL") {
		r.T.Fatalf("%s was not killed at %q: %v", target, words, err)
	}
}

// Process is a program, and its environment, that runs a target.
func (r *Rig) Process(target string, pick devcontainer.Selection) (program string, env []string) {
	r.T.Helper()
	return r.process(play{Target: target, Pick: pick})
}

func (r *Rig) process(p play) (program string, env []string) {
	r.T.Helper()
	text, err := json.Marshal(r.play(p))
	r.Must(err)
	self, err := os.Executable()
	r.Must(err)
	return self, []string{variable + "=" + string(text)}
}

// play is one invocation of the toolkit.
type play struct {
	Target, Rollback, Kill, Root, Workspace, Settings string
	JSON, Plan                                        bool
	Pick                                              devcontainer.Selection
	Docker                                            []string
}

func (r *Rig) play(p play) play {
	p.Root, p.Workspace, p.Settings, p.Docker = r.Root, r.Workspace, r.Settings, r.Docker.Env()
	return p
}

// console collects what is printed.
type console struct {
	out, err bytes.Buffer
}

func (p play) open(shape func(*devcontainer.Options)) (*devcontainer.Room, *engine.Engine, *console, error) {
	if err := os.MkdirAll(filepath.Join(p.Root, "config"), 0o755); err != nil {
		return nil, nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(p.Root, "config/iact.yaml"), []byte(p.Settings), 0o644); err != nil {
		return nil, nil, nil, err
	}
	options := devcontainer.Options{
		Config: func() (*config.Config, error) {
			return config.Load(config.Options{Root: p.Root, Getenv: func(string) string { return "" }})
		},
		Environ: os.Environ(), Now: time.Now, Docker: p.Docker, Catalogue: symptom.Load,
		Patience: scenetest.Patience,
	}
	if shape != nil {
		shape(&options)
	}
	room := devcontainer.New(options)
	registry, err := procedure.NewRegistry(room.Procedure())
	if err != nil {
		return nil, nil, nil, err
	}
	c := &console{}
	format := report.FormatText
	if p.JSON {
		format = report.FormatJSON
	}
	return room, engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &c.out, Err: &c.err, Now: time.Now, Format: format}), Door: p.door,
		JournalDir: filepath.Join(p.Root, ".iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid()}, Planning: p.Plan,
		Lang: "en", Targets: []string{p.Target}, Catalogue: symptom.Load, Now: time.Now, Random: rand.Reader,
	}), c, nil
}
