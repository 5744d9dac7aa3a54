package host_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/testbed"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a checkout, and a Docker daemon of the test's own.
type rig struct {
	t      *testing.T
	root   string
	more   string // of the section host
	docker *testbed.DockerDaemon
	files  host.Files
	env    []string          // for programs, besides which daemon docker asks
	ssh    string            // the configuration file of ssh
	to     command.Transport // what the rig takes for this machine
	shape  func(*engine.Options)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), more: "memory: 0, disk: 0", docker: testbed.OwnDocker(t), to: command.Local()}
	r.checkout()
	r.files = host.Files{
		Config: filepath.Join(r.docker.Dir, "daemon.json"), Pid: filepath.Join(r.docker.Dir, "docker.pid"), Log: filepath.Join(r.docker.Dir, "docker.log"),
		Dir: filepath.Join(r.docker.Dir, "work"), // by which the testbed knows what is its own
	}
	process := &daemon.Process{Door: command.NewDoor(command.Local()), PidFile: r.files.Pid}
	argv, err := process.CommandLine(t.Context())
	if err != nil || len(argv) == 0 {
		t.Fatalf("command line: %q, %v", argv, err)
	}
	r.files.Command, r.files.Program = argv, argv[0]
	// A flag would go against the same key in the file.
	if i := slices.Index(argv, "--default-address-pool"); i >= 0 && strings.Contains(r.more, "pools") {
		r.files.Command = slices.Delete(argv, i, i+2)
	}
	return r
}

func (r *rig) checkout() {
	must(r.t, os.MkdirAll(filepath.Join(r.root, "config"), 0o755))
	must(r.t, os.WriteFile(filepath.Join(r.root, "go.mod"), []byte("module iact-infra\n"), 0o644))
}

// dockerEnv leads the client to the daemon of the test, where it has its own.
func (r *rig) dockerEnv() []string {
	if r.docker == nil {
		return nil
	}
	return r.docker.Env()
}

// process is one invocation of the toolkit.
type process struct {
	room   *host.Room
	engine *engine.Engine
	out    bytes.Buffer
	said   bytes.Buffer
}

func (r *rig) process(targets ...string) *process {
	r.t.Helper()
	settings := func() (*config.Config, error) {
		text := fmt.Sprintf("host: {%s}\n", r.more)
		if err := os.WriteFile(filepath.Join(r.root, "config/iact.yaml"), []byte(text), 0o644); err != nil {
			return nil, err
		}
		return config.Load(config.Options{Root: r.root, Getenv: func(string) string { return "" }})
	}
	p := &process{}
	places := &command.Places{SSHConfig: r.ssh, Cache: filepath.Join(r.root, ".iact/cache"), DockerEnv: r.dockerEnv()}
	r.t.Cleanup(places.Close)
	p.room = host.New(host.Options{
		Config: sync.OnceValues(settings), Places: func() (*command.Places, error) { return places, nil },
		Getenv: func(string) string { return "" }, Now: time.Now, Docker: append(r.dockerEnv(), r.env...), Files: r.files,
	})
	registry, err := procedure.NewRegistry(p.room.Procedure())
	must(r.t, err)
	options := engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &p.out, Err: &p.said, Now: time.Now}),
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(r.to, o...) },
		JournalDir: filepath.Join(r.root, ".iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang: "en", Targets: targets, Catalogue: symptom.Load, Now: time.Now, Random: rand.Reader,
	}
	if r.shape != nil {
		r.shape(&options)
	}
	p.engine = engine.New(options)
	return p
}

// run runs targets on a machine, and gives all that was printed.
func (r *rig) run(on string, targets ...string) (string, error) {
	r.t.Helper()
	p := r.process(targets...)
	defer func() { must(r.t, p.engine.Close()) }()
	must(r.t, p.room.Select(host.Selection{On: on}))
	for _, target := range targets {
		if err := p.engine.Target(r.t.Context(), target); err != nil {
			return p.said.String() + p.out.String(), err
		}
	}
	return p.said.String() + p.out.String(), nil
}

func (r *rig) good(on string, targets ...string) string {
	r.t.Helper()
	said, err := r.run(on, targets...)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", targets, err, said)
	}
	return said
}

// undo takes the run of a target back that wrote its journal last, by another
// process.
func (r *rig) undo(target string) {
	r.t.Helper()
	journals, err := filepath.Glob(filepath.Join(r.root, ".iact/journal/*.jsonl"))
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
	p := r.process()
	defer func() { must(r.t, p.engine.Close()) }()
	if err := p.engine.Rollback(r.t.Context(), strings.TrimSuffix(filepath.Base(name), ".jsonl"), false); err != nil {
		r.t.Fatalf("%v\n%s", err, p.said.String())
	}
}

func (r *rig) refused(on, target string, code int, what string) {
	r.t.Helper()
	said, err := r.run(on, target)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error(), what) {
		r.t.Errorf("%s: exit %d, %v\nwant %d, %q\n%s", target, fault.Code(err), err, code, what, said)
	}
}
