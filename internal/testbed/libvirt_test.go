package testbed_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

func TestRealMachinesAreGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	libvirt := testbed.Libvirt(t)
	var machine testbed.BlankMachine
	t.Run("while it lasts", func(t *testing.T) {
		machine = libvirt.Blank(t)
		libvirt.Virsh(t, "start", machine.ID)
		libvirt.Virsh(t, "snapshot-create-as", machine.ID, "--name", "one")
		if state := libvirt.Virsh(t, "domstate", machine.Domain); state != "running" {
			t.Errorf("it is %s", state)
		}
	})
	if out, err := libvirt.Try(t, "dominfo", machine.ID); err == nil {
		t.Errorf("left: %s", out)
	}
	if _, err := os.Lstat(machine.Disk); err == nil {
		t.Errorf("left: %s", machine.Disk)
	}
}

// What Vagrant does with a machine, the room that runs it tests; here, that a test leaves nothing of it.
func TestRealAProjectOfVagrantIsGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	libvirt := testbed.Libvirt(t)
	var domain string
	t.Run("while it lasts", func(t *testing.T) {
		project := libvirt.Vagrant(t, `Vagrant.configure("2") { |config| config.vm.box = "debian/bookworm64" }`)
		domain = project.Prefix + "default"
		if said := project.Run(t, "status"); !strings.Contains(said, "not created (libvirt)") {
			t.Errorf("vagrant says %q", said)
		}
		libvirt.Virsh(t, "vol-create-as", libvirt.Pool, domain+".img", "1M")
		definition := filepath.Join(project.Dir, "domain.xml")
		xml := "<domain type='qemu'><name>" + domain + "</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>"
		if err := os.WriteFile(definition, []byte(xml), 0o600); err != nil {
			t.Fatal(err)
		}
		libvirt.Virsh(t, "define", definition)
		libvirt.Virsh(t, "start", domain)
	})
	for _, list := range [][]string{{"list", "--all"}, {"vol-list", libvirt.Pool}} {
		if left := libvirt.Virsh(t, list...); strings.Contains(left, domain) {
			t.Errorf("left: %s", left)
		}
	}
}
