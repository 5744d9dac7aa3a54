package vm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/vm"
)

// fetchRig is a checkout of the toolkit and of a project, for steps 2 and 3.
type fetchRig struct {
	t       *testing.T
	root    string
	config  string // of the section vm
	project string // "" is the root
	env     map[string]string
	vagrant string // a script in place of Vagrant; "" is the real one
}

const validFile = `echo 'Vagrantfile validated successfully.'`

func newFetchRig(t *testing.T) *fetchRig {
	t.Helper()
	r := &fetchRig{t: t, root: t.TempDir(), env: map[string]string{"HOME": t.TempDir()}, vagrant: validFile}
	r.write("go.mod", "module iact-infra\n")
	r.write(".gitignore", "/config/vm.env\n")
	for _, name := range []string{"config/Vagrantfile", "scripts/bootstrap.sh", "scripts/bootstrap/servers.sh", "scripts/bootstrap/stages.sh"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		r.must(err)
		r.write(name, string(text))
	}
	return r
}

func (r *fetchRig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// at is a path in the checkout; files of Vagrant are in its directory for them.
func (r *fetchRig) at(name string) string {
	switch name {
	case "Vagrantfile", "vm.json", "bootstrap.sh":
		name = "vm/" + name
	}
	return filepath.Join(r.root, name)
}

func (r *fetchRig) write(name, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	r.must(os.WriteFile(r.at(name), []byte(text), 0o644))
}

func (r *fetchRig) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(r.at(name))
	r.must(err)
	return string(text)
}

func (r *fetchRig) exists(name string) bool {
	_, err := os.Lstat(r.at(name))
	return err == nil
}

// git runs git in a directory of the rig.
func (r *fetchRig) git(dir string, args ...string) string {
	r.t.Helper()
	c := command.Change("git", append([]string{"-C", r.at(dir), "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"}, args...)...)
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), c).String()
	r.must(err)
	return strings.TrimSpace(out)
}

// insteadOfVagrant runs a script where Vagrant is asked.
type insteadOfVagrant struct {
	command.Transport
	script string
}

func (i insteadOfVagrant) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Program == "vagrant" && i.script != "" {
		c.Program, c.Args = "sh", append([]string{"-c", i.script, "vagrant"}, c.Args...)
	}
	return i.Transport.Start(ctx, c, stdout)
}

type fetchProcess struct {
	*engine.Engine
	out, said bytes.Buffer
}

func (r *fetchRig) process(planning bool, targets ...string) *fetchProcess {
	r.t.Helper()
	text := "vm: {" + r.config + "}\n"
	if r.project != "" {
		text += "project: " + r.project + "\n"
	}
	r.write("config/iact.yaml", text)
	settings := sync.OnceValues(func() (*config.Config, error) {
		return config.Load(config.Options{Root: r.root, Getenv: func(string) string { return "" }})
	})
	room := vm.New(vm.Options{Config: settings, Getenv: func(name string) string { return r.env[name] }, Now: time.Now, Random: rand.Reader})
	registry, err := procedure.NewRegistry(room.Procedure())
	r.must(err)
	p := &fetchProcess{}
	p.Engine = engine.New(engine.Options{
		Registry: registry, Console: report.New(report.Options{Out: &p.out, Err: &p.said, Now: time.Now}), Planning: planning,
		Door: func(o ...command.Option) *command.Door {
			return command.NewDoor(insteadOfVagrant{command.Local(), r.vagrant}, o...)
		},
		JournalDir: r.at(".iact/journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang: "en", Targets: targets, Catalogue: symptom.Load, Now: time.Now, Random: rand.Reader,
	})
	return p
}

func (r *fetchRig) run(targets ...string) (string, error) {
	r.t.Helper()
	p := r.process(false, targets...)
	defer func() { r.must(p.Close()) }()
	for _, target := range targets {
		if err := p.Target(r.t.Context(), target); err != nil {
			return p.said.String() + p.out.String(), err
		}
	}
	return p.said.String() + p.out.String(), nil
}

func (r *fetchRig) good(targets ...string) string {
	r.t.Helper()
	said, err := r.run(targets...)
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", targets, err, said)
	}
	return said
}

// refused wants an error with a code, a text and a hint.
func (r *fetchRig) refused(target string, code int, what, hint string) {
	r.t.Helper()
	said, err := r.run(target)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error(), what) || !strings.Contains(fault.Hint(err), hint) {
		r.t.Errorf("%s: exit %d, %v\nhint %q\nwant %d, %q, %q\n%s", target, fault.Code(err), err, fault.Hint(err), code, what, hint, said)
	}
}

// undo takes the newest run back, in another process.
func (r *fetchRig) undo() string {
	r.t.Helper()
	journals, err := filepath.Glob(r.at(".iact/journal/*.jsonl"))
	r.must(err)
	p := r.process(false)
	defer func() { r.must(p.Close()) }()
	newest := journals[0]
	for _, one := range journals {
		a, err := os.Stat(one)
		r.must(err)
		b, err := os.Stat(newest)
		r.must(err)
		if a.ModTime().After(b.ModTime()) {
			newest = one
		}
	}
	if err := p.Rollback(r.t.Context(), strings.TrimSuffix(filepath.Base(newest), ".jsonl"), false); err != nil {
		r.t.Fatalf("%v\n%s", err, p.said.String())
	}
	return p.said.String()
}

// picture is every file of the checkout with its content and mode.
func (r *fetchRig) picture() string {
	r.t.Helper()
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), command.Read("sh", "-c",
		`cd "$1" && find . \( -path ./.iact -o -name .git -o -name iact.yaml \) -prune -o -printf '%p %m\n' | sort; find . \( -path ./.iact -o -name .git -o -name iact.yaml \) -prune -o -type f -exec sha256sum {} + | sort -k 2`, "sh", r.root)).String()
	r.must(err)
	return out
}
