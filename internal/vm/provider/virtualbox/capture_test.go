package virtualbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/virtualbox/vboxtest"
)

// What a capture leaves while it copies is its snapshot and the disk half copied.
func TestACaptureBesideOneThatGoesOnIsRefusedAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id, scratch := f.Blank(t, "vm", 4), t.TempDir()
	f.Killed(t, id, "iact-backup-1-0123abcd", scratch, "iact-backup-SATA_Controller-0-0.raw")
	owner := func(pid int) {
		if err := os.WriteFile(filepath.Join(scratch, "owner"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := open(f)
	owner(os.Getpid())
	if _, err := p.Capture(t.Context(), id, t.TempDir()); !errors.Is(err, provider.ErrLocked) || fault.Code(err) != fault.Locked || fault.Hint(err) == "" {
		t.Errorf("beside another one: %v", err)
	}
	if m := f.Machine(t, id); len(m.Snapshots) != 1 {
		t.Errorf("its snapshot was taken away: %+v", m.Snapshots)
	}
	// Another machine's capture takes away what is left of it, once it is gone, but for the snapshot.
	owner(4194305)
	other, err := p.Capture(t.Context(), f.Blank(t, "other", 4), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	f.Change(t, func(s *vboxtest.State) {
		for _, m := range s.Media {
			if m.Format == "RAW" {
				t.Errorf("VirtualBox still knows %s", m.Path)
			}
		}
	})
}

func TestSnapshotsOfOthersAreKeptByACaptureWhateverTheyAreCalled(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	p := open(f)
	for _, name := range []string{"iact-backup", "iact-backup-1", "iact-backup-monday", "iact-backup-1-0123abcd"} {
		if err := p.Take(t.Context(), id, name, "before the exam"); err != nil {
			t.Fatal(err)
		}
	}
	c, err := p.Capture(t.Context(), id, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if m := f.Machine(t, id); len(m.Snapshots) != 4 {
		t.Errorf("%d are left", len(m.Snapshots))
	}
}

// A machine goes on writing to what snapshots leave out, so it is not of one moment.
func TestADiskThatSnapshotsLeaveOutIsLeftOutOfACaptureAndSaidSo(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	f.Change(t, func(s *vboxtest.State) { s.Media[0].WriteThrough = true })
	p := open(f)
	if err := p.Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	if _, err := p.Capture(t.Context(), id, scratch); err == nil || !strings.Contains(err.Error(), "SATA_Controller-0-0 of vm is left out") {
		t.Errorf("it says %v", err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if m := f.Machine(t, id); len(m.Snapshots) > 0 || m.State != "running" {
		t.Errorf("it is %s with snapshots %+v", m.State, m.Snapshots)
	}
}

// Whatever fails on the way, the machine and VirtualBox are what they were.
func TestACaptureThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"snapshot take", "clonemedium", "closemedium"} {
		t.Run(strings.ReplaceAll(call, " ", "_"), func(t *testing.T) {
			t.Parallel()
			f := vboxtest.Install(t)
			id, scratch := f.Blank(t, "vm", 4), t.TempDir()
			p := open(f)
			if err := p.Start(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			full := vboxtest.DiskFull(call)
			full.Times, full.Leaves = 1, "paused"
			f.Refuse(t, full)
			if _, err := p.Capture(t.Context(), id, scratch); !strings.Contains(fault.Hint(err), "free some space") {
				t.Errorf("%v, hint %q", err, fault.Hint(err))
			}
			if m := f.Machine(t, id); m.State != "running" || len(m.Snapshots) > 0 {
				t.Errorf("it is %s with snapshots %+v", m.State, m.Snapshots)
			}
			if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}
