package vagrant_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/provider"
)

func TestASecondUpChangesNothingAndDoesNotAskVagrant(t *testing.T) {
	t.Parallel()
	r := newRig(t, "mariadb", "postgresql")
	said := r.good("vm:up")
	if r.state("mariadb") != "running" || r.state("postgresql") != "running" {
		t.Fatalf("mariadb is %q, postgresql %q\n%s", r.state("mariadb"), r.state("postgresql"), said)
	}
	if calls := r.calls(); !strings.HasPrefix(calls, "up mariadb postgresql --provider=libvirt; ssh-config ") || strings.Count(calls, ";") != 2 {
		t.Errorf("vagrant was asked: %s", calls)
	}
	if said := r.good("vm:up"); !strings.Contains(said, "already done") || r.calls() != "" {
		t.Errorf("the second time: %s", said)
	}
}

func TestUpShowsHowFarItIsAndKeepsAllThatVagrantSays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	said := r.good("vm:up")
	for _, line := range []string{"default: Creating image", "default: Machine booted and ready!", "default: [STEP 2/5] mariadb_install.sh", "default: [SUCCESS] Bootstrap"} {
		if !strings.Contains(said, line) {
			t.Errorf("no %q in\n%s", line, said)
		}
	}
	logs, _ := filepath.Glob(r.at(".iact/logs/vm-*-up.log"))
	if len(logs) != 1 {
		t.Fatalf("logs: %q", logs)
	}
	text, err := os.ReadFile(logs[0])
	info, _ := os.Stat(logs[0])
	if err != nil || !strings.Contains(string(text), "$ (cd "+r.root+" && ") || !strings.Contains(string(text), "Bringing machine 'default' up") || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v\n%s", err, info.Mode(), text)
	}
}

func TestAMachineGoesTheShortestWayFromWhereItStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, calls string
		before      func(*rig)
	}{
		{"off", "up default --provider=libvirt; ssh-config default", func(r *rig) { r.become("default", provider.Off) }},
		{"suspended", "", func(r *rig) { r.become("default", provider.Paused) }},
		{"not provisioned to its end", "provision default; ssh-config default", func(r *rig) {
			r.must(os.RemoveAll(r.at(".lab/guest.default")))
			r.fault("postgres_install")
			if _, err := r.run("vm:provision"); err == nil {
				r.t.Error("it was provisioned")
			}
			r.mend("postgres_install")
		}},
		{"removed without vagrant", "up default --provider=libvirt; ssh-config default", func(r *rig) {
			r.must(os.Remove(r.at(".lab/dom/" + r.id("default"))))
			r.must(os.Remove(r.at(".lab/volume.default")))
			r.must(os.RemoveAll(r.at(".lab/guest.default")))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.good("vm:up")
			id := r.id("default")
			c.before(r)
			r.calls()
			said := r.good("vm:up")
			if calls := r.calls(); calls != c.calls {
				t.Errorf("vagrant was asked %q, want %q\n%s", calls, c.calls, said)
			}
			if r.state("default") != "running" || !r.exists(".lab/guest.default/setup_postgres_database") {
				t.Errorf("it is %s", r.state("default"))
			}
			if anew := c.name == "removed without vagrant"; anew == (r.id("default") == id) || anew != strings.Contains(said, "was removed without vagrant") {
				t.Errorf("it is machine %s and was %s\n%s", r.id("default"), id, said)
			}
			if said := r.good("vm:up"); !strings.Contains(said, "already done") {
				t.Errorf("and again: %s", said)
			}
		})
	}
}

func TestAStageThatFailsIsNamedAndGoneOnWithAtThatStage(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"system_prepare", "mariadb_install", "postgres_install", "setup_mariadb_database", "setup_postgres_database"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(stage)
			said, err := r.run("vm:up")
			if err == nil || fault.Code(err) != 1 || !strings.Contains(err.Error(), "default: "+stage+".sh failed with code: 100") || !strings.Contains(err.Error(), "-up.log") {
				t.Fatalf("%v\n%s", err, said)
			}
			var failure *engine.Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Left, "stays as far as it has come") || r.state("default") != "running" {
				t.Errorf("it is %q; %+v\n%s", r.state("default"), failure, said)
			}
			id := r.id("default")
			r.mend(stage)
			r.calls()
			said = r.good("vm:up")
			if calls := r.calls(); calls != "provision default; ssh-config default" || r.id("default") != id {
				t.Errorf("vagrant was asked: %s", calls)
			}
			if !strings.Contains(said, stage+".sh\n") || stage != "system_prepare" && !strings.Contains(said, "[STEP 1/5] system_prepare.sh (done already)") {
				t.Errorf("it says\n%s", said)
			}
		})
	}
}

func TestEveryFaultOfUpHasItsCauseAndLeavesACleanState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault, symptom string
		code           int
	}{
		{"box", "V26", 1}, {"checksum", "V16", 1}, {"range", "V27", 1}, {"port", "V04", 1}, {"ssh", "V14", 1}, {"disk", "", 1},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault(c.fault)
			said, err := r.run("vm:up")
			var failure *engine.Failure
			if !errors.As(err, &failure) || fault.Code(err) != c.code {
				t.Fatalf("exit %d, %v\n%s", fault.Code(err), err, said)
			}
			first := ""
			if all := failure.Steps[0].Advice; len(all) > 0 {
				first = all[0].ID
			}
			if c.symptom != "" && first != c.symptom {
				t.Errorf("the cause is %q, want %q: %v", first, c.symptom, err)
			}
			if r.id("default") != "" {
				t.Error("a machine is left")
			}
			r.mend(c.fault)
			r.good("vm:up")
			if r.state("default") != "running" {
				t.Errorf("mended, it is %q", r.state("default"))
			}
		})
	}
}

func TestAMachineOnWhichAnotherVagrantWorksIsLeftToIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.must(os.Mkdir(r.at(".lab/lock.default"), 0o755))
	_, err := r.run("vm:up")
	if fault.Code(err) != fault.Locked || !strings.Contains(fault.Hint(err), "wait") {
		t.Errorf("exit %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
	}
	// The other one makes the machine: a rollback of this run has nothing to do with it.
	r.must(os.Remove(r.at(".lab/lock.default")))
	r.good("vm:up")
	journals, _ := filepath.Glob(r.at(".iact/journal/*.jsonl"))
	made := 0
	for _, file := range journals {
		if text, _ := os.ReadFile(file); strings.Contains(string(text), `"made":"`+r.id("default")) {
			made++
		}
	}
	if len(journals) != 2 || made != 1 {
		t.Errorf("%d of %d runs say that they have made it", made, len(journals))
	}
}

func TestUpThatIsCutOffAnywhereIsGoneOnWith(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"volume", "boot", "provision", "postgres_install"} {
		t.Run("cancelled at "+place, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if err := r.cutOff("vm:up", place); err == nil {
				t.Fatal("it was not cut off")
			}
			goesOn(t, r)
		})
		t.Run("vagrant killed at "+place, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.fault("kill-" + place)
			if _, err := r.run("vm:up"); err == nil {
				t.Fatal("it was not killed")
			}
			r.mend("kill-" + place)
			r.must(os.RemoveAll(r.at(".lab/lock.default")))
			goesOn(t, r)
		})
	}
}

// goesOn wants one machine in the end, whole: with its ports, and provisioned.
func goesOn(t *testing.T, r *rig) {
	t.Helper()
	id := r.id("default")
	said := r.good("vm:up")
	if r.state("default") != "running" || !r.exists(".lab/guest.default/setup_postgres_database") || !r.exists(".lab/forwards.default") {
		t.Errorf("it is %q\n%s", r.state("default"), said)
	}
	if id != "" && r.id("default") != id {
		t.Errorf("machine %s was made anew", id)
	}
	if domains, _ := filepath.Glob(r.at(".lab/dom/*")); len(domains) != 1 {
		t.Errorf("there are %q", domains)
	}
	if said := r.good("vm:up"); !strings.Contains(said, "already done") {
		t.Errorf("and again: %s", said)
	}
}

func TestAMachineOfAnotherProviderIsRefusedWithTheWaysOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("vm:up")
	id := r.id("default")
	r.config = "provider: virtualbox"
	r.calls()
	_, err := r.run("vm:up")
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "it was made by libvirt") || !strings.Contains(fault.Hint(err), "provider: libvirt") || !strings.Contains(fault.Hint(err), "backup:vm") {
		t.Errorf("exit %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
	}
	if r.calls() != "" || r.id("default") != id {
		t.Error("something was done")
	}
}

func TestUpSaysAtOnceWhichPortIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	r.must(err)
	forward := "config.vm.network \"forwarded_port\", guest: 5432, host: " + port + ", host_ip: \"127.0.0.1\""
	r.write("Vagrantfile", "Vagrant.configure(\"2\") do |config|\n  "+forward+"\nend\n")
	_, err = r.run("vm:up")
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "port "+port+" of this host is taken") || !strings.Contains(fault.Hint(err), "ss -ltnp sport = :"+port) || r.calls() != "" {
		t.Errorf("exit %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
	}
	r.must(listener.Close())
	r.good("vm:up")
}

func TestUpSaysThatTheScriptOfOurVagrantfileIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write("Vagrantfile", "Vagrant.configure(\"2\") do |config|\n  vm = JSON.parse(File.read(File.join(__dir__, \"vm.json\")))\nend\n")
	_, err := r.run("vm:up")
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "there is no "+r.at("bootstrap.sh")) || !strings.Contains(fault.Hint(err), "vm:bootstrap") || r.calls() != "" {
		t.Errorf("exit %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
	}
}

func TestANameThatTwoProvidersHaveIsRefusedWithTheLineThatDecides(t *testing.T) {
	t.Parallel()
	for config, ways := range map[string][]string{"provider: auto": {"libvirt", "virtualbox"}, "provider: libvirt": {"virtualbox"}} {
		t.Run(config, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, "default", "other")
			r.good("vm:up")
			r.write(".vagrant/machines/default/virtualbox/id", "0b5c5f52-0000-4000-8000-000000000000\n")
			r.config, r.selected = config, vm.Selection{Machine: "default", Yes: true}
			var lines []string
			for _, one := range ways {
				lines = append(lines, "mv "+r.at(".vagrant/machines/default/"+one)+" "+r.at(".vagrant/default-"+one))
			}
			r.calls()
			for _, target := range []string{"vm:up", "vm:halt", "vm:suspend", "vm:reload", "vm:provision", "vm:snapshot", "vm:destroy"} {
				_, err := r.run(target)
				if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "vagrant has one of libvirt ("+r.id("default")+") and one of virtualbox (0b5c5f52-") || !strings.HasSuffix(fault.Hint(err), ": "+strings.Join(lines, " or ")) {
					t.Errorf("%s: exit %d, hint %q, %v", target, fault.Code(err), fault.Hint(err), err)
				}
			}
			if r.calls() != "" || r.state("default") != "running" {
				t.Error("something was done")
			}
			r.selected = vm.Selection{Machine: "other"}
			if said := r.good("vm:up"); !strings.Contains(said, "already done") {
				t.Errorf("the other one: %s", said)
			}
			r.must(os.Rename(r.at(".vagrant/machines/default/virtualbox"), r.at(".vagrant/default-virtualbox")))
			r.selected = vm.Selection{Machine: "default"}
			r.config = "provider: libvirt"
			if said := r.good("vm:up"); !strings.Contains(said, "already done") {
				t.Errorf("moved away: %s", said)
			}
		})
	}
}

func TestARollbackOfUpTakesAwayWhatTheRunHasMadeAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, "old", "new")
	r.config = "provider: libvirt, machines: [old]"
	r.good("vm:up")
	r.become("old", provider.Off)
	old := r.id("old")
	r.config = "provider: libvirt"
	r.good("vm:up")
	r.rollback()
	if r.id("old") != old || r.state("old") != "off" || r.id("new") != "" {
		t.Errorf("old is %q, new %q", r.state("old"), r.state("new"))
	}
	// A machine of that name that somebody else has made since is none of it.
	r.config = "provider: libvirt, machines: [new]"
	r.good("vm:up")
	r.must(os.RemoveAll(r.at(".vagrant/machines/new")))
	r.write(".vagrant/machines/new/libvirt/id", "0b5c5f52-0000-4000-8000-000000000000\n")
	r.become("new", provider.Running)
	if said := r.rollback(); r.state("new") != "running" || !strings.Contains(said, "it stays") {
		t.Errorf("new is %q\n%s", r.state("new"), said)
	}
}

func TestAPlanOfUpShowsWhatVagrantWouldBeAskedAndAsksNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.planning = true
	if said := r.good("vm:up"); !strings.Contains(said, "vagrant up default --provider=libvirt)") || r.calls() != "" || r.exists(".iact/vm") {
		t.Errorf("it says %s", said)
	}
}
