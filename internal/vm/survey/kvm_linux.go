package survey

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Numbers of requests, from <linux/kvm.h>.
const (
	getAPIVersion = 0xAE00
	createVM      = 0xAE01
)

// askKVM asks the device for a virtual machine, which is closed at once. Only
// that tells: the device can be there where nothing answers it.
func askKVM(device string) Answer {
	kvm, err := os.OpenFile(device, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Absent
	case errors.Is(err, fs.ErrPermission):
		return Denied
	case errors.Is(err, unix.EBUSY):
		return Busy
	case err != nil: // ENODEV and ENXIO: there is a file, and no module behind it
		return Dead
	}
	defer kvm.Close()
	if api, err := unix.IoctlRetInt(int(kvm.Fd()), getAPIVersion); err != nil || api != 12 {
		return Dead
	}
	machine, err := unix.IoctlRetInt(int(kvm.Fd()), createVM)
	if errors.Is(err, unix.EBUSY) {
		return Busy
	}
	if err != nil {
		return Dead
	}
	_ = unix.Close(machine) // it goes with that
	return Answers
}
