package disktar

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"iact-infra/internal/diskimage"
)

// Span is one piece of a disk: where it begins, and what of it may hold data.
type Span struct {
	Offset int64
	Data   []Region
}

// Spans cuts what an image says of its data into pieces. Pieces without any are
// not among them. Data is told in whole grains; what touches a grain has it all.
func Spans(size int64, extents []diskimage.Extent) ([]Span, error) {
	grain := Grain(size)
	var all []Span
	last := int64(0)
	for _, e := range extents {
		if e.Offset < last || e.Length < 0 || e.Length > size-e.Offset {
			return nil, fmt.Errorf("the region of %d bytes at %d is out of order, or not within %d bytes", e.Length, e.Offset, size)
		}
		last = e.Offset + e.Length
		from, to := e.Offset/grain*grain, min((last+grain-1)/grain*grain, size)
		for from < to {
			at := from / Piece * Piece
			end := min(to, at+Piece)
			if n := len(all); n == 0 || all[n-1].Offset != at {
				all = append(all, Span{Offset: at})
			}
			span := &all[len(all)-1]
			span.Data = join(span.Data, Region{from, end - from})
			from = end
		}
	}
	return all, nil
}

// join adds a region to others that begin before it.
func join(all []Region, r Region) []Region {
	if n := len(all); n > 0 {
		before := &all[n-1]
		if end := before.Offset + before.Length; r.Offset <= end {
			before.Length = max(end, r.Offset+r.Length) - before.Offset
			return all
		}
	}
	return append(all, r)
}

// Read appends what a piece holds to an empty buffer with room for it, without
// the grains that hold zeros alone, and says which regions that is: none for a
// piece of zeros.
func Read(disk io.ReaderAt, size int64, span Span, buf []byte) (data []byte, regions []Region, err error) {
	grain := Grain(size)
	for _, r := range span.Data {
		at := len(buf)
		buf = buf[:at+int(r.Length)]
		if n, err := disk.ReadAt(buf[at:], r.Offset); n < int(r.Length) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return buf[:at], nil, fmt.Errorf("read %d bytes at %d: %w", r.Length, r.Offset, err)
		}
		kept := at
		for from := int64(0); from < r.Length; from += grain {
			one := buf[at+int(from) : at+int(min(from+grain, r.Length))]
			if zeros(one) {
				continue
			}
			if at+int(from) != kept {
				copy(buf[kept:], one)
			}
			kept += len(one)
			regions = join(regions, Region{r.Offset + from, int64(len(one))})
		}
		buf = buf[:kept]
	}
	return buf, regions, nil
}

// zeros says whether data is nothing else. Data mostly shows it at once.
func zeros(data []byte) bool {
	return len(data) == 0 || data[0] == 0 && bytes.Equal(data[:len(data)-1], data[1:])
}

// Append adds the regions of a piece to those of the pieces before it.
func Append(all, more []Region) []Region {
	for _, r := range more {
		all = join(all, r)
	}
	return all
}
