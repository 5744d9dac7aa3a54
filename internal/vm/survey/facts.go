package survey

import (
	"net/netip"
	"time"

	"iact-infra/internal/vm/vagrantfile"
)

// Wants is what the machines need.
type Wants struct {
	Provider string // that will make or has made them
	Software bool   // the Vagrantfile asks for machines without hardware virtualisation
	Machines []Machine
	Disk     uint64 // bytes that should be free where the machines are
	Ports    []Port
	Plugins  []string // that the Vagrantfile cannot do without
	File     vagrantfile.File
	USBEHCI  bool   // the Vagrantfile passes --usbehci
	Home     string // of Vagrant
	Dir      string // of the Vagrantfile
	URI      string // of libvirt
}

// Machine is one that the project wants.
type Machine struct {
	Name    string
	Memory  uint64 // bytes
	CPUs    int
	Made    string // the provider that has made it; "" for one that is to be made
	Running bool
}

// Port is one of this host: that the machines want, or that somebody listens at.
type Port struct {
	Address  string // "" is every address
	Number   int
	Setting  string // that changes it, of a port that is wanted
	Corrects bool   // Vagrant takes another one when it is taken
	Own      bool   // it leads into our machine already
	Process  string // who listens; "" without the right to know
	PID      int
}

// Facts is what the host told about itself. What it did not tell stands in
// Unread, by the name of the script's section, with the reason.
type Facts struct {
	Asked, Clock time.Time
	Took         time.Duration
	Synced       *bool // nil: nobody tells

	System string // linux or darwin
	Kernel string
	Arch   string
	WSL    bool

	CPUs      int
	Flag      string // vmx or svm: the processor has it
	HV        *bool  // macOS offers its hypervisor
	VM        string // what this host is a machine of: kvm, vmware, microsoft…
	Container string
	Vendor    string // by the firmware

	Loaded     map[string]int // kernel modules, with how many use each
	Built      bool           // vboxdrv is there for this kernel
	AtLoad     string         // Y: KVM holds the extension from its loading on
	Nested     string
	Devices    []string
	SecureBoot bool
	KVM        Answer

	Memory, Available, Swap uint64 // bytes
	Places                  []Place

	Listens []Port
	Routes  []Route
	Allowed []netip.Prefix // by /etc/vbox/networks.conf; nil: there is none

	User    string
	UID     int
	Groups  []string
	Env     map[string]string // proxies, without passwords, and VAGRANT_…
	Git     string
	SSH     string
	Vagrant string
	Home    string // writable, absent, or as ls shows it
	Plugins []string
	Locks   []Lock

	VirtualBox string
	Folder     string // where it makes machines
	Extensions []Extension
	Hardware   string // yes or no, by VBoxManage list hostinfo

	Libvirt string
	QEMU    string
	Refused string // why libvirt does not answer
	Pool    string // the folder of the pool default

	Unread map[string]string
}

// Names of systems.
const (
	linux  = "linux"
	darwin = "darwin"
)

// Answer is what came of asking /dev/kvm for a virtual machine.
type Answer string

// The answers.
const (
	NotAsked Answer = ""
	Answers  Answer = "answers"
	Absent   Answer = "absent"
	Denied   Answer = "denied"
	Busy     Answer = "busy"
	Dead     Answer = "dead" // it is there, and makes no machine
)

// Route is a network that the host reaches in its own way.
type Route struct {
	Net    netip.Prefix
	Device string
}

// Lock is a lock of Vagrant that a process holds.
type Lock struct {
	Path string
	PID  int
}

// Extension is an extension pack of VirtualBox.
type Extension struct {
	Name, Version string
	Usable        bool
}

// Place is a folder and what its file system has left.
type Place struct {
	What           Use
	Path, Existing string // Existing is Path, or the nearest folder above it
	Device         uint64
	Free, Inodes   uint64
	TotalInodes    uint64 // 0: the file system has no limit
	Unknown        string // why nothing is known
}

// Use is what a place is for.
type Use string

// The uses.
const (
	ForMachines Use = "machines"
	ForBoxes    Use = "boxes"
)
