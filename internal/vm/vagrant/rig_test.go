package vagrant_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/provider"
)

// TestMain lets the programs of testdata stand in for Vagrant and ssh.
func TestMain(m *testing.M) {
	bin, err := filepath.Abs("testdata/bin")
	if err == nil {
		err = os.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	}
	if err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// rig is a project of Vagrant whose machines are files.
type rig struct {
	t        *testing.T
	root     string
	config   string    // of the section vm
	answers  io.Reader // of a person
	selected vm.Selection
	planning bool
}

func newRig(t *testing.T, machines ...string) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), config: "provider: libvirt"}
	var defined strings.Builder
	for _, name := range machines {
		fmt.Fprintf(&defined, "  config.vm.define %q do |m|\n  end\n", name)
	}
	r.write("go.mod", "module iact-infra\n")
	r.write("Vagrantfile", "Vagrant.configure(\"2\") do |config|\n"+defined.String()+"end\n")
	r.must(os.MkdirAll(r.at(".lab/dom"), 0o755))
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) at(name string) string { return filepath.Join(r.root, name) }

func (r *rig) write(name, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	r.must(os.WriteFile(r.at(name), []byte(text), 0o644))
}

func (r *rig) read(name string) string {
	text, err := os.ReadFile(r.at(name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (r *rig) exists(name string) bool {
	_, err := os.Lstat(r.at(name))
	return err == nil
}

// fault has Vagrant do something wrong until it is mended.
func (r *rig) fault(what string, of ...string) { r.write(".lab/fault."+what, strings.Join(of, "\n")) }

func (r *rig) mend(what string) { r.must(os.Remove(r.at(".lab/fault." + what))) }

// calls are what Vagrant was asked since the last time.
func (r *rig) calls() string {
	r.t.Helper()
	text := r.read(".lab/calls")
	r.must(os.RemoveAll(r.at(".lab/calls")))
	return strings.ReplaceAll(text, "\n", "; ")
}

// id is that of a machine, as Vagrant has it.
func (r *rig) id(name string) string { return r.read(".vagrant/machines/" + name + "/libvirt/id") }

// state is how a machine stands; "" when its provider has none.
func (r *rig) state(name string) string {
	_, state, _ := strings.Cut(r.read(".lab/dom/"+r.id(name)), " ")
	return state
}

func (r *rig) become(name string, state provider.State) {
	r.write(".lab/dom/"+r.id(name), name+" "+string(state)+"\n")
}

// provider is the one of the machines that are files.
type files struct {
	provider.Exporter // what these tests do not ask for is nil
	r                 *rig
	name              string
	door              *command.Door
}

func (f files) Name() string { return f.name }

func (f files) Machines(context.Context) (map[string]provider.Machine, error) {
	all := map[string]provider.Machine{}
	found, err := filepath.Glob(f.r.at(".lab/dom/*"))
	for _, file := range found {
		id := filepath.Base(file)
		name, state, _ := strings.Cut(f.r.read(".lab/dom/"+id), " ")
		all[id] = provider.Machine{ID: id, Domain: "d-" + name, State: provider.State(state)}
	}
	return all, err
}

func (f files) Look(ctx context.Context, id string) (provider.Machine, error) {
	all, err := f.Machines(ctx)
	m, there := all[id]
	if err == nil && !there {
		err = provider.ErrGone
	}
	if m.State == provider.Running {
		m.Since = time.Now().Add(-200 * time.Minute)
	}
	m.CPUs, m.Memory, m.Disks = 2, 768<<20, []provider.Disk{{Target: "vda", Used: 3 << 20}}
	if address := f.r.read(".lab/address." + strings.TrimPrefix(m.Domain, "d-")); address != "" {
		m.Addresses = []string{address}
	}
	return m, err
}

func (f files) Snapshots(context.Context, string) ([]provider.Snapshot, error) {
	return []provider.Snapshot{{Name: "clean-provision"}}, nil
}

func (f files) turn(id, verb string, from, to provider.State) error {
	if f.door.Planning() {
		return f.door.Run(context.Background(), command.Change("virsh", verb, id))
	}
	name, state, _ := strings.Cut(f.r.read(".lab/dom/"+id), " ")
	if state != string(from) && state != string(to) {
		return fmt.Errorf("%s %s: it is %s: %w", verb, name, state, provider.ErrState)
	}
	f.r.write(".lab/dom/"+id, name+" "+string(to)+"\n")
	return nil
}

func (f files) Suspend(_ context.Context, id string) error {
	return f.turn(id, "suspend", provider.Running, provider.Paused)
}

func (f files) Resume(_ context.Context, id string) error {
	return f.turn(id, "resume", provider.Paused, provider.Running)
}

func (f files) Stop(_ context.Context, id string) error {
	return f.turn(id, "destroy", provider.Running, provider.Off)
}

// process is the toolkit, started once.
type process struct {
	*engine.Engine
	room      *vm.Room
	places    *command.Places
	out, said bytes.Buffer
}

func (r *rig) process(targets ...string) *process {
	r.t.Helper()
	r.write("config/iact.yaml", "vm: {dir: ., "+r.config+"}\n")
	settings := sync.OnceValues(func() (*config.Config, error) {
		return config.Load(config.Options{Root: r.root, Getenv: func(string) string { return "" }})
	})
	p := &process{places: &command.Places{VagrantDir: r.root, Cache: r.at(".iact/cache")}}
	p.room = vm.New(vm.Options{
		Config: settings, Places: func() (*command.Places, error) { return p.places, nil }, Getenv: func(string) string { return "" },
		Now: time.Now, Random: rand.Reader, Answers: r.answers,
		Provider: func(name string, door *command.Door) (provider.Exporter, error) {
			return files{r: r, name: name, door: door}, nil
		},
	})
	r.must(p.room.Select(r.selected))
	registry, err := procedure.NewRegistry(p.room.Procedure())
	r.must(err)
	args := targets
	if r.selected.Machine != "" {
		args = append(args, "-machine="+r.selected.Machine)
	}
	p.Engine = engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &p.out, Err: &p.said, Now: time.Now}), Planning: r.planning,
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir: r.at(".iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid(), Args: args},
		Lang: "en", Targets: targets, Catalogue: symptom.Load, Now: time.Now, Random: rand.Reader,
	})
	return p
}

// run runs a target in a process of its own.
func (r *rig) run(target string) (string, error) {
	r.t.Helper()
	return r.runIn(r.t.Context(), target)
}

func (r *rig) runIn(ctx context.Context, target string) (string, error) {
	r.t.Helper()
	p := r.process(target)
	defer p.places.Close()
	err := p.Target(ctx, target)
	r.must(p.Close())
	return p.said.String() + p.out.String(), err
}

func (r *rig) good(target string) string {
	r.t.Helper()
	said, err := r.run(target)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", target, err, said)
	}
	return said
}

// rollback takes back the newest run that stands, in a process of its own.
func (r *rig) rollback() string {
	r.t.Helper()
	said, err := r.rollbackOf("")
	if err != nil {
		r.t.Fatalf("%v\n%s", err, said)
	}
	return said
}

// rollbackOf takes back the newest run about a machine.
func (r *rig) rollbackOf(machine string) (string, error) {
	r.t.Helper()
	p := r.process("vm:rollback")
	defer p.places.Close()
	err := p.RollbackLast(r.t.Context(), "PROCED-INFRA-001", vm.RunsAbout(machine))
	r.must(p.Close())
	return p.said.String(), err
}

// cutOff runs a target and ends it when Vagrant has come to a place.
func (r *rig) cutOff(target, place string) error {
	r.t.Helper()
	r.fault("hang-" + place)
	if !r.exists(".lab/fifo") {
		r.must(syscall.Mkfifo(r.at(".lab/fifo"), 0o600))
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	go func() {
		_, _ = os.ReadFile(r.at(".lab/fifo")) // it is opened when the other end is
		cancel()
	}()
	said, err := r.runIn(ctx, target)
	if err == nil || ctx.Err() == nil {
		r.t.Errorf("%s was not cut off at %s: %v\n%s", target, place, err, said)
	}
	r.mend("hang-" + place)
	_ = os.RemoveAll(r.at(".lab/lock.default")) // locks go with the process that holds them
	return err
}
