// Package machine is what a backup asks of whatever runs virtual machines.
//
// The backup knows nothing of Vagrant, of providers or of the guest: the house
// hands it a Host. What a set holds of a machine is its definition, as the
// provider understands it, and its disks as they were at one moment. From both
// the same provider makes the machine anew, under a new name, on this host or
// on another.
package machine

import (
	"context"
	"time"

	"iact-infra/internal/diskimage"
)

// Host runs machines. Its methods are called one after the other.
type Host interface {
	// Look finds a machine by what the Vagrantfile calls it, or else by what its
	// provider does. It only reads. The error says why there is none, has the code
	// fault.Missing when it was never made or is gone, and a way out.
	Look(ctx context.Context, name string) (Seen, error)
	// Capture holds the disks of a machine still at one moment. Before that the
	// databases in a machine that runs write down what they hold in memory; the
	// machine stands still no longer than a snapshot takes. scratch is an empty
	// directory for as long as the capture is open.
	Capture(ctx context.Context, m Seen, scratch string) (*Capture, error)
	// Find looks for a machine by what its provider calls it; nil when there is
	// none.
	Find(ctx context.Context, provider, domain string) (*Seen, error)
	// Define makes a machine anew, off. What has the name is never overwritten.
	// What it has made when it fails, or is killed, Find finds.
	Define(ctx context.Context, d Definition, as Place) (id string, err error)
	// Remove takes a machine away, its disks too. One that runs is stopped first;
	// one that is not there is removed already.
	Remove(ctx context.Context, provider, id string) error
	// Prove starts a machine that was defined isolated, waits until what it is for
	// answers, and holds it against the facts of the capture. The error is that it
	// could not be asked; what it answers stands in the checks. The machine is left
	// as it is then.
	Prove(ctx context.Context, m Restored) ([]Check, error)
}

// Seen is a machine as a look shows it.
type Seen struct {
	Name     string `json:"name"`     // what the Vagrantfile calls it; "" when none does
	Domain   string `json:"domain"`   // what its provider calls it
	Provider string `json:"provider"` // as Vagrant spells it
	ID       string `json:"id"`
	Running  bool   `json:"running"`
	Memory   int64  `json:"memory_bytes"`
	CPUs     int    `json:"cpus"`
	Disks    []Disk `json:"disks"`
}

// Disk is one disk of a machine.
type Disk struct {
	Target string `json:"target"` // where it is plugged in: vda
	Path   string `json:"path"`
	Size   int64  `json:"size_bytes"` // what the machine sees
	Used   int64  `json:"used_bytes"` // what it takes here
}

// Capture is a machine at one moment.
type Capture struct {
	Definition Definition
	Moment     time.Time
	Frozen     bool   // the file systems of the guest were frozen
	Facts      []Fact // what the guest told just before
	Notes      []string
	Disks      []Image
	Close      func() error // ends it, and has always to be called
}

// Image is a disk of a capture.
type Image struct {
	Target string
	diskimage.Image
}

// Definition is what a provider needs to make a machine anew, without its disks.
type Definition struct {
	Provider string            `json:"provider"`
	Domain   string            `json:"domain"`
	Targets  []string          `json:"targets"`
	Files    map[string][]byte `json:"-"` // by name, which has no slash in it
}

// Place is where a machine is made anew.
type Place struct {
	Domain   string
	Dir      string            // of the machine alone
	Disks    map[string]string // the file of each disk, by its target, in Dir
	Isolated bool              // it reaches nothing but this host
}

// Restored is a machine that was made anew.
type Restored struct {
	ID    string
	As    Place
	From  Definition
	Facts []Fact
}

// Fact is something that the guest told about what it holds: how many rows a
// database has.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Check is what a machine that was made anew answers.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
}

// File is the name of the member of a set's tar that describes the machine.
const File = "machine.json"

// Description is what it holds.
type Description struct {
	Seen
	Definition Definition `json:"definition"`
	Moment     time.Time  `json:"moment"`
	Frozen     bool       `json:"frozen"`
	Facts      []Fact     `json:"facts,omitempty"`
	Files      []string   `json:"files"` // of the definition, which follow it
	Holds      []Held     `json:"holds"` // the disks, which follow them
}

// Held is a disk in a set.
type Held struct {
	Target string `json:"target"`
	File   string `json:"file"`
	Size   int64  `json:"size_bytes"`
}

// KeyFile is the file of a definition that holds the private key by which Vagrant
// logs in, where the machine has one of its own: without it nobody would get into
// the machine on another host. Define lays it down in the directory.
const KeyFile = "vagrant-private_key"

// DefinitionDir and DiskDir are where the members of a tar lie.
const (
	DefinitionDir = "definition/"
	DiskDir       = "disks/"
)

// DiskFile is the member of a disk.
func DiskFile(target string) string { return DiskDir + target + ".raw" }
