package libvirt_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
)

const id = "beb1135a-b738-428c-be9a-cbe4110b9a68"

// answer is what virsh says about the state of the machine.
func answer(saved bool, state, reason string) string {
	list := ""
	if saved {
		list = id + "\n"
	}
	return "== saved\n" + list + "\n== state\nDomain: 'iact-devbox'\n  state.state=" + state + "\n  state.reason=" + reason + "\n\n"
}

func virsh(args ...string) *commandtest.Call {
	return commandtest.Expect("virsh", append([]string{"-c", libvirt.DefaultURI}, args...)...)
}

// The texts are those of libvirt 9.
func TestWhatVirshSaysIsUnderstood(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says string
		is   error
		code int
		hint string
	}{
		"a machine that is not there": {"error: failed to get domain '" + id + "'\n", provider.ErrGone, fault.Failed, ""},
		"libvirt does not run": {
			"error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory\n",
			nil, fault.Missing, "systemctl enable --now virtlogd.socket libvirtd",
		},
		"not in the group": {
			"error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied\n",
			nil, fault.Missing, "usermod -aG libvirt",
		},
		"nobody to authenticate": {
			"error: failed to connect to the hypervisor\nerror: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'\n",
			nil, fault.Missing, "usermod -aG libvirt",
		},
		"libvirt ends in between, which does not make a machine gone": {
			"error: Disconnected from qemu:///system due to end of file\nerror: failed to get domain '" + id + "'\nerror: End of file while reading data: Input/output error\n",
			nil, fault.Failed, "systemctl status libvirtd",
		},
		"another works on it": {
			"error: Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotCreateXML)\n",
			provider.ErrLocked, fault.Locked, "try again",
		},
		"another has its disk": {
			"error: Failed to start domain 'iact-devbox'\nerror: internal error: process exited while connecting to monitor: 2026-11-28T03:30:00.000000Z qemu-system-x86_64: " +
				"-device virtio-blk-pci: Failed to get \"write\" lock\nIs another process using the image [/var/lib/libvirt/images/iact-devbox.img]?\n",
			provider.ErrLocked, fault.Locked, "try again",
		},
		"its disk is gone": {
			"error: Failed to start domain 'iact-devbox'\nerror: Cannot access storage file '/var/lib/libvirt/images/iact-devbox.img' (as uid:0, gid:0): No such file or directory\n",
			nil, fault.Failed, "backup:restoreVM",
		},
		"the state does not fit": {"error: Requested operation is not valid: domain is not running\n", provider.ErrState, fault.Failed, ""},
		"it runs already":        {"error: Domain is already active\n", provider.ErrState, fault.Failed, ""},
		"the disk is full":       {"error: operation failed: Failed to take snapshot: Error: Error while writing VM state: No space left on device\n", nil, fault.Failed, "free some space"},
		"a raw disk": {
			"error: unsupported configuration: internal snapshot for disk vda unsupported for storage type raw\n",
			provider.ErrState, fault.Failed, "qcow2",
		},
		"something else": {"error: internal error: no luck\n", nil, fault.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := commandtest.New(t, virsh(commandtest.Rest).Complains(c.says).Exits(1))
			err := libvirt.New(command.NewDoor(fake), "").Start(t.Context(), id)
			if err == nil || !strings.HasPrefix(err.Error(), "start machine "+id+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
			for _, one := range []error{provider.ErrGone, provider.ErrLocked, provider.ErrState, provider.ErrExists, provider.ErrNoSnapshot} {
				if errors.Is(err, one) != (one == c.is) { //nolint:errorlint // the sentinel itself
					t.Errorf("%v: is %v: %v", err, one, errors.Is(err, one))
				}
			}
			if fault.Code(err) != c.code || !strings.Contains(fault.Hint(err), c.hint) || c.hint == "" && fault.Hint(err) != "" {
				t.Errorf("code %d, hint %q", fault.Code(err), fault.Hint(err))
			}
		})
	}
}

func TestRealLibvirtThatDoesNotRunIsMissing(t *testing.T) {
	t.Parallel()
	blank(t) // virsh is here
	p := libvirt.New(command.NewDoor(command.Local()), "qemu+unix:///system?socket="+t.TempDir()+"/none")
	_, version := p.Version(t.Context())
	_, machines := p.Machines(t.Context())
	for _, err := range []error{version, machines, p.Start(t.Context(), id)} {
		if fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "systemctl") || errors.Is(err, provider.ErrGone) {
			t.Errorf("%v, code %d, hint %q", err, fault.Code(err), fault.Hint(err))
		}
	}
}

func TestWithoutVirshTheHintNamesThePackages(t *testing.T) {
	t.Parallel()
	p := libvirt.New(command.NewDoor(commandtest.New(t).Lacks("virsh")), "")
	_, err := p.Version(t.Context())
	if fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "libvirt-clients") || !strings.HasSuffix(err.Error(), "find program virsh: not in PATH") {
		t.Errorf("%v, code %d, hint %q", err, fault.Code(err), fault.Hint(err))
	}
}

// Whoever interrupts virsh in the middle of a snapshot leaves libvirt at work, and the machine may be held still then.
// interrupted is a machine whose user presses Ctrl-C as soon as a snapshot has begun.
type interrupted struct {
	command.Transport
	now func()
}

func (i interrupted) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	p, err := i.Transport.Start(ctx, c, stdout)
	if slices.Contains(c.Args, "snapshot-create-as") {
		i.now()
	}
	return p, err
}

func TestAnInterruptedSnapshotLeavesTheMachineRunning(t *testing.T) {
	t.Parallel()
	asks := func(state, reason string) *commandtest.Call {
		return virsh(commandtest.Any).Reading().Prints(answer(false, state, reason))
	}
	ctx, cancel := context.WithCancel(t.Context())
	fake := commandtest.NewOrdered(t,
		asks("1", "1"),
		virsh("-q", "snapshot-create-as", id, "--name", "one").Changing().Blocks(),
		asks("3", "3"), asks("3", "9"), // saving, in a snapshot
		asks("3", "5"), asks("3", "5"), // an error of the disk has stopped it
		virsh("-q", "resume", id).Changing(),
		asks("1", "5"),
	)
	err := libvirt.New(command.NewDoor(interrupted{fake, cancel}), "").Take(ctx, id, "one", "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAnUnsafeNameIsRefusedBeforeVirshSeesIt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "-x", ".", "a b", "a/b", "a;b", "a'b", "ñ", strings.Repeat("a", 65), "a\nb"} {
		err := libvirt.New(command.NewDoor(commandtest.New(t)), "").Take(t.Context(), id, name, "")
		if fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "1 to 64") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
