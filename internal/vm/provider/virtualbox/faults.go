package virtualbox

import (
	"errors"
	"fmt"
	"regexp"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// cause is what VBoxManage says, and what that is: one of the provider's errors,
// an exit code, and the way out.
type cause struct {
	says string
	is   error
	code int
	fix  string
}

// causes are tried in their order.
func causes() []cause {
	return []cause{
		{says: `could not find a registered machine`, is: provider.ErrGone},
		{says: `could not find a snapshot`, is: provider.ErrNoSnapshot},
		{
			says: `already locked (by|for) a session|lock request pending|is locked for (reading|writing) by another task|while it is locked`,
			is:   provider.ErrLocked, code: fault.Locked, fix: "another program works on the machine, or its window is open: try again when that has ended",
		},
		{
			says: `child snapshots, which is more than|is the current snapshot and has one child`, is: provider.ErrState, code: fault.Failed,
			fix: "more than one way goes on from it: delete what comes after it first",
		},
		{says: `VERR_DISK_FULL|no space left on device`, code: fault.Failed, fix: "free some space where the disks of the machines are: mage vm:status names them"},
		{
			says: `VERR_VMX_IN_VMX_ROOT_MODE|VERR_SVM_IN_USE|being used by another hypervisor`, code: fault.Missing,
			fix: "another hypervisor holds the processor: stop its machines, then sudo modprobe -r kvm_intel kvm_amd",
		},
		{
			says: `VERR_(VMX|SVM|NEM)_\w+|(VT-x|AMD-V|hardware virtualization) is (not available|disabled)`, code: fault.Missing,
			fix: "switch on VT-x or AMD-V in the firmware of this host (on a virtual one: nested virtualisation)",
		},
		{
			says: `VERR_VM_DRIVER_\w+|kernel driver not installed|VERR_SUPLIB_\w+|vboxdrv`, code: fault.Missing,
			fix: "sudo /sbin/vboxconfig, which needs the headers of the running kernel; with Secure Boot the module has to be signed",
		},
		{
			says: `the object functionality is limited|not accessible|inaccessible`, is: provider.ErrState, code: fault.Failed,
			fix: "its settings file cannot be read: VBoxManage showvminfo tells why; mage backup:restoreVM brings the machine back from a backup",
		},
		{
			says: `IPConfig|E_ACCESSDENIED`, code: fault.Failed,
			fix: "VirtualBox gives host-only networks out of 192.168.56.0/21 alone: a line \"* RANGE\" in /etc/vbox/networks.conf allows others",
		},
		{says: `nonexistent host networking interface`, code: fault.Failed, fix: "a network of the machine is not on this host: mage vm:up plugs it in anew"},
		{says: `VERR_FILE_NOT_FOUND|VERR_PATH_NOT_FOUND`, code: fault.Failed, fix: "a disk of the machine is gone: mage backup:restoreVM brings it back from a backup"},
		{says: `VBOX_E_INVALID_VM_STATE|is not currently running`, is: provider.ErrState},
	}
}

// explained finds the cause in what VBoxManage has said.
func explained(err error) error {
	var missing *command.NotFound
	if errors.As(err, &missing) && missing.Package == "" {
		return fault.New(fault.Missing, "install VirtualBox from your distribution or virtualbox.org, and see that VBoxManage is in PATH", err)
	}
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Err != nil {
		return err
	}
	for _, known := range causes() {
		if !regexp.MustCompile("(?i)" + known.says).MatchString(failed.Stderr) {
			continue
		}
		if known.is != nil {
			err = fmt.Errorf("%w: %w", known.is, err)
		}
		return fault.New(known.code, known.fix, err)
	}
	return err
}
