package testbed

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// LibvirtDaemon is libvirt with plain QEMU. It is the one of this machine, and others use it at the same time: a test
// makes machines with names of its own, and lists none but them.
type LibvirtDaemon struct {
	URI  string // for virsh -c
	Pool string // where Vagrant puts the disks
	door *command.Door
	root string // of the checkout
}

// sharedLibvirt is what shared is for PostgreSQL.
//
//nolint:gochecknoglobals // one use a test process, and testing has no other place to keep it
var sharedLibvirt = sync.OnceValue(func() error {
	root, err := checkout()
	if err == nil {
		_, err = cluster.StartLibvirt(context.Background(), command.NewDoor(command.Local()), root)
	}
	return err
})

// Libvirt is a running libvirt.
func Libvirt(t testing.TB) *LibvirtDaemon {
	t.Helper()
	realOnly(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	installed(t, sharedLibvirt(), cluster.ErrNoLibvirt)
	return &LibvirtDaemon{URI: "qemu:///system", Pool: "iact-testbed", door: command.NewDoor(command.Local()), root: root}
}

// Virsh runs virsh and returns what it prints, without the last newlines. When it fails, so does the test.
func (l *LibvirtDaemon) Virsh(t testing.TB, args ...string) string {
	t.Helper()
	out, err := l.Try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Try is Virsh for a command that may fail. It does not end with the test's context: clean-ups use it, too.
func (l *LibvirtDaemon) Try(t testing.TB, args ...string) (string, error) {
	t.Helper()
	c := command.Change("virsh", append([]string{"-q", "-c", l.URI}, args...)...)
	c.Timeout = 2 * time.Minute
	out, err := l.door.Text(context.WithoutCancel(t.Context()), c).String()
	return strings.TrimRight(out, "\n"), err
}

// Name is a name for a machine that no other test uses.
func (l *LibvirtDaemon) Name(t testing.TB) string {
	t.Helper()
	return "iact-t-" + strings.ToLower(rand.Text()[:12])
}

// BlankMachine is a machine without a system. It starts in half a second, and does nothing then.
type BlankMachine struct {
	ID     string
	Domain string
	Disk   string // qcow2, 8 MiB, vda
}

// Blank makes a machine without a system, which is off. It goes with the test, whatever became of it.
func (l *LibvirtDaemon) Blank(t testing.TB) BlankMachine {
	t.Helper()
	return l.BlankAt(t, t.TempDir())
}

// BlankAt is Blank with the disk in a directory.
func (l *LibvirtDaemon) BlankAt(t testing.TB, dir string) BlankMachine {
	t.Helper()
	m := BlankMachine{Domain: l.Name(t), Disk: filepath.Join(dir, "vda.qcow2")}
	if err := l.door.Run(t.Context(), command.Change("qemu-img", "create", "-q", "-f", "qcow2", m.Disk, "8M")); err != nil {
		t.Fatal(err)
	}
	definition := filepath.Join(t.TempDir(), "domain.xml")
	err := os.WriteFile(definition, []byte(`<domain type='qemu'>
  <name>`+m.Domain+`</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='`+m.Disk+`'/><target dev='vda' bus='virtio'/></disk></devices>
</domain>`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.drop(t, m.Domain) })
	l.Virsh(t, "define", definition)
	m.ID = l.Virsh(t, "domuuid", m.Domain)
	return m
}

// drop removes a machine, whatever state it is in; its disks stay.
func (l *LibvirtDaemon) drop(t testing.TB, domain string) {
	t.Helper()
	_, _ = l.Try(t, "destroy", domain) // it may be off
	if _, err := l.Try(t, "undefine", domain, "--managed-save", "--snapshots-metadata"); err != nil && !strings.Contains(err.Error(), "failed to get domain") {
		t.Error(err)
	}
}

// VagrantProject is a directory with a Vagrantfile, and a home of Vagrant apart from that of the one who runs the tests.
// The home has the box debian/bookworm64, with PostgreSQL and MariaDB installed, and settings by which machines run on
// plain QEMU, with 768 MiB where the Vagrantfile does not say how many.
type VagrantProject struct {
	Dir    string
	Home   string
	Prefix string // of the names that libvirt knows its machines by
	l      *LibvirtDaemon
}

// Vagrant makes a project with a Vagrantfile. Its machines go with the test.
func (l *LibvirtDaemon) Vagrant(t testing.TB, vagrantfile string) *VagrantProject {
	t.Helper()
	v := &VagrantProject{Dir: t.TempDir(), Home: t.TempDir(), Prefix: l.Name(t) + "-", l: l}
	installed(t, cluster.VagrantHome(t.Context(), l.door, l.root, v.Home), cluster.ErrNoLibvirt)
	if err := os.WriteFile(filepath.Join(v.Dir, "Vagrantfile"), []byte(vagrantfile), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.remove(t) })
	return v
}

// Env is the environment by which Vagrant works for the project, as NAME=VALUE lines.
func (v *VagrantProject) Env() []string {
	return []string{
		"VAGRANT_HOME=" + v.Home, "VAGRANT_DEFAULT_PROVIDER=libvirt", "IACT_TEST_PREFIX=" + v.Prefix,
		"VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_NO_COLOR=1",
	}
}

// Run runs vagrant in the project and returns what it prints, without the last newline. When it fails, so does the test.
func (v *VagrantProject) Run(t testing.TB, args ...string) string {
	t.Helper()
	c := command.Change("vagrant", args...)
	c.Dir, c.Env, c.Timeout = v.Dir, v.Env(), 10*time.Minute
	out, err := v.l.door.Text(t.Context(), c).String()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(out, "\n")
}

// remove takes away the machines, their disks, and what forwards ports to them, without starting Vagrant.
func (v *VagrantProject) remove(t testing.TB) {
	t.Helper()
	const forwards = `for file in .vagrant/machines/*/libvirt/pids/ssh_*.pid; do
  pid=$(cat "$file" 2>/dev/null) || continue
  case $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) in ssh\ *vagrant*) kill "$pid" ;; esac
done`
	end := command.Change("sh", "-c", forwards)
	end.Dir = v.Dir
	if err := v.l.door.Run(context.WithoutCancel(t.Context()), end); err != nil {
		t.Error(err)
	}
	domains, err := v.l.Try(t, "list", "--all", "--name")
	if err != nil {
		t.Error(err)
	}
	for _, domain := range strings.Fields(domains) {
		if strings.HasPrefix(domain, v.Prefix) {
			v.l.drop(t, domain)
		}
	}
	_, _ = v.l.Try(t, "pool-refresh", v.l.Pool)
	volumes, err := v.l.Try(t, "vol-list", v.l.Pool)
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(volumes) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasPrefix(name, v.Prefix) {
			continue
		}
		if _, err := v.l.Try(t, "vol-delete", "--pool", v.l.Pool, name); err != nil {
			t.Error(err)
		}
	}
}
