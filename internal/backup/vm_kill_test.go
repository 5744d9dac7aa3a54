package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// lastMachineRun is the run that restores a machine; "" when none was begun.
func (m *machines) lastMachineRun() string {
	m.t.Helper()
	all, err := filepath.Glob(filepath.Join(m.root, "checkout/.iact/journal/*.jsonl"))
	must(m.t, err)
	for _, one := range all {
		if text := read(m.t, one); strings.Contains(text, "backup:restoreVM") {
			return strings.TrimSuffix(filepath.Base(one), ".jsonl")
		}
	}
	return ""
}

// walk calls at for each write, side by side, until one says that the program
// came to its end before.
func walk(t *testing.T, at func(t *testing.T, nth int64) (killed bool)) {
	t.Helper()
	var nth, last atomic.Int64
	var group errgroup.Group
	for range 3 {
		group.Go(func() error {
			for last.Load() == 0 {
				n := 1 + int64(testbed.Stride(4))*(nth.Add(1)-1)
				t.Run(fmt.Sprint(n), func(t *testing.T) {
					if !at(t, n) {
						last.Store(n)
					}
				})
			}
			return nil
		})
	}
	_ = group.Wait()
	if last.Load() < 15 {
		t.Errorf("only %d changes were walked through", last.Load())
	}
	t.Logf("%d changes", last.Load())
}

// smallMachine is one with small disks: what is killed often has to be short.
func smallMachine(t *testing.T) *machines {
	t.Helper()
	const few = 64 << 10
	return machinesWith(t, [2][]int64{{12 * mib, mib, few, 11 * mib, few}, {9 * mib, mib, few}}, map[string][]byte{"domain.xml": []byte("<domain/>\n")})
}

// copied is a rig with the sets and the machines of another one. The disks of
// the machine stay where they are; what is restored goes to a directory of its own.
func (m *machines) copied(t *testing.T) *machines {
	t.Helper()
	r := newRig(t)
	c := &machines{rig: r, fakeHost: fakeHost{dir: filepath.Join(r.root, "machines")}, images: filepath.Join(r.root, "images")}
	r.env = append(r.env, machinesVariable+"="+c.fakeHost.dir)
	r.configure("{name: devbox, kind: vm, machine: iact-devbox}")
	must(t, os.Mkdir(c.images, 0o755))
	must(t, os.CopyFS(c.fakeHost.dir, os.DirFS(m.fakeHost.dir)))
	must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("cp", "-al", m.store, r.store)))
	must(t, os.Remove(filepath.Join(r.store, ".lock")))
	return c
}

// TestSlowAKilledRestoreOfAMachineLeavesWhatTheNextOneRemoves ends the program
// at its first change, then at its second, and so on. Each of three ways on
// leaves nothing behind: rollback, resume, and another run.
func TestSlowAKilledRestoreOfAMachineLeavesWhatTheNextOneRemoves(t *testing.T) {
	t.Parallel()
	base := smallMachine(t)
	base.good("backup:vm")
	for _, drill := range []bool{false, true} {
		t.Run(fmt.Sprintf("drill %t", drill), func(t *testing.T) {
			t.Parallel()
			walk(t, func(t *testing.T, nth int64) bool { return base.copied(t).killedAt(nth, drill) })
		})
	}
}

// killedAt kills a restore at a change, false when it came to its end before.
func (m *machines) killedAt(nth int64, drill bool) bool {
	m.t.Helper()
	look := filepath.Join(m.images, "iact-look")
	args := []string{"backup:restoreVM", "-to=iact-look", "-dir=" + look, fmt.Sprintf("-drill=%t", drill)}
	end := m.runWith([]string{fmt.Sprintf("%s=kill:%d", hookVariable, nth)}, args...)
	if end.code == 0 {
		return false
	}
	if end.signal != "SIGKILL" {
		m.t.Fatalf("the run was not killed but ended with %d:\n%s", end.code, end.said)
	}
	way := nth % 3
	switch way {
	case 0:
		end = m.run("procedure:rollback", "-run="+m.lastMachineRun())
	case 1:
		end = m.run("procedure:resume")
	case 2:
		end = m.run(args...)
	}
	// The killed run may have changed nothing yet, or have come to its end.
	over := way == 0 && strings.Contains(end.said, "changed nothing") || way == 2 && strings.Contains(end.said, "has a machine iact-look already")
	if !over {
		end.ends(0)
	}
	if drill || way == 0 {
		m.only("at last", "iact-devbox")
		return true
	}
	m.only("at last", "iact-devbox", "iact-look")
	m.same("iact-look", look)
	return true
}

// TestSlowAKilledBackupOfAMachineLetsItGo ends a backup at each of its changes.
// The next one takes what was whole, and nothing stays held.
func TestSlowAKilledBackupOfAMachineLetsItGo(t *testing.T) {
	t.Parallel()
	walk(t, func(t *testing.T, nth int64) bool {
		m := smallMachine(t)
		m.inMemory()
		m.configure("{name: devbox, kind: vm, machine: iact-devbox}")
		end := m.runWith([]string{fmt.Sprintf("%s=kill:%d", hookVariable, nth)}, "backup:vm")
		if end.code == 0 {
			return false
		}
		if end.signal != "SIGKILL" {
			t.Fatalf("the run was not killed but ended with %d:\n%s", end.code, end.said)
		}
		m.good("backup:vm", "backup:verify")
		m.only("after the next backup", "iact-devbox")
		return true
	})
}

func TestAFullDiskEndsABackupAndARestoreCleanly(t *testing.T) {
	t.Parallel()
	m := smallMachine(t)
	for nth := 8; nth < 30; nth += 7 {
		if end := m.runWith([]string{fmt.Sprintf("%s=enospc:%d", hookVariable, nth)}, "backup:vm"); end.code == 0 || !strings.Contains(end.said, "no space left") {
			t.Errorf("the disk is full at write %d: exit %d\n%s", nth, end.code, end.said)
		}
	}
	m.good("backup:vm")
	for nth := 1; nth < 8; nth++ {
		end := m.runWith([]string{fmt.Sprintf("%s=enospc:%d", hookVariable, nth)}, "backup:restoreVM", "-to=iact-look")
		if end.code == 0 || !strings.Contains(end.said, "no space left") {
			t.Errorf("the disk is full at write %d: exit %d\n%s", nth, end.code, end.said)
		}
		if _, err := os.Stat(filepath.Join(m.images, "iact-look")); err == nil {
			t.Errorf("the disk is full at write %d, and something stays", nth)
		}
	}
	m.good("backup:restoreVM", "-to=iact-look")
}
