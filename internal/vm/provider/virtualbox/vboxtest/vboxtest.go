// Package vboxtest is a VBoxManage without VirtualBox.
//
// VirtualBox cannot be installed where the tests run. This program keeps
// machines, disks and networks in a directory, prints what VBoxManage prints and
// refuses what it refuses, by the texts and codes of its sources. A disk is a
// plain file: a snapshot copies it, where VirtualBox would begin a differencing
// image. It is the test binary itself: a package whose tests use it asks Main
// first in its TestMain, and exits when that has been VBoxManage.
package vboxtest

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/command"
)

// program is what the test binary is called where it is VBoxManage: by a link,
// since a script could not be run while another test begins a program (text file
// busy).
const program = "VBoxManage"

// Main is VBoxManage when the test binary was started as that, with its exit code.
func Main() (exit int, is bool) {
	at := os.Args[0]
	if filepath.Base(at) != program {
		return 0, false
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Lstat(filepath.Join(dir, program)); err == nil && at == program {
			at = filepath.Join(dir, program)
		}
	}
	return run(filepath.Dir(filepath.Dir(at)), os.Args[1:], os.Stdout, os.Stderr), true
}

// T is what is used of a test.
type T interface {
	Helper()
	Errorf(format string, values ...any)
	Fatal(values ...any)
	TempDir() string
}

// Fake is one VirtualBox.
type Fake struct {
	Program string // VBoxManage; its directory can be put into PATH
	Home    string // the default machine folder is in it
}

// Install makes a VirtualBox of its own, which is empty.
func Install(t T) *Fake {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := &Fake{Home: t.TempDir()}
	f.Program = filepath.Join(f.Home, "bin", program)
	for _, dir := range []string{"bin", "VirtualBox VMs"} {
		if err := os.Mkdir(filepath.Join(f.Home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, f.Program); err != nil {
		t.Fatal(err)
	}
	f.Change(t, func(*State) {})
	return f
}

// Transport is this machine, on which VBoxManage is this one.
func (f *Fake) Transport() command.Transport { return here{command.Local(), f.Program} }

type here struct {
	command.Transport
	fake string
}

func (h here) Look(ctx context.Context, name string) (string, error) {
	if name == program {
		name = h.fake
	}
	return h.Transport.Look(ctx, name)
}

func (h here) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if c.Program == program {
		c.Program = h.fake
		c.Env = append(slices.Clone(c.Env), "GORACE=atexit_sleep_ms=0") // a race detector waits a second before it ends
	}
	return h.Transport.Start(ctx, c, stdout)
}

// Change works on the state as nobody else does at that moment.
func (f *Fake) Change(t T, change func(s *State)) {
	t.Helper()
	if err := with(f.Home, func(s *State) error { change(s); return nil }); err != nil {
		t.Fatal(err)
	}
}

// Machine is a machine by its id; it fails the test when there is none.
func (f *Fake) Machine(t T, id string) Machine {
	t.Helper()
	var found Machine
	f.Change(t, func(s *State) {
		if m := s.machine(id); m != nil {
			found = *m
			return
		}
		t.Errorf("there is no machine %s", id)
	})
	return found
}

// Blank makes a machine without a system, with a disk of some MiB and a rule
// that forwards a port, and gives its id. It is off.
func (f *Fake) Blank(t T, name string, mib int64) string {
	t.Helper()
	id := ""
	f.Change(t, func(s *State) {
		m := s.add(name, filepath.Join(f.Home, "VirtualBox VMs"))
		m.Controllers = []Controller{{Name: "SATA Controller", Type: "IntelAhci", Ports: 1}}
		m.NICs[0] = NIC{Kind: "nat", MAC: "080027B0A001", Forwards: []string{"ssh,tcp,127.0.0.1,2222,,22"}}
		disk, err := s.create(filepath.Join(filepath.Dir(m.File), "disk.vdi"), "VDI", mib<<20, "")
		if err == nil {
			m.Disks = []Attachment{{Controller: "SATA Controller", Medium: disk.ID}}
			err = s.save(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		id = m.ID
	})
	return id
}

// Disk is the file that a machine writes to at this moment: its bytes are those
// of the disk.
func (f *Fake) Disk(t T, id string) string {
	t.Helper()
	path := ""
	f.Change(t, func(s *State) {
		if m := s.machine(id); m != nil && len(m.Disks) > 0 {
			path = s.medium(m.Disks[0].Medium).Path
		}
	})
	return path
}

// Killed leaves what a program leaves that is killed while it copies the disk of
// a snapshot: both.
func (f *Fake) Killed(t T, id, snapshot, dir, file string) {
	t.Helper()
	path := filepath.Join(dir, file)
	_ = os.Remove(path)
	f.Change(t, func(s *State) {
		m := s.machine(id)
		c := &call{State: s, args: []string{"snapshot", id, "take", snapshot, "--description=" + dir}}
		err := c.take(m)
		if err == nil {
			_, err = s.create(path, "RAW", 1<<20, "")
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Refusal is what one of the next calls says instead of doing it.
type Refusal struct {
	On     string // the first words of the call, without the machine: "snapshot take"
	Says   string // on standard error, before VBoxManage's own beginning of a line
	Code   string // VBOX_E_… , "" for none
	Times  int    // how often; 0 is always
	Leaves string // the state in which a machine that runs is left, "" for the same
}

// The refusals that matter, by VirtualBox's own texts.
func (r Refusal) on(call string) Refusal { r.On = call; return r }

// Locked is another session's lock, for so many calls.
func Locked(call string, times int) Refusal {
	return Refusal{Says: "The machine 'iact-devbox' is already locked by a session (or being locked or unlocked)", Code: "VBOX_E_INVALID_OBJECT_STATE (0x80bb0007)", Times: times}.on(call)
}

// DiskFull is a disk of the host without space.
func DiskFull(call string) Refusal {
	return Refusal{Says: "Could not save the current state. (VERR_DISK_FULL)", Code: "VBOX_E_FILE_ERROR (0x80bb0004)"}.on(call)
}

// NoVTx is a processor whose virtualisation is switched off.
func NoVTx() Refusal {
	return Refusal{On: "startvm", Says: "VT-x is disabled in the BIOS for all CPU modes (VERR_VMX_MSR_ALL_VMX_DISABLED)", Code: "NS_ERROR_FAILURE (0x80004005)"}
}

// Refuse has the calls that begin so refused.
func (f *Fake) Refuse(t T, r Refusal) {
	t.Helper()
	f.Change(t, func(s *State) { s.Refusals = append(s.Refusals, r) })
}

// Mend has nothing refused any more.
func (f *Fake) Mend(t T) {
	t.Helper()
	f.Change(t, func(s *State) { s.Refusals = nil })
}
