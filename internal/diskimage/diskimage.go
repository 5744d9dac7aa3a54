// Package diskimage reads the disks of virtual machines.
//
// A disk is a run of bytes with holes in it: what was never written, or was
// given back, reads as zeros and takes no room. Whoever stores a disk asks for
// its extents first and never reads a hole. The rooms share this package: the
// virtual machines open images, the backup stores them.
package diskimage

import (
	"context"
	"io"
)

// Image is one disk at one moment. It does not change while it is open. ReadAt
// may be called by several goroutines at once.
type Image interface {
	io.ReaderAt
	io.Closer
	// Size is what the machine sees, in bytes.
	Size() int64
	// Extents are the regions that hold data, rising, apart from one another,
	// within Size. Everything else reads as zeros. It is asked once.
	Extents(ctx context.Context) ([]Extent, error)
}

// Extent is a region of a disk, in bytes.
type Extent struct{ Offset, Length int64 }
