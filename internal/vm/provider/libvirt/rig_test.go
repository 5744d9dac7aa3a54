package libvirt_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
)

// rig is a machine without a system and the provider that runs it.
type rig struct {
	testbed.BlankMachine
	*libvirt.Provider
	daemon *testbed.LibvirtDaemon
	t      *testing.T
}

func blank(t *testing.T, options ...command.Option) *rig {
	t.Helper()
	return blankAt(t, t.TempDir(), options...)
}

func blankAt(t *testing.T, dir string, options ...command.Option) *rig {
	t.Helper()
	daemon := testbed.Libvirt(t)
	return &rig{
		BlankMachine: daemon.BlankAt(t, dir), Provider: libvirt.New(command.NewDoor(command.Local(), options...), daemon.URI),
		daemon: daemon, t: t,
	}
}

// is insists on the state, as both Look and Machines have it.
func (r *rig) is(want provider.State) {
	r.t.Helper()
	m, err := r.Look(r.t.Context(), r.ID)
	if err != nil || m.State != want {
		r.t.Errorf("it is %s, %v, not %s", m.State, err, want)
	}
	all, err := r.Machines(r.t.Context())
	if got := all[r.ID]; err != nil || got.State != want || got.Domain != r.Domain || got.ID != r.ID {
		r.t.Errorf("among all it is %+v, %v, not %s", got, err, want)
	}
}

// does runs a method that only takes the machine.
func (r *rig) does(verb string) error {
	switch verb {
	case "suspend":
		return r.Suspend(r.t.Context(), r.ID)
	case "resume":
		return r.Resume(r.t.Context(), r.ID)
	case "start":
		return r.Start(r.t.Context(), r.ID)
	case "stop":
		return r.Stop(r.t.Context(), r.ID)
	}
	// What somebody else does with virsh.
	_, err := r.daemon.Try(r.t, verb, r.ID)
	return err
}

// disk runs qemu-io on the disk of a machine that is off.
func (r *rig) disk(order string) error {
	c := command.Change("qemu-io", "-c", order, r.Disk)
	_, err := command.NewDoor(command.Local()).Text(r.t.Context(), c).Match("failed").String()
	return err
}

// crash kills the machine's QEMU, and waits until libvirt has seen that.
func (r *rig) crash() {
	r.t.Helper()
	text, err := os.ReadFile("/run/libvirt/qemu/" + r.Domain + ".pid")
	if err != nil {
		r.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	for state := "running"; state == "running"; {
		state = r.daemon.Virsh(r.t, "domstate", r.ID)
	}
}
