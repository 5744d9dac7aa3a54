package volumelive

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// Contents is what a tar stream lays down: of every name what it is, in some
// fifty bytes however large the file. As for tar, a later entry takes the place
// of an earlier one.
type Contents struct {
	// Comparable tells the extended attributes that can be read back.
	Comparable func(name string) bool

	Special int64 // devices, pipes: no set can bring them back

	names map[nameHash]int32 // of files
	files []file
}

// nameHash stands for a name: two of ten million clash once in 10^15 volumes.
type nameHash [12]byte

func hashed(name string) nameHash {
	sum := sha256.Sum256([]byte(name))
	return nameHash(sum[:12])
}

// file is what a name stands for: a directory or a link, too.
type file struct {
	kind    byte
	look    [8]byte  // of mode, owner, size, time and target
	attrs   [8]byte  // of the extended attributes
	content [16]byte // of a regular file
	names   int32    // how many it has
	hidden  bool     // some of its extended attributes cannot be read back
	size    int64
	is      uint64 // the file that has been found for it
}

// entry is one name with all that is compared.
type entry struct {
	path     string
	kind     byte
	mode     uint32
	uid, gid uint32
	size     int64
	seconds  int64 // when it was changed; some file systems know no less
	target   string
	attrs    map[string]string
	content  [sha256.Size]byte
}

func (e *entry) print(known func(string) bool) file {
	f := file{kind: e.kind, names: 1, size: e.size, content: [16]byte(e.content[:16])}
	mode := e.mode
	if e.kind == tar.TypeSymlink {
		mode = 0 // it has none of its own
	}
	var b []byte
	for _, n := range []int64{int64(mode), int64(e.uid), int64(e.gid), e.size, e.seconds} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	sum := sha256.Sum256(append(b, e.target...))
	f.look = [8]byte(sum[:8])
	names := make([]string, 0, len(e.attrs))
	for name := range e.attrs {
		if comparable(name, known) {
			names = append(names, name)
		} else if name != "security.selinux" {
			f.hidden = true
		}
	}
	if len(names) == 0 {
		return f
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		_, _ = io.WriteString(h, name+"\x00")
		value := sha256.Sum256([]byte(e.attrs[name]))
		_, _ = h.Write(value[:])
	}
	f.attrs = [8]byte(h.Sum(nil)[:8])
	return f
}

// comparable leaves out the label that a security module of the machine gives.
func comparable(name string, known func(string) bool) bool {
	return name != "security.selinux" && (known == nil || known(name))
}

// Read reads a stream to its end.
func Read(ctx context.Context, stream io.Reader, known func(string) bool) (*Contents, error) {
	c := &Contents{Comparable: known, names: map[nameHash]int32{}}
	err := each(ctx, stream, c.add)
	return c, err
}

// each calls use for every entry of a stream that a volume can hold. The name of
// another one is the target of an entry of type tar.TypeLink.
func each(ctx context.Context, stream io.Reader, use func(e *entry) error) error {
	in := tar.NewReader(stream)
	hash := sha256.New()
	buffer := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			// What follows the end of an archive is padding, and has to be there.
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{stream}, buffer)
			return err
		}
		if err != nil {
			return err
		}
		e := fromHeader(h)
		if e.kind == tar.TypeReg {
			hash.Reset()
			if _, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{in}, buffer); err != nil {
				return err
			}
			hash.Sum(e.content[:0])
		}
		if err := use(e); err != nil {
			return err
		}
	}
}

func fromHeader(h *tar.Header) *entry {
	e := &entry{
		path: path.Clean(h.Name), kind: h.Typeflag, mode: uint32(h.Mode & 0o7777), uid: uint32(h.Uid), gid: uint32(h.Gid),
		seconds: h.ModTime.Unix(),
	}
	switch e.kind {
	case tar.TypeReg:
		e.size = h.Size
	case tar.TypeSymlink:
		e.target = h.Linkname
		return e // a set keeps no attributes of it
	case tar.TypeLink:
		e.target = path.Clean(h.Linkname)
		return e
	}
	for key, value := range h.PAXRecords {
		if name, is := strings.CutPrefix(key, "SCHILY.xattr."); is {
			if e.attrs == nil {
				e.attrs = map[string]string{}
			}
			e.attrs[name] = value
		}
	}
	return e
}

// special says whether an entry is neither file nor directory nor link.
func (e *entry) special() bool {
	switch e.kind {
	case tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink:
		return false
	}
	return true
}

// Total counts names, and the bytes of all files.
func (c *Contents) Total() (entries, bytes int64) {
	for _, f := range c.files {
		if f.names > 0 {
			bytes += f.size
		}
	}
	return int64(len(c.names)), bytes
}

// Hidden counts the files some of whose extended attributes cannot be read back.
func (c *Contents) Hidden() (n int64) {
	for _, f := range c.files {
		if f.names > 0 && f.hidden {
			n++
		}
	}
	return n
}

func (c *Contents) add(e *entry) error {
	if e.special() {
		c.Special++
		return nil
	}
	name := hashed(e.path)
	if was, there := c.names[name]; there {
		c.files[was].names--
	}
	if e.kind == tar.TypeLink {
		at, there := c.names[hashed(e.target)]
		if !there || c.files[at].kind != tar.TypeReg {
			return errors.New(e.path + " is another name of " + e.target + ", which is not there")
		}
		c.files[at].names++
		c.names[name] = at
		return nil
	}
	c.names[name] = int32(len(c.files))
	c.files = append(c.files, e.print(c.Comparable))
	return nil
}
