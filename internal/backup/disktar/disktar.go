// Package disktar is a tar that holds the disks of a machine, holes and all.
//
// Disks are members in the sparse format 1.0 of GNU tar: a list of the regions
// that hold data at the head of the member, then their bytes. GNU tar and bsdtar
// lay such a member down with its holes, and a hole takes no byte of the stream.
// archive/tar reads the format, but neither writes it nor tells where the holes
// are, so both are here. A disk is read in pieces of a fixed size and place: what
// a piece holds depends on nothing but the disk there, so that a backup finds it
// again whatever has happened elsewhere.
package disktar

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strconv"
	"time"
)

const (
	// Piece is how much of a disk is read at once; pieces begin at its multiples.
	Piece = 4 << 20
	// block is the unit of a tar. A region that is not the last of its member has
	// to be a multiple of it: GNU tar pads each.
	block = 512
	// leastGrain is the shortest hole that is told: the cluster of a qcow2 image.
	leastGrain = 64 << 10
	// mostGrains bounds the list of regions, which a reader keeps in memory.
	mostGrains = 1 << 18
)

// Region is a stretch of a disk that holds data.
type Region struct{ Offset, Length int64 }

// Grain is how finely the holes of a disk of a size are told. It divides Piece.
// Zeros that are not told cost next to nothing once they are compressed.
func Grain(size int64) int64 {
	grain := int64(leastGrain)
	for grain < Piece && size/grain > mostGrains {
		grain *= 2
	}
	return grain
}

// File is the head of a member that holds a file as it is. Its bytes and their
// Padding follow.
func File(name string, size int64, at time.Time) ([]byte, error) {
	return header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: size, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX})
}

// Disk is the head of a member that holds a disk: everything before its data.
// The bytes of the regions and their Padding follow.
func Disk(name string, size int64, regions []Region, at time.Time) ([]byte, error) {
	list, data := listOf(size, regions)
	head, err := sparseHeader(name, size, int64(len(list))+data, at)
	if err != nil {
		return nil, err
	}
	return append(head, list...), nil
}

// listOf writes the list of regions, and says how many bytes they hold. A disk
// that ends in a hole has an empty region at its end, as GNU tar writes it.
func listOf(size int64, regions []Region) (list []byte, data int64) {
	end := int64(0)
	var lines bytes.Buffer
	add := func(r Region) { fmt.Fprintf(&lines, "%d\n%d\n", r.Offset, r.Length) }
	count := len(regions)
	for _, r := range regions {
		add(r)
		data += r.Length
		end = r.Offset + r.Length
	}
	if end < size || count == 0 {
		add(Region{Offset: size})
		count++
	}
	list = append(strconv.AppendInt(nil, int64(count), 10), '\n')
	list = append(list, lines.Bytes()...)
	return append(list, Padding(int64(len(list)))...), data
}

// Padding fills the last block after so many bytes.
func Padding(after int64) []byte { return make([]byte, -after&(block-1)) }

// End is what follows the last member.
func End() []byte { return make([]byte, 2*block) }

// header lets archive/tar write a member's head.
func header(h *tar.Header) ([]byte, error) {
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(h); err != nil {
		return nil, fmt.Errorf("write tar header of %s: %w", h.Name, err)
	}
	return b.Bytes(), nil
}

// sparseHeader is one that archive/tar refuses to write, since it would have to
// write the rest as well: the records that make a member sparse. The records are
// written by hand, the block that they describe by archive/tar.
func sparseHeader(name string, size, stored int64, at time.Time) ([]byte, error) {
	var records bytes.Buffer
	for _, r := range [][2]string{
		{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", name},
		{"GNU.sparse.realsize", strconv.FormatInt(size, 10)}, {"size", strconv.FormatInt(stored, 10)},
	} {
		records.WriteString(record(r[0], r[1]))
	}
	extended, err := header(&tar.Header{Typeflag: tar.TypeReg, Name: "PaxHeaders/" + short(name), Mode: 0o600, Size: int64(records.Len()), ModTime: at.Truncate(time.Second), Format: tar.FormatUSTAR})
	if err != nil {
		return nil, err
	}
	retype(extended, tar.TypeXHeader)
	extended = append(extended, records.Bytes()...)
	extended = append(extended, Padding(int64(records.Len()))...)
	const most = 1<<33 - 1 // of the field in the block; the record above counts
	main, err := header(&tar.Header{Typeflag: tar.TypeReg, Name: "GNUSparseFile.0/" + short(name), Mode: 0o600, Size: min(stored, most), ModTime: at.Truncate(time.Second), Format: tar.FormatUSTAR})
	if err != nil {
		return nil, err
	}
	return append(extended, main...), nil
}

// short is a name that fits into a block. The whole one stands in a record.
func short(name string) string {
	const most = 60
	return name[max(0, len(name)-most):]
}

// retype gives a block another type flag and a new sum.
func retype(b []byte, flag byte) {
	const at, sumAt, sumEnd = 156, 148, 156
	b[at] = flag
	sum := 0
	for i, c := range b[:block] {
		if i >= sumAt && i < sumEnd {
			c = ' '
		}
		sum += int(c)
	}
	copy(b[sumAt:sumEnd], fmt.Sprintf("%06o\x00 ", sum))
}

// record is one of a pax header, which begins with its own length.
func record(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	n := len(rest)
	for len(strconv.Itoa(n))+len(rest) != n {
		n = len(strconv.Itoa(n)) + len(rest)
	}
	return strconv.Itoa(n) + rest
}
