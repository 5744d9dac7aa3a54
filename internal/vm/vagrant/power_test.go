package vagrant_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/provider"
)

func TestPowerIsTakenBackToWhereEachMachineWas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target, calls string
		runs, sleeps  string // where such a machine gets to
	}{
		{"vm:halt", "halt on asleep", "off", "off"}, {"vm:suspend", "", "paused", "paused"}, {"vm:resume", "", "running", "running"},
	} {
		t.Run(c.target, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "on", "asleep", "off")
			r.good("vm:up")
			r.become("asleep", provider.Paused)
			r.become("off", provider.Off)
			r.calls()
			said := r.good(c.target)
			if r.state("on") != c.runs || r.state("asleep") != c.sleeps || r.state("off") != "off" || r.calls() != c.calls {
				t.Errorf("on is %s, asleep %s, off %s\n%s", r.state("on"), r.state("asleep"), r.state("off"), said)
			}
			if said := r.good(c.target); !strings.Contains(said, "already done") {
				t.Errorf("again: %s", said)
			}
			r.rollback()
			if r.state("on") != "running" || r.state("asleep") != "paused" || r.state("off") != "off" {
				t.Errorf("rolled back: on is %s, asleep %s, off %s", r.state("on"), r.state("asleep"), r.state("off"))
			}
		})
	}
}

func TestARollbackOfOneMachineLeavesTheOthersAndWhatIsAboutAll(t *testing.T) {
	t.Parallel()
	r := newRig(t, "a", "b")
	r.good("vm:up")
	r.selected = vm.Selection{Machine: "a"}
	r.good("vm:halt")
	r.selected = vm.Selection{Machine: "b"}
	r.good("vm:suspend")
	if said, err := r.rollbackOf("a"); err != nil || r.state("a") != "running" || r.state("b") != "paused" {
		t.Errorf("a is %s, b %s, %v\n%s", r.state("a"), r.state("b"), err, said)
	}
	// What is left of a was done to both.
	_, err := r.rollbackOf("a")
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "vm:up, is about all machines") || !strings.Contains(fault.Hint(err), "mage vm:rollback") || r.state("a") != "running" {
		t.Errorf("a is %s: exit %d, %v", r.state("a"), fault.Code(err), err)
	}
	r.rollback()
	if r.state("b") != "running" {
		t.Errorf("b is %s", r.state("b"))
	}
}

func TestMachinesThatAreOffAreNeitherSuspendedNorResumed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.run("vm:halt"); fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "vm:up") {
		t.Errorf("not made: exit %d, %v", fault.Code(err), err)
	}
	r.good("vm:up")
	r.become("default", provider.Off)
	for _, target := range []string{"vm:suspend", "vm:resume"} {
		if _, err := r.run(target); fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "vm:up") || r.state("default") != "off" {
			t.Errorf("%s: exit %d, %v", target, fault.Code(err), err)
		}
	}
}

func TestAMachineIsShutDownAlsoWhenVagrantCannot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("vm:up")
	r.write(".lab/away.192.168.121.10", "") // so that nothing inside is asked
	r.fault("halt")
	if said := r.good("vm:halt"); r.state("default") != "off" || !strings.Contains(said, "vagrant does not shut them down") {
		t.Errorf("it is %s\n%s", r.state("default"), said)
	}
}

func TestProvisionIsForcedAndReloadKeepsWhatIsProvisioned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("vm:up")
	r.calls()
	r.good("vm:provision")
	r.good("vm:reload")
	if calls := r.calls(); calls != "rsync default; provision default; ssh-config default; reload default; ssh-config default" {
		t.Errorf("vagrant was asked: %s", calls)
	}
	if said := r.good("vm:up"); !strings.Contains(said, "already done") {
		t.Errorf("after it: %s", said)
	}
}

func TestDestroyAsksSaysWhatIsLostAndLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("vm:up")
	if _, err := r.run("vm:destroy"); fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "-yes=true") || r.state("default") != "running" {
		t.Errorf("nobody to ask: exit %d, %v", fault.Code(err), err)
	}
	r.answers = strings.NewReader("\n")
	said, err := r.run("vm:destroy")
	if fault.Code(err) != 1 || r.state("default") != "running" {
		t.Errorf("no answer: %v", err)
	}
	for _, part := range []string{"default is running", "3.0 MiB on its disks", "1 snapshot", "mage backup:vm", "Destroy default?"} {
		if !strings.Contains(said, part) {
			t.Errorf("no %q in\n%s", part, said)
		}
	}
	r.answers = strings.NewReader("y\n")
	r.good("vm:destroy")
	for _, pattern := range []string{".lab/dom/*", ".lab/volume.*", ".vagrant/machines/*/*/id", ".iact/vm/*", ".iact/cache/vagrant/*.ssh-config"} {
		if left, _ := filepath.Glob(r.at(pattern)); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	}
	r.selected = vm.Selection{Yes: true}
	r.answers = nil
	if said := r.good("vm:destroy"); !strings.Contains(said, "already done") {
		t.Errorf("again: %s", said)
	}
}

func TestStatusTellsHowEachMachineStandsWithoutVagrant(t *testing.T) {
	t.Parallel()
	r := newRig(t, "whole", "half", "gone", "none", "twice")
	r.config = "provider: libvirt, machines: [whole, half, gone, twice]"
	r.write(".lab/address.whole", "192.168.121.10")
	r.good("vm:up")
	r.must(os.RemoveAll(r.at(".lab/guest.half")))
	r.fault("mariadb_install", "half")
	r.selected = vm.Selection{Machine: "half"}
	_, _ = r.run("vm:provision")
	r.selected = vm.Selection{}
	r.must(os.Remove(r.at(".lab/dom/" + r.id("gone"))))
	r.write(".vagrant/machines/twice/virtualbox/id", "0b5c5f52-0000-4000-8000-000000000000\n")
	r.config = "provider: libvirt"
	r.calls()
	p := r.process()
	found, err := p.room.Status(t.Context(), command.NewDoor(command.Local()))
	r.must(err)
	r.must(p.Close())
	if r.calls() != "" {
		t.Error("vagrant was asked")
	}
	var table bytes.Buffer
	found.Write(&table)
	for _, row := range [][]string{
		{"whole", "running   3 h    libvirt", "768 MiB", "192.168.121.10"}, {"half", "running"}, {"gone", "gone", "libvirt", "-"}, {"none", "not made", "-"},
		{"half: not provisioned to its end: "}, {"gone: it was removed without vagrant"},
		{"twice: vagrant has one of libvirt (" + r.id("twice") + ") and one of virtualbox (0b5c5f52-0000-4000-8000-000000000000), and would act on either; "},
	} {
		line := ""
		for one := range strings.Lines(table.String()) {
			if strings.HasPrefix(one, row[0]) && (len(row) > 1) != strings.Contains(one, ": ") {
				line = one
			}
		}
		for _, part := range row {
			if !strings.Contains(line, part) {
				t.Errorf("no %q in %q of\n%s", part, line, table.String())
			}
		}
	}
	text, err := json.Marshal(found)
	if err != nil || !strings.Contains(string(text), `"name":"whole","provider":"libvirt","state":"running","since":"`) || strings.Count(string(text), `"since"`) != 3 {
		t.Errorf("%v %s", err, text)
	}
}

func TestNamesThatAreComputedAreAskedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("Vagrantfile", "Vagrant.configure(\"2\") do |config|\n  %w[a b].each { |n| config.vm.define n }\nend\n")
	r.write(".lab/names", "a\nb\n")
	status := func() int {
		p := r.process()
		defer func() { r.must(p.Close()) }()
		found, err := p.room.Status(t.Context(), command.NewDoor(command.Local()))
		r.must(err)
		return len(found.Machines)
	}
	if n := status(); n != 2 || r.calls() != "status --machine-readable" {
		t.Errorf("%d machines", n)
	}
	if n := status(); n != 2 || r.calls() != "" {
		t.Errorf("%d machines, and vagrant was asked again", n)
	}
	r.write("machines.yaml", "changed")
	if n := status(); n != 2 || r.calls() == "" {
		t.Errorf("%d machines, and vagrant was not asked although a file beside it has changed", n)
	}
}
