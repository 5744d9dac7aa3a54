package vm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vmtest"
)

// keeping is a project of two machines that are kept in memory.
type keeping struct {
	*vmtest.Provider
	t       *testing.T
	root    string
	guests  map[string]*vmtest.Guest
	answers io.Reader // of the person at the terminal
	saved   func(domain string) (string, error)
	said    *bytes.Buffer
	last    string // the id of the newest run
}

// The ids are those that libvirt would give.
const (
	mariaID    = "11111111-1111-4111-8111-111111111111"
	postgresID = "22222222-2222-4222-8222-222222222222"
)

func newKeeping(t *testing.T) *keeping {
	t.Helper()
	k := &keeping{t: t, Provider: vmtest.New(), root: t.TempDir(), guests: map[string]*vmtest.Guest{}}
	k.write("go.mod", "module iact-infra\n")
	k.write("vm/Vagrantfile", "Vagrant.configure(\"2\") do |config|\n  config.vm.define \"mariadb\" do |m|\n    m.vm.network \"private_network\", ip: \"192.168.56.10\"\n  end\n  config.vm.define \"postgresql\"\nend\n")
	k.write("vm.env", "POSTGRESQL_PASSWORD=pg-secret-1\nMARIADB_PASSWORD=my-secret-1\n")
	for name, id := range map[string]string{"mariadb": mariaID, "postgresql": postgresID} {
		k.write("vm/.vagrant/machines/"+name+"/libvirt/id", id)
		k.Add(id, name, provider.Running)
		k.Write(id, "old")
		k.guests[name] = k.Guest(id)
		k.guests[name].Answer = func(c command.Command, _ string) (string, int) {
			if c.Program == "bash" {
				return vmtest.Facts(), 0
			}
			return "", 0
		}
	}
	return k
}

func (k *keeping) write(name, text string) {
	k.t.Helper()
	file := filepath.Join(k.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// settings writes the configuration.
func (k *keeping) settings() {
	k.t.Helper()
	k.write("config/iact.yaml", "vm: {dir: "+k.root+"/vm, logins: "+k.root+"/vm.env, postgresql: distribution, mariadb: distribution}\n")
}

// startsBy has a machine start where Vagrant is told to bring it up.
type startsBy struct {
	command.Transport
	k *keeping
}

func (s startsBy) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Program == "vagrant" {
		if !slices.Equal(c.Args, []string{"up", "mariadb", "--no-provision"}) {
			s.k.t.Errorf("unexpected: vagrant %s", c.Args)
		}
		if err := s.k.Provider.Start(ctx, mariaID); err != nil {
			s.k.t.Error(err)
		}
		c.Program, c.Args = "true", nil
	}
	return s.Transport.Start(ctx, c, stdout)
}

// room is that of a process of its own.
func (k *keeping) room() *vm.Room {
	settings := sync.OnceValues(func() (*config.Config, error) {
		return config.Load(config.Options{Root: k.root, Getenv: func(string) string { return "" }})
	})
	return vm.New(vm.Options{
		Config: settings, Getenv: func(string) string { return "" }, Now: k.Now, Random: rand.Reader, Answers: k.answers, Saved: k.saved,
		Provider: func(string, *command.Door) (provider.Exporter, error) { return k.Provider, nil },
		Enter:    func(name string) (command.Transport, error) { return k.guests[name], nil },
	})
}

// open is an engine in a process of its own.
func (k *keeping) open(s vm.Selection) *engine.Engine {
	k.t.Helper()
	k.settings()
	room := k.room()
	if err := room.Select(s); err != nil {
		k.t.Fatal(err)
	}
	registry, err := procedure.NewRegistry(room.Procedure())
	if err != nil {
		k.t.Fatal(err)
	}
	k.said = &bytes.Buffer{}
	return engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: k.said, Err: k.said, Now: k.Now}),
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(startsBy{command.Local(), k}, o...) },
		JournalDir: filepath.Join(k.root, ".iact", "journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang: "en", Catalogue: symptom.Load, Now: k.Now, Random: rand.Reader,
	})
}

// run runs a target; its error is that of the target.
func (k *keeping) run(ctx context.Context, target string, s vm.Selection) error {
	k.t.Helper()
	k.Pass(1e9) // no two runs begin at one time
	e := k.open(s)
	err := e.Target(ctx, target)
	if wrong := e.Close(); wrong != nil {
		k.t.Fatal(wrong)
	}
	k.last = k.newest()
	return err
}

func (k *keeping) newest() string {
	k.t.Helper()
	journals, err := filepath.Glob(filepath.Join(k.root, ".iact", "journal", "*.jsonl"))
	if err != nil {
		k.t.Fatal(err)
	}
	if len(journals) == 0 {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(journals[len(journals)-1]), ".jsonl")
}

func (k *keeping) good(target string, s vm.Selection) string {
	k.t.Helper()
	if err := k.run(k.t.Context(), target, s); err != nil {
		k.t.Fatalf("%s: %+v\n%s", target, err, k.said)
	}
	return k.said.String()
}

// refused wants an error with a code, a text and a hint.
func (k *keeping) refused(target string, s vm.Selection, code int, what, hint string) {
	k.t.Helper()
	err := k.run(k.t.Context(), target, s)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error(), what) || !strings.Contains(strings.ReplaceAll(k.long(err), "\n", " "), hint) {
		k.t.Errorf("%s: exit %d, %s\nwant %d, %q, %q", target, fault.Code(err), k.long(err), code, what, hint)
	}
}

func (k *keeping) long(err error) string {
	var b bytes.Buffer
	if f, is := err.(interface{ Unwrap() []error }); is {
		for _, one := range f.Unwrap() {
			b.WriteString(one.Error() + "\n" + fault.Hint(one) + "\n")
		}
	}
	return b.String()
}

// undo takes the newest run back, in another process.
func (k *keeping) undo() {
	k.t.Helper()
	e := k.open(vm.Selection{})
	if err := e.Rollback(k.t.Context(), k.last, false); err != nil {
		k.t.Fatalf("%+v\n%s", err, k.said)
	}
	if err := e.Close(); err != nil {
		k.t.Fatal(err)
	}
}

// names are the snapshots of a machine.
func (k *keeping) names(id string) string {
	k.t.Helper()
	known, err := k.Snapshots(context.Background(), id)
	if err != nil {
		k.t.Fatal(err)
	}
	var all []string
	for _, one := range known {
		all = append(all, one.Name)
	}
	return strings.Join(all, " ")
}

// expect holds snapshots and disks of both machines against what they should be.
func (k *keeping) expect(snapshots, disk string) {
	k.t.Helper()
	for _, id := range []string{mariaID, postgresID} {
		if got := k.names(id); got != snapshots {
			k.t.Errorf("%s has the snapshots %q, want %q", id[:4], got, snapshots)
		}
		if got := k.Disk(id); got != disk {
			k.t.Errorf("%s has %q on its disk, want %q", id[:4], got, disk)
		}
	}
}

// notes are what a step has recorded, for one process after the other.
type notes map[string]json.RawMessage

// step is one step as the engine hands it its work, with what it has recorded
// before: that is all which is left of a process that was killed.
func (k *keeping) step(target string, s vm.Selection, n notes) (procedure.Step, *procedure.Work) {
	k.t.Helper()
	k.settings()
	room := k.room()
	if err := room.Select(s); err != nil {
		k.t.Fatal(err)
	}
	w := &procedure.Work{
		Door: command.NewDoor(command.Local()), Lang: "en", Run: "r1",
		Record: func(key string, value any) (err error) {
			n[key], err = json.Marshal(value)
			return err
		},
		Recall: func(key string, into any) (bool, error) {
			if n[key] == nil {
				return false, nil
			}
			return true, json.Unmarshal(n[key], into)
		},
	}
	for _, one := range room.Procedure().Every() {
		if one.Target == target {
			return one, w
		}
	}
	k.t.Fatalf("there is no %s", target)
	return procedure.Step{}, nil
}
