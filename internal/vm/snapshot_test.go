package vm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm"
)

const errFull = command.Sentinel("no space left on device")

func TestTheSnapshotOfTheProcedureIsTakenOnceOfAllMachines(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	if said := k.good("vm:snapshot", vm.Selection{}); !strings.Contains(said, "clean-provision of mariadb, postgresql") {
		t.Errorf("it says %s", said)
	}
	k.expect("clean-provision", "old")
	for name, g := range k.guests {
		var all []string
		for _, c := range g.Seen() {
			all = append(all, c.String())
		}
		if said := strings.Join(all, "\n"); !strings.Contains(said, "CHECKPOINT") || strings.Index(said, "date -s") < strings.Index(said, "sync") {
			t.Errorf("%s is not asked to write, or its clock is not set afterwards:\n%s", name, said)
		}
	}
	if k.Lag(mariaID) != 0 || k.Lag(postgresID) != 0 {
		t.Error("a clock is late after the snapshot")
	}
	if said := k.good("vm:snapshot", vm.Selection{}); !strings.Contains(said, "skipped") {
		t.Errorf("a second time it says %s", said)
	}
	k.expect("clean-provision", "old")
}

func TestANameThatIsTakenOrUnsafeIsRefused(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	k.refused("vm:snapshot", vm.Selection{Name: "a"}, fault.Usage, "there is one of that name", "vm:snapshots lists them")
	for _, name := range []string{"-a", "../a", "a;b", strings.Repeat("a", 65)} {
		k.refused("vm:snapshot", vm.Selection{Name: name}, fault.Usage, "it cannot be called that", "1 to 64 of")
	}
	k.expect("a", "old")
}

func TestWhenOneMachineFailsTheOthersKeepNoSnapshot(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.Before("take "+postgresID, func() error { return errFull })
	if err := k.run(t.Context(), "vm:snapshot", vm.Selection{Name: "a"}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	k.expect("", "old")
}

// A name that was free when it was looked for may be taken a moment later.
func TestASnapshotThatSomebodyElseTookIsNeverRemoved(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	first := true
	k.Before("take "+postgresID, func() error {
		if !first {
			return nil
		}
		first = false
		return k.Take(context.Background(), postgresID, "a", "of somebody else")
	})
	if err := k.run(t.Context(), "vm:snapshot", vm.Selection{Name: "a"}); err == nil {
		t.Error("a name that is taken is no error")
	}
	if maria, postgres := k.names(mariaID), k.names(postgresID); maria != "" || postgres != "a" {
		t.Errorf("there are %q and %q, want none and a", maria, postgres)
	}
}

func TestUndoRemovesExactlyWhatTheRunTook(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	k.good("vm:snapshot", vm.Selection{Name: "b"})
	k.undo()
	k.expect("a", "old")
}

func TestASnapshotThatWasCutOffIsFinishedOrTakenBack(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]bool{"finished": true, "taken back": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeping(t)
			n := notes{}
			// As a killed process leaves it: one is taken, the other is not, and nothing was removed.
			k.Before("take "+postgresID, func() error { return errFull })
			k.Before("delete "+mariaID, func() error { return errFull })
			step, w := k.step("vm:snapshot", vm.Selection{Name: "a"}, n)
			if err := step.Run(t.Context(), w); err == nil {
				t.Fatal("it was not cut off")
			}
			if maria, postgres := k.names(mariaID), k.names(postgresID); maria != "a" || postgres != "" {
				t.Fatalf("it left %q and %q", maria, postgres)
			}
			k.Before("take "+postgresID, nil)
			k.Before("delete "+mariaID, nil)
			if finish {
				step, w = k.step("vm:snapshot", vm.Selection{Name: "a"}, n)
				if err := step.Run(t.Context(), w); err != nil {
					t.Fatalf("it does not go on: %v", err)
				}
				if said, err := step.Validate(t.Context(), w); err != nil || said != "a of mariadb, postgresql" {
					t.Errorf("it is proved as %q, %v", said, err)
				}
				k.expect("a", "old")
			}
			for range 2 { // twice is the same as once
				step, w = k.step("vm:snapshot", vm.Selection{}, n)
				if err := step.Undo(t.Context(), w); err != nil {
					t.Error(err)
				}
				if _, err := step.Undone(t.Context(), w); err != nil {
					t.Error(err)
				}
				k.expect("", "old")
			}
		})
	}
}

func TestAMachineThatIsGoneIsNamed(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.Drop(postgresID)
	k.refused("vm:snapshot", vm.Selection{Name: "a"}, fault.Missing, "postgresql: it is gone", "vm:up")
	k.good("vm:snapshot", vm.Selection{Name: "a", Machine: "mariadb"})
}

func TestARestoreGoesBackAndKeepsTheStateBefore(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	k.Pass(3 * time.Hour)
	k.Write(mariaID, "new")
	k.Write(postgresID, "new")
	k.refused("vm:restore", vm.Selection{}, fault.Usage, "none is named", "vm:snapshots")
	k.refused("vm:restore", vm.Selection{Name: "z"}, fault.Usage, "has none of that name", "it has: a")
	k.refused("vm:restore", vm.Selection{Name: "a"}, fault.Usage, "nobody is at a terminal", "-yes=true")
	k.expect("a", "new")

	said := k.good("vm:restore", vm.Selection{Name: "a", Yes: true})
	safety := strings.TrimPrefix(k.names(mariaID), "a ")
	if !strings.Contains(said, "mariadb loses all that was written to its disks in the last 3 h") || !strings.Contains(said, "the state before is "+safety) || !strings.HasPrefix(safety, "before-restore-2026") {
		t.Errorf("it says\n%s", said)
	}
	k.expect("a "+safety, "old")
	if lag := k.Lag(mariaID); lag != 0 {
		t.Errorf("its clock is %s late", lag)
	}
	k.undo()
	k.expect("a", "new")
}

func TestWhoeverSitsAtTheTerminalIsAsked(t *testing.T) {
	t.Parallel()
	for answer, disk := range map[string]string{"n\n": "new", "\n": "new", "y\n": "old"} {
		k := newKeeping(t)
		k.good("vm:snapshot", vm.Selection{Name: "a"})
		k.Write(mariaID, "new")
		k.answers = strings.NewReader(answer)
		if err := k.run(t.Context(), "vm:restore", vm.Selection{Name: "a", Machine: "mariadb"}); (err == nil) != (disk == "old") {
			t.Errorf("%q: %v", answer, err)
		}
		if got := k.Disk(mariaID); got != disk {
			t.Errorf("%q: it has %q on its disk, want %q", answer, got, disk)
		}
	}
}

func TestAMachineThatTheSnapshotLeavesOffIsStarted(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	if err := k.Stop(t.Context(), mariaID); err != nil {
		t.Fatal(err)
	}
	k.good("vm:snapshot", vm.Selection{Name: "off", Machine: "mariadb"})
	k.good("vm:restore", vm.Selection{Name: "off", Machine: "mariadb", Yes: true})
	if seen, err := k.Look(t.Context(), mariaID); err != nil || seen.State != "running" {
		t.Errorf("it is %s, %v", seen.State, err)
	}
	k.undo() // it was off before
	if seen, err := k.Look(t.Context(), mariaID); err != nil || seen.State != "off" {
		t.Errorf("after the undo it is %s, %v", seen.State, err)
	}
}

func TestNothingIsRestoredWithoutItsSafetySnapshot(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	k.Write(mariaID, "new")
	k.Write(postgresID, "new")
	k.Before("take "+postgresID, func() error { return errFull })
	if err := k.run(t.Context(), "vm:restore", vm.Selection{Name: "a", Yes: true}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	k.expect("a", "new")
}

// The databases of the snapshot may be those of another time, and unwell.
func TestServicesThatFailAfterARestoreBringTheStateBeforeBack(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	k.Write(mariaID, "new")
	k.Write(postgresID, "new")
	answer := k.guests["postgresql"].Answer
	k.guests["postgresql"].Answer = func(c command.Command, input string) (string, int) {
		said, exit := answer(c, input)
		if k.Disk(postgresID) == "old" {
			said = strings.Replace(said, "postgresql@15-main.service active", "postgresql@15-main.service failed", 1)
		}
		return said, exit
	}
	k.refused("vm:restore", vm.Selection{Name: "a", Yes: true}, fault.Invalid, "service PostgreSQL: postgresql@15-main.service failed", "the state before comes back by itself")
	k.expect("a", "new")
}

func TestARestoreThatWasCutOffIsFinishedOrTakenBack(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]bool{"finished": true, "taken back": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeping(t)
			k.good("vm:snapshot", vm.Selection{Name: "a"})
			k.Write(mariaID, "new")
			k.Write(postgresID, "new")
			n := notes{}
			k.Before("restore "+postgresID, func() error { return errFull })
			step, w := k.step("vm:restore", vm.Selection{Name: "a", Yes: true}, n)
			if err := step.Run(t.Context(), w); err == nil || k.Disk(mariaID) != "old" || k.Disk(postgresID) != "new" {
				t.Fatalf("it was not cut off in the middle: %v", err)
			}
			k.Before("restore "+postgresID, nil)
			if finish {
				k.Pass(time.Hour) // it keeps the name that it has recorded
				step, w = k.step("vm:restore", vm.Selection{}, n)
				if err := step.Run(t.Context(), w); err != nil {
					t.Fatalf("it does not go on: %v", err)
				}
				k.expect("a "+strings.TrimPrefix(k.names(mariaID), "a "), "old")
			}
			for range 2 {
				step, w = k.step("vm:restore", vm.Selection{}, n)
				if err := step.Undo(t.Context(), w); err != nil {
					t.Error(err)
				}
				if _, err := step.Undone(t.Context(), w); err != nil {
					t.Error(err)
				}
				k.expect("a", "new")
			}
		})
	}
}

func TestAMachineThatWasMadeAnewIsNotRestoredByAnOldRun(t *testing.T) {
	t.Parallel()
	k := newKeeping(t)
	k.good("vm:snapshot", vm.Selection{Name: "a"})
	n := notes{}
	k.Before("restore "+postgresID, func() error { return errFull })
	step, w := k.step("vm:restore", vm.Selection{Name: "a", Yes: true}, n)
	if err := step.Run(t.Context(), w); err == nil {
		t.Fatal("it was not cut off")
	}
	const anew = "33333333-3333-4333-8333-333333333333"
	k.Add(anew, "postgresql", "running")
	k.Write(anew, "anew")
	k.write("vm/.vagrant/machines/postgresql/libvirt/id", anew)
	if err := k.Take(t.Context(), anew, "a", ""); err != nil {
		t.Fatal(err)
	}
	step, w = k.step("vm:restore", vm.Selection{}, n)
	if err := step.Run(t.Context(), w); err == nil || !strings.Contains(err.Error(), "another machine than the one that was agreed to") {
		t.Errorf("got %v", err)
	}
	if err := step.Undo(t.Context(), w); err != nil || k.Disk(anew) != "anew" {
		t.Errorf("an undo touches it: %q, %v", k.Disk(anew), err)
	}
}
