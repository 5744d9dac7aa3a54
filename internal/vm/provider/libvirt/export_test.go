package libvirt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
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

// mortal is a transport that is as good as killed after a command with a word:
// no program starts any more, also none that would clean up.
type mortal struct {
	command.Transport
	last string
	dead atomic.Bool
}

func (m *mortal) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if m.dead.Load() {
		if stdout != nil {
			_ = stdout.Close()
		}
		return nil, errors.New("killed")
	}
	p, err := m.Transport.Start(ctx, c, stdout)
	if err == nil && slices.Contains(c.Args, m.last) {
		p.Wait()
		m.dead.Store(true)
	}
	return p, err
}

func TestRealAMachineWhoseMakingOrRemovalWasCutOffIsRemovedWholly(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"define", "net-define", "net-start", "net-destroy", "net-undefine"} {
		t.Run("killed after "+last, func(t *testing.T) {
			t.Parallel()
			r := blank(t)
			c, err := r.Capture(t.Context(), r.ID, t.TempDir())
			must(t, err)
			definition, size := c.Definition, c.Disks[0].Size()
			must(t, c.Close())
			dir := t.TempDir()
			place := provider.Place{Domain: r.daemon.Name(t), Dir: dir, Isolated: true, Disks: map[string]string{"vda": filepath.Join(dir, "vda.raw")}}
			must(t, os.WriteFile(place.Disks["vda"], make([]byte, size), 0o600))
			short := libvirt.New(command.NewDoor(&mortal{Transport: command.Local(), last: last}), r.daemon.URI)
			id, err := short.Define(t.Context(), definition, place)
			if err == nil {
				err = short.Remove(t.Context(), id)
			}
			if err == nil {
				t.Fatal("nothing was cut off")
			}
			id = strings.TrimSpace(r.daemon.Virsh(t, "domuuid", place.Domain))
			must(t, r.Remove(t.Context(), id))
			left := r.daemon.Virsh(t, "net-list", "--all", "--name") + r.daemon.Virsh(t, "list", "--all", "--name")
			if strings.Contains(left, place.Domain) {
				t.Errorf("it left %s", left)
			}
			if _, err := os.Stat(place.Disks["vda"]); !os.IsNotExist(err) {
				t.Errorf("it left its disk: %v", err)
			}
		})
	}
}
