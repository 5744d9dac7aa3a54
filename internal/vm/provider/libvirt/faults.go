package libvirt

import (
	"errors"
	"fmt"
	"regexp"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// cause is what virsh says, and what that is: one of the provider's errors, an
// exit code, and the way out.
type cause struct {
	says string
	is   error
	code int
	fix  string
}

// causes are tried in their order: what ended libvirt itself comes first,
// because virsh then says of every machine that it cannot get it.
func causes() []cause {
	return []cause{
		{
			says: `failed to connect.*permission denied|access denied|authentication (unavailable|failed|cancelled)`, code: fault.Missing,
			fix: "sudo usermod -aG libvirt $USER, then log in anew",
		},
		{
			says: `end of file while reading data|cannot (recv|write) data|client socket is closed|disconnected from`, code: fault.Failed,
			fix: "libvirt ended meanwhile: sudo systemctl status libvirtd says why; then type the same again",
		},
		{says: `failed to connect (to the hypervisor|socket)`, code: fault.Missing, fix: "sudo systemctl enable --now virtlogd.socket libvirtd"},
		// QEMU says of a full disk only that writing has failed.
		{says: `no space left on device|error while writing vm state`, code: fault.Failed, fix: "free some space where the disks of the machines are: mage vm:status names them"},
		{
			says: `cannot acquire state change lock|failed to get .*"write" lock`, is: provider.ErrLocked, code: fault.Locked,
			fix: "another program works on the machine: try again when that has ended",
		},
		{says: `failed to get domain|domain not found`, is: provider.ErrGone},
		{says: `domain snapshot not found`, is: provider.ErrNoSnapshot},
		{says: `domain moment .* already exists|domain '.*' already exists with uuid`, is: provider.ErrExists},
		{
			says: `internal snapshot for disk .* unsupported`, is: provider.ErrState, code: fault.Failed,
			fix: "snapshots take disks of the format qcow2: qemu-img convert -O qcow2 with the machine off, then virsh edit",
		},
		{says: `cannot access storage file`, code: fault.Failed, fix: "a disk of the machine is gone: mage backup:restoreVM brings it back from a backup"},
		{says: `requested operation is not valid|domain is already (running|active)`, is: provider.ErrState},
	}
}

// explained finds the cause in what virsh has said.
func explained(err error) error {
	var missing *command.NotFound
	if errors.As(err, &missing) && missing.Package == "" {
		return fault.New(fault.Missing, "sudo apt-get install libvirt-clients libvirt-daemon-system vagrant-libvirt", err)
	}
	var failed *command.Error
	if !errors.As(err, &failed) {
		return err
	}
	for _, known := range causes() {
		if !regexp.MustCompile("(?is)" + known.says).MatchString(failed.Stderr) {
			continue
		}
		if known.is != nil {
			err = fmt.Errorf("%w: %w", known.is, err)
		}
		return fault.New(known.code, known.fix, err)
	}
	return err
}
