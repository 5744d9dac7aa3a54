package libvirt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
	"iact-infra/internal/vm/provider"
)

// What is held still or saved since is no hindrance, and does not come back later.
func TestRealARestoreForgetsWhatWasSavedSince(t *testing.T) {
	t.Parallel()
	r := blank(t)
	ctx := t.Context()
	must(t, r.disk("write -P 1 0 64k"))
	must(t, r.Take(ctx, r.ID, "off", ""))
	must(t, r.disk("write -P 2 0 64k"))
	must(t, r.does("start"))
	must(t, r.does("suspend"))
	must(t, r.Take(ctx, r.ID, "paused", ""))
	r.is(provider.Paused)
	all, err := r.Snapshots(ctx, r.ID)
	if err != nil || len(all) != 2 || all[0].Size != 0 || all[1].Size < 100<<10 {
		t.Errorf("they take %+v, %v", all, err)
	}
	for _, since := range []string{"start", "managedsave"} {
		must(t, r.does(since))
		must(t, r.Restore(ctx, r.ID, "paused"))
		r.is(provider.Running)
	}
	must(t, r.does("managedsave"))
	must(t, r.Restore(ctx, r.ID, "off"))
	r.is(provider.Off)
	must(t, r.disk("read -P 1 0 64k"))
}

func TestRealASavedMachineIsNotSnapshottedWithoutItsMemory(t *testing.T) {
	t.Parallel()
	r := blank(t)
	for _, verb := range []string{"start", "managedsave"} {
		if err := r.does(verb); err != nil {
			t.Fatal(err)
		}
	}
	err := r.Take(t.Context(), r.ID, "one", "")
	if !errors.Is(err, provider.ErrState) || !strings.Contains(fault.Hint(err), "vm:resume") {
		t.Errorf("%v, hint %q", err, fault.Hint(err))
	}
	r.is(provider.Saved)
}

// The memory does not fit: the machine goes on, and nothing of the snapshot is left.
func TestRealAFullDiskLeavesTheMachineAsItWas(t *testing.T) {
	t.Parallel()
	dir := testbed.SmallDisk(t, 8, 64)
	r := blankAt(t, dir)
	if err := r.does("start"); err != nil {
		t.Fatal(err)
	}
	fill, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = fill.Write(make([]byte, 64<<10))
	}
	fill.Close()
	err = r.Take(t.Context(), r.ID, "one", "")
	if fault.Code(err) != fault.Failed || !strings.Contains(fault.Hint(err), "free some space") {
		t.Errorf("%v, hint %q", err, fault.Hint(err))
	}
	r.is(provider.Running)
	if all, err := r.Snapshots(t.Context(), r.ID); err != nil || len(all) != 0 {
		t.Errorf("left: %+v, %v", all, err)
	}
	if err := os.Remove(fill.Name()); err != nil {
		t.Fatal(err)
	}
	if err := r.Take(t.Context(), r.ID, "one", ""); err != nil {
		t.Error(err)
	}
}

// All of a host are listed by one or two programs, and in no time.
func TestRealSlowMachinesAreListedQuickly(t *testing.T) {
	t.Parallel()
	programs := 0
	r := blank(t, command.Observe(func(command.Event) { programs++ }))
	for range 4 {
		r.daemon.Blank(t)
	}
	best := time.Hour
	for range 10 {
		began := time.Now()
		all, err := r.Machines(t.Context())
		if err != nil || len(all) < 5 {
			t.Fatalf("%d machines, %v", len(all), err)
		}
		best = min(best, time.Since(began))
	}
	if best > time.Second || programs > 20 { // some 20 ms, on a machine with nothing else to do
		t.Errorf("%s by %d programs for 10 lists", best, programs)
	}
	t.Logf("%s", best)
}
