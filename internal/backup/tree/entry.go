// Package tree backs up a directory as one plain tar stream that is laid down
// as a log.
//
// A part packs whole files (about 4 MiB), with an index of them beside it; a
// file that is larger has its header in a part of its own and its content, cut
// by content, in the parts that follow. A later set links the parts of the one
// before it and appends parts with what is new or changed: tar lets the later
// entry win, so the whole stays one plain tar, and files that did not change
// are not even opened. base.go holds the rules that keep this right.
package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"golang.org/x/sys/unix"
)

// Types of an entry, named by tar's type flags.
const (
	typeFile    = '0'
	typeLink    = '1' // a further name of a file
	typeSymlink = '2'
	typeDir     = '5'
)

// entry is what is known of one name of a tree.
type entry struct {
	path   string // relative, slashes, "." for the root
	kind   byte
	mode   uint32 // permission bits, set-id and sticky bits
	uid    uint32
	gid    uint32
	size   int64
	mtime  int64 // nanoseconds
	ctime  int64 // nanoseconds; 0 when the file may have changed after it was read
	inode  uint64
	device uint64
	links  uint64
	blocks int64 // of 512 bytes, allocated

	// What an index adds.
	target string // of a typeLink: the name it follows in the stream
	stored int64  // bytes in the stream, header and padding included
}

func fromStat(path string, st *unix.Stat_t) entry {
	e := entry{
		path: path, mode: st.Mode & 0o7777, uid: st.Uid, gid: st.Gid, size: st.Size,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(),
		inode: st.Ino, device: uint64(st.Dev), links: uint64(st.Nlink), blocks: st.Blocks,
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		e.kind = typeFile
	case unix.S_IFDIR:
		e.kind, e.size = typeDir, 0
	case unix.S_IFLNK:
		e.kind = typeSymlink
	}
	return e
}

// print is a fingerprint of everything that changes when a file does. Two
// names of one file have the same one, whatever their type in the stream.
func (e *entry) print() [8]byte {
	var b [64]byte
	kind := e.kind
	if kind == typeLink {
		kind = typeFile
	}
	b[0] = kind
	binary.LittleEndian.PutUint32(b[4:], e.mode)
	binary.LittleEndian.PutUint32(b[8:], e.uid)
	binary.LittleEndian.PutUint32(b[12:], e.gid)
	binary.LittleEndian.PutUint64(b[16:], uint64(e.size))
	binary.LittleEndian.PutUint64(b[24:], uint64(e.mtime))
	binary.LittleEndian.PutUint64(b[32:], uint64(e.ctime))
	binary.LittleEndian.PutUint64(b[40:], e.inode)
	sum := sha256.Sum256(b[:48])
	return [8]byte(sum[:8])
}

// pathHash stands for a name: 96 bits of a SHA-256, so that two of ten million
// names clash once in 10^15 trees.
type pathHash [12]byte

func hashPath(path string) pathHash {
	sum := sha256.Sum256([]byte(path))
	return pathHash(sum[:12])
}

// Clock ticks of file systems, in nanoseconds: a change within one tick after
// a file was read cannot be told from the ctime. Whole seconds as ctime tell
// of a coarse file system (FAT, some network ones).
const (
	fineTick   = int64(20 * time.Millisecond)
	coarseTick = int64(2 * time.Second)
)

// settle forgets the ctime of a file that may yet change without its ctime
// telling: the rule that git calls racily clean. Such a file is read again by
// the next set. read is when reading it began.
func (e *entry) settle(read time.Time) {
	tick := fineTick
	if e.ctime%int64(time.Second) == 0 {
		tick = coarseTick
	}
	if e.ctime > read.UnixNano()-tick {
		e.ctime = 0
	}
}
