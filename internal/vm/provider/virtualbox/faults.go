package virtualbox

import (
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// causes are tried in their order.
func causes() []provider.Cause {
	return []provider.Cause{
		{Says: `could not find a registered machine`, Is: provider.ErrGone},
		{Says: `could not find a snapshot`, Is: provider.ErrNoSnapshot},
		{
			Says: `already locked (by|for) a session|lock request pending|is locked for (reading|writing) by another task|while it is locked`,
			Is:   provider.ErrLocked, Code: fault.Locked, Fix: "another program works on the machine, or its window is open: try again when that has ended",
		},
		{
			Says: `child snapshots, which is more than|is the current snapshot and has one child`, Is: provider.ErrState, Code: fault.Failed,
			Fix: "more than one way goes on from it: delete what comes after it first",
		},
		{Says: `VERR_DISK_FULL|no space left on device`, Code: fault.Failed, Fix: "free some space where the disks of the machines are: mage vm:status names them"},
		{
			Says: `VERR_VMX_IN_VMX_ROOT_MODE|VERR_SVM_IN_USE|being used by another hypervisor`, Code: fault.Missing,
			Fix: "another hypervisor holds the processor: stop its machines, then sudo modprobe -r kvm_intel kvm_amd",
		},
		{
			Says: `VERR_(VMX|SVM|NEM)_\w+|(VT-x|AMD-V|hardware virtualization) is (not available|disabled)`, Code: fault.Missing,
			Fix: "switch on VT-x or AMD-V in the firmware of this host (on a virtual one: nested virtualisation)",
		},
		{
			Says: `VERR_VM_DRIVER_\w+|kernel driver not installed|VERR_SUPLIB_\w+|vboxdrv`, Code: fault.Missing,
			Fix: "sudo /sbin/vboxconfig, which needs the headers of the running kernel; with Secure Boot the module has to be signed",
		},
		{
			Says: `the object functionality is limited|not accessible|inaccessible`, Is: provider.ErrState, Code: fault.Failed,
			Fix: "its settings file cannot be read: VBoxManage showvminfo tells why; mage backup:restoreVM brings the machine back from a backup",
		},
		{
			Says: `IPConfig|E_ACCESSDENIED`, Code: fault.Failed,
			Fix: "VirtualBox gives host-only networks out of 192.168.56.0/21 alone: a line \"* RANGE\" in /etc/vbox/networks.conf allows others",
		},
		{Says: `nonexistent host networking interface`, Code: fault.Failed, Fix: "a network of the machine is not on this host: mage vm:up plugs it in anew"},
		{Says: `VERR_FILE_NOT_FOUND|VERR_PATH_NOT_FOUND`, Code: fault.Failed, Fix: "a disk of the machine is gone: mage backup:restoreVM brings it back from a backup"},
		{Says: `VBOX_E_INVALID_VM_STATE|is not currently running`, Is: provider.ErrState},
	}
}

// explained finds the cause in what VBoxManage has said.
func explained(err error) error {
	return provider.Explain(err, causes(), "install VirtualBox from your distribution or virtualbox.org, and see that VBoxManage is in PATH")
}
