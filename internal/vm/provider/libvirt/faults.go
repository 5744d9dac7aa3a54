package libvirt

import (
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// causes are tried in their order: what ended libvirt itself comes first,
// because virsh then says of every machine that it cannot get it.
func causes() []provider.Cause {
	return []provider.Cause{
		{
			Says: `failed to connect.*permission denied|access denied|authentication (unavailable|failed|cancelled)`, Code: fault.Missing,
			Fix: "sudo usermod -aG libvirt $USER, then log in anew",
		},
		{
			Says: `end of file while reading data|cannot (recv|write) data|client socket is closed|disconnected from`, Code: fault.Failed,
			Fix: "libvirt ended meanwhile: sudo systemctl status libvirtd says why; then type the same again",
		},
		{Says: `failed to connect (to the hypervisor|socket)`, Code: fault.Missing, Fix: "sudo systemctl enable --now virtlogd.socket libvirtd"},
		// QEMU says of a full disk only that writing has failed.
		{Says: `no space left on device|error while writing vm state`, Code: fault.Failed, Fix: "free some space where the disks of the machines are: mage vm:status names them"},
		{
			Says: `cannot acquire state change lock|failed to get .*"write" lock`, Is: provider.ErrLocked, Code: fault.Locked,
			Fix: "another program works on the machine: try again when that has ended",
		},
		{Says: `failed to get domain|domain not found`, Is: provider.ErrGone},
		{Says: `domain snapshot not found`, Is: provider.ErrNoSnapshot},
		{Says: `domain moment .* already exists|domain '.*' already exists with uuid`, Is: provider.ErrExists},
		{
			Says: `internal snapshot for disk .* unsupported`, Is: provider.ErrState, Code: fault.Failed,
			Fix: "snapshots take disks of the format qcow2: qemu-img convert -O qcow2 with the machine off, then virsh edit",
		},
		{Says: `cannot access storage file`, Code: fault.Failed, Fix: "a disk of the machine is gone: mage backup:restoreVM brings it back from a backup"},
		{Says: `requested operation is not valid|domain is already (running|active)`, Is: provider.ErrState},
	}
}

// explained finds the cause in what virsh has said.
func explained(err error) error {
	return provider.Explain(err, causes(), "sudo apt-get install libvirt-clients libvirt-daemon-system vagrant-libvirt")
}
