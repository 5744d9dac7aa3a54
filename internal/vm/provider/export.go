package provider

import (
	"context"

	"iact-infra/internal/diskimage"
)

// Exporter takes whole machines out and puts them back.
type Exporter interface {
	Provider
	// Capture holds a machine's disks still at one moment, without stopping it
	// for longer than a snapshot takes: afterwards it is in the state that it was
	// in, and goes on. scratch is an empty directory that the provider may write
	// to as long as the capture is open. A capture that was killed is cleaned up
	// by the next one.
	Capture(ctx context.Context, id, scratch string) (*Capture, error)
	// Define registers a machine, off, under a new name, from a definition and
	// disks that lie on this host. ErrExists when the name is taken. The id is a
	// new one. isolated: on a network from which nothing but this host is reached,
	// whatever the definition says.
	Define(ctx context.Context, d Definition, as Place) (id string, err error)
	// Remove unregisters a machine and deletes its disks and snapshots. One that
	// runs is stopped first. One that is not there is removed already.
	Remove(ctx context.Context, id string) error
}

// Capture is a machine at one moment. Close ends it and always has to be called.
type Capture struct {
	Definition Definition
	Frozen     bool     // the guest's file systems were frozen by its agent
	Notes      []string // what was left out, and why
	Disks      []CapturedDisk
	Close      func() error
}

// CapturedDisk is one disk of a capture.
type CapturedDisk struct {
	Target string // vda
	diskimage.Image
}

// Definition is what a provider needs to make a machine anew, without its disks.
type Definition struct {
	Provider string            `json:"provider"`
	Domain   string            `json:"domain"`
	Files    map[string][]byte `json:"-"` // by name: domain.xml, vmlinuz, initrd.img, machine.vbox …
	Targets  []string          `json:"targets"`
}

// Place is where a machine is made anew.
type Place struct {
	Domain   string            // its new name
	Dir      string            // where its disks and the files of its definition are put
	Disks    map[string]string // the file of each disk, by target; raw
	Isolated bool
}
