package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/whole"
)

// VagrantOptions say which machine programs run on.
type VagrantOptions struct {
	Name    string // of the transport
	Machine string
	Dir     string // where the Vagrantfile is
	Cache   string // where the answers of `vagrant ssh-config` are kept; mode 0700
}

// vagrant reaches a machine by ssh. `vagrant ssh` starts Ruby for every
// command, which takes seconds; `vagrant ssh-config` is asked once, and again
// when its answer no longer leads to the machine.
type vagrant struct {
	o VagrantOptions

	mu  sync.Mutex
	ssh *ssh
}

// NewVagrant is the transport to a machine of Vagrant.
func NewVagrant(o VagrantOptions) *Far {
	v := &vagrant{o: o}
	return &Far{name: o.Name, reach: v.reach, shown: v.shown, fails: v.fails, close: v.close, packs: true}
}

func (v *vagrant) shown(c Command) string {
	as := c.As
	c.As = ""
	line := c.String()
	if as != "" {
		line = "sudo -u " + as + " " + line
	}
	vagrant := Read("vagrant", "ssh", v.o.Machine, "-c", line)
	vagrant.Dir = v.o.Dir
	return vagrant.String()
}

func (v *vagrant) reach(ctx context.Context, line, as string) (Command, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if config := v.o.Kept(); v.ssh == nil && config != "" {
		v.ssh = v.by(config)
	}
	if v.ssh != nil {
		c, err := v.ssh.reach(ctx, line, as)
		var away *Unreachable
		if !errors.As(err, &away) {
			return c, err
		}
		v.ssh.close() // it may have another port or key by now
		v.ssh = nil
	}
	config, err := v.ask(ctx)
	if err != nil {
		return Command{}, err
	}
	v.ssh = v.by(config)
	return v.ssh.reach(ctx, line, as)
}

func (v *vagrant) by(config string) *ssh {
	return &ssh{o: SSHOptions{Name: v.o.Name, Target: v.o.Machine, Config: config}}
}

// Kept is the file with the last answer of Vagrant about the way to the machine,
// "" when there is none or when the machine is a newer one.
func (o VagrantOptions) Kept() string {
	kept, err := os.Stat(o.file())
	if err != nil {
		return ""
	}
	ids, _ := filepath.Glob(filepath.Join(o.Dir, ".vagrant", "machines", o.Machine, "*", "id"))
	if len(ids) == 0 {
		return "" // the machine is gone, or not this directory's
	}
	for _, id := range ids {
		if made, err := os.Stat(id); err != nil || made.ModTime().After(kept.ModTime()) {
			return ""
		}
	}
	return o.file()
}

// Forget drops the last answer of Vagrant about the way to the machine.
func (o VagrantOptions) Forget() error {
	if err := os.Remove(o.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the way to %s: %w", o.Machine, err)
	}
	return nil
}

func (o VagrantOptions) file() string { return filepath.Join(o.Cache, o.Machine+".ssh-config") }

// ask has Vagrant say how to reach the machine.
func (v *vagrant) ask(ctx context.Context) (file string, err error) {
	if _, err := os.Stat(v.o.Dir); errors.Is(err, fs.ErrNotExist) {
		return "", v.fails(noVagrantfile, err)
	}
	c := Read("vagrant", "ssh-config", v.o.Machine)
	c.Dir = v.o.Dir
	c.Env = []string{"VAGRANT_CHECKPOINT_DISABLE=1"}
	c.Timeout = time.Minute
	out, err := NewDoor(Local()).Text(ctx, c).String()
	if err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Exit > 0 {
			return "", v.fails(failed.Stderr, errors.New(failed.Error()))
		}
		return "", err
	}
	if !strings.Contains(out, "HostName ") {
		return "", fmt.Errorf("ask vagrant how to reach %s: it names no host", v.o.Machine)
	}
	// A reader sees the old answer or the new one, never half of it.
	return v.o.file(), whole.Text(v.o.file(), []byte(out))
}

// noVagrantfile is what Vagrant says where there is none.
const noVagrantfile = "A Vagrant environment or target machine is required"

func (v *vagrant) fails(said string, err error) error {
	start := Read("vagrant", "up", v.o.Machine)
	start.Dir = v.o.Dir
	away := &Unreachable{Place: v.o.Name, Why: because(said, "vagrant", err), Fix: "start the machine: " + start.String(), Err: err}
	switch {
	case strings.Contains(said, "was not found configured"):
		away.Why, away.Fix = "the Vagrantfile in "+v.o.Dir+" has no machine "+v.o.Machine, "correct via; vagrant status lists the machines"
	case strings.Contains(said, noVagrantfile):
		away.Why, away.Fix = "no Vagrantfile in "+v.o.Dir, "name its directory in the configuration: vm: {dir: PATH}"
	case strings.Contains(said, "not yet ready for SSH"), strings.Contains(said, "must be created before"):
		away.Why = "the machine does not run"
	}
	return away
}

func (v *vagrant) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ssh != nil {
		v.ssh.close()
		v.ssh = nil
	}
}
