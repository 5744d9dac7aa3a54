// Package provider is what the room asks of whatever runs the machines.
//
// Vagrant starts Ruby for every question, which takes seconds. So what only
// looks, and what Vagrant does badly (snapshots that cannot be listed, exports
// that stop the machine), goes to the provider itself; what changes Vagrant's
// own state (up, halt, destroy) stays with Vagrant. The packages below are one
// provider each; providertest is the suite that every one of them passes.
package provider

import (
	"context"
	"time"

	"iact-infra/internal/command"
)

// Names of the providers, as Vagrant spells them.
const (
	Libvirt    = "libvirt"
	VirtualBox = "virtualbox"
)

// SnapshotPattern is what a snapshot may be called with every provider.
const SnapshotPattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`

// State of a machine, the same words for every provider.
type State string

// The states. A machine that is changing over is Changing: nothing may be asked
// of it before it has settled.
const (
	Running  State = "running"
	Paused   State = "paused"  // in memory
	Saved    State = "saved"   // on disk
	Off      State = "off"     // shut down, or never started
	Crashed  State = "crashed" // ended without being shut down
	Changing State = "changing"
	Unknown  State = "unknown" // it is registered, and its files cannot be read
)

// Errors that every provider wraps.
const (
	// ErrGone is the answer about a machine that the provider does not know.
	ErrGone = command.Sentinel("the provider has no such machine")
	// ErrLocked: another program works on the machine at this moment.
	ErrLocked = command.Sentinel("the machine is locked by another program")
	// ErrExists: a snapshot or a machine has that name already.
	ErrExists = command.Sentinel("the name is taken")
	// ErrNoSnapshot: the machine has no snapshot of that name.
	ErrNoSnapshot = command.Sentinel("there is no such snapshot")
	// ErrState: what was asked cannot be done in the state that the machine is in.
	ErrState = command.Sentinel("the machine is in the wrong state")
)

// Provider controls machines. id is what Vagrant has written down as the
// machine's (.vagrant/machines/NAME/PROVIDER/id): a UUID. Methods wrap ErrGone
// when there is no such machine and change nothing then. Those that change wait
// until the state they lead to is reached. They are safe for concurrent use, for
// different machines.
type Provider interface {
	// Name is the provider as Vagrant spells it.
	Name() string
	// Version is that of the programs and, where there is one, of the daemon.
	// The error has the code fault.Missing where something is not there, and its
	// hint says how to get it.
	Version(ctx context.Context) (string, error)
	// Machines are all that the provider knows, by id, with Domain and State
	// alone. It is quick: one or two programs, however many machines there are.
	Machines(ctx context.Context) (map[string]Machine, error)
	// Look is everything about one machine.
	Look(ctx context.Context, id string) (Machine, error)
	// Suspend stops a running machine in memory or on disk; one that is
	// suspended stays so. ErrState for one that is off.
	Suspend(ctx context.Context, id string) error
	// Resume goes on with a suspended machine; one that runs stays so.
	Resume(ctx context.Context, id string) error
	// Start turns a machine on that is off.
	Start(ctx context.Context, id string) error
	// Stop takes the power from a machine, without asking its system; one that is
	// off stays so.
	Stop(ctx context.Context, id string) error
	// Snapshots are a machine's, the oldest first.
	Snapshots(ctx context.Context, id string) ([]Snapshot, error)
	// Take makes a snapshot of the disks, and of the memory of a machine that
	// runs or is paused; it is in the same state afterwards, also when it failed.
	// ErrExists when the name is taken, also where the provider would allow it.
	Take(ctx context.Context, id, name, description string) error
	// Restore makes the machine what it was at the snapshot: running where that
	// holds a memory, off otherwise. What came after is lost.
	Restore(ctx context.Context, id, name string) error
	// Delete removes a snapshot and nothing else. ErrState where more than one way
	// goes on from it and the provider cannot do without it then.
	Delete(ctx context.Context, id, name string) error
}

// Machine is one machine as its provider sees it. Fields that it cannot tell
// are zero.
type Machine struct {
	ID        string
	Domain    string // the provider's own name for it: "iact-devbox"
	State     State
	Since     time.Time // when the state was reached, or the machine started if it runs; zero where nobody knows
	Memory    int64     // bytes
	CPUs      int
	Disks     []Disk
	Addresses []string  // of the guest, where the provider knows them
	Forwards  []Forward // of ports, by the provider itself
}

// Disk is one disk of a machine.
type Disk struct {
	Target string // the provider's name for where it is plugged in: vda, SATA-0-0
	Path   string
	Size   int64 // what the machine sees, in bytes
	Used   int64 // what it takes on this host, in bytes
}

// Forward is a port of the host that leads into the guest.
type Forward struct {
	Name      string `json:"name,omitempty"`
	HostIP    string `json:"host_ip,omitempty"` // "" is every address
	HostPort  int    `json:"host_port"`
	GuestPort int    `json:"guest_port"`
}

// Snapshot is one snapshot of a machine.
type Snapshot struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Time        time.Time `json:"time"`
	Parent      string    `json:"parent,omitempty"`
	Current     bool      `json:"current"`    // what the machine goes on from
	Memory      bool      `json:"memory"`     // it holds the memory of a running machine
	Size        int64     `json:"size_bytes"` // what it takes, as far as the provider can tell; 0: unknown
}
