package libvirt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// write puts data on the disk while the machine is off or, by QEMU's monitor,
// while it runs.
func (r *rig) write(at, size string, pattern byte) {
	r.t.Helper()
	io := "write -P " + string(pattern) + " " + at + " " + size
	if said, err := r.daemon.Try(r.t, "domstate", r.ID); err == nil && strings.HasPrefix(said, "running") {
		r.daemon.Virsh(r.t, "qemu-monitor-command", r.ID, "--hmp", `qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "`+io+`"`)
		return
	}
	must(r.t, command.NewDoor(command.Local()).Run(r.t.Context(), command.Change("qemu-io", "-f", "qcow2", "-c", io, r.Disk)))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is a whole disk of a capture, holes as zeros.
func content(t *testing.T, d provider.CapturedDisk) []byte {
	t.Helper()
	all := make([]byte, d.Size())
	extents, err := d.Extents(t.Context())
	must(t, err)
	for _, e := range extents {
		_, err := d.ReadAt(all[e.Offset:e.Offset+e.Length], e.Offset)
		must(t, err)
	}
	return all
}

func TestRealTwoCapturesAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	r := blank(t)
	must(t, r.Start(t.Context(), r.ID))
	first, err := r.Capture(t.Context(), r.ID, t.TempDir())
	must(t, err)
	if _, err := r.Capture(t.Context(), r.ID, t.TempDir()); !errors.Is(err, provider.ErrLocked) {
		t.Errorf("the second one says %v", err)
	}
	must(t, first.Close())
}

func TestRealTheDisksOfAMachineThatIsOffAreReadAndCannotBeWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	r := blank(t)
	r.write("2M", "128k", '7')
	c, err := r.Capture(t.Context(), r.ID, t.TempDir())
	must(t, err)
	if err := r.Start(t.Context(), r.ID); err == nil {
		t.Error("the machine was started under the capture")
	}
	got := content(t, c.Disks[0])
	if len(got) != 8<<20 || got[2<<20] != 7 || got[2<<20+128<<10] != 0 {
		t.Errorf("the disk has %d bytes, %x and %x", len(got), got[2<<20], got[2<<20+128<<10])
	}
	must(t, c.Close())
	must(t, r.Start(t.Context(), r.ID))
	r.is(provider.Running)
}

func TestRealTheNetworkOfAnIsolatedMachineGoesWithIt(t *testing.T) {
	t.Parallel()
	r := blank(t)
	c, err := r.Capture(t.Context(), r.ID, t.TempDir())
	must(t, err)
	dir := t.TempDir()
	place := provider.Place{Domain: r.daemon.Name(t), Dir: dir, Isolated: true, Disks: map[string]string{"vda": filepath.Join(dir, "vda.raw")}}
	must(t, os.WriteFile(place.Disks["vda"], make([]byte, c.Disks[0].Size()), 0o600))
	must(t, c.Close())
	id, err := r.Define(t.Context(), c.Definition, place)
	must(t, err)
	for _, there := range []bool{true, false} {
		if nets := r.daemon.Virsh(t, "net-list", "--all", "--name"); strings.Contains(nets, place.Domain) != there {
			t.Errorf("the networks are %s", nets)
		}
		must(t, r.Remove(t.Context(), id))
	}
}
