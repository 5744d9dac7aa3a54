package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// small adds one entry, header and content, to a part. A name that vanished
// is left out; what cannot be read is noted.
func (c *capture) small(buf []byte, e *entry, index *indexWriter) []byte {
	began, start := c.now(), len(buf)
	if e.kind == typeSymlink {
		return c.symlink(buf, e, index)
	}
	f, err := c.open(e)
	if err != nil {
		return buf
	}
	defer f.Close()
	if c.linked(e) {
		h := c.header(e)
		h.target = e.target
		buf = h.append(buf)
		c.put(index, e, began, int64(len(buf)-start))
		return buf
	}
	h := c.header(e)
	h.attrs = c.attributes(f, e.path)
	if e.kind == typeDir {
		buf = h.append(buf)
		c.put(index, e, began, int64(len(buf)-start))
		return buf
	}
	// A file that has outgrown a part since the walk is saved as far as a part
	// goes; that is noted, and the next set reads it again.
	e.size = min(e.size, packSize)
	content, h := c.content(f, e, h)
	// It is read to where it stays, behind its header: a copy costs as much as
	// compressing what does not compress.
	buf = h.append(buf)
	body := len(buf)
	buf = slices.Grow(buf, int(h.size+padding(h.size)))
	n, err := io.ReadFull(content, buf[body:body+int(h.size)])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.unreadable("%s: could not be read: %v", e.path, cause(err))
		return buf[:start]
	}
	buf = buf[:body+n]
	if int64(n) < h.size && !h.sparse { // it shrank: save what is there
		h.size, e.size = int64(n), int64(n)
		buf = append(h.append(buf[:start:start]), buf[body:]...)
	}
	buf = append(buf, make([]byte, h.size-int64(n)+padding(h.size))...)
	c.changed(f, e)
	c.put(index, e, began, int64(len(buf)-start))
	c.written(e)
	return buf
}

// linked says whether the file was written under another name already, and
// turns the entry into a link to it. Only files that the walk saw with several
// names take part: they are written one after the other.
func (c *capture) linked(e *entry) bool {
	if !c.serial || e.kind != typeFile || e.links < 2 {
		return false
	}
	first, ok := c.names[fileID{e.device, e.inode}]
	if ok {
		e.kind, e.target = typeLink, first
	}
	return ok
}

func (c *capture) written(e *entry) {
	if c.serial && e.kind == typeFile && e.links > 1 {
		c.names[fileID{e.device, e.inode}] = e.path
	}
}

// large gives a file parts of its own: its header in one, its content, cut by
// content, in the following ones.
func (c *capture) large(e *entry) error {
	began := c.now()
	f, err := c.open(e)
	if err != nil {
		return nil
	}
	defer f.Close()
	if c.names[fileID{e.device, e.inode}] != "" {
		e.blocks, e.size = 0, 0 // a link: a header is all there is
		return c.append(e)
	}
	h := c.header(e)
	h.attrs = c.attributes(f, e.path)
	content, h := c.content(f, e, h)
	number := c.layer.Reserve()
	short := &filled{r: content, left: h.size}
	if _, err := c.layer.Stream(io.MultiReader(short, bytes.NewReader(make([]byte, padding(h.size))))); err != nil {
		return err
	}
	c.layer.Continue(number)
	c.written(e)
	if short.err != nil {
		c.unreadable("%s: could not be read to its end: %v", e.path, cause(short.err))
		e.mtime, e.ctime = 0, 0
	}
	c.changed(f, e)
	buf, err := c.layer.Buffer()
	if err != nil {
		return err
	}
	c.layer.AddAt(number, buf, func(buf []byte) ([]byte, []byte, error) {
		var index indexWriter
		buf = h.append(buf)
		c.put(&index, e, began, int64(len(buf))+h.size+padding(h.size))
		return buf, index.frame(c.press.Frame), nil
	})
	return nil
}

// open opens a file or directory and brings the entry up to date with what was
// opened. The error is noted already.
func (c *capture) open(e *entry) (*os.File, error) {
	flags := unix.O_RDONLY
	if e.kind == typeDir {
		flags |= unix.O_DIRECTORY
	}
	f, err := c.read.open(e.path, flags)
	if errors.Is(err, fs.ErrNotExist) {
		c.noted("%s: vanished while it was read", e.path)
		return nil, err
	}
	if err != nil {
		if e.kind != typeDir { // of a directory the walk has said it
			c.unreadable("%s: could not be read: %v", e.path, cause(err))
		}
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		_ = f.Close()
		c.unreadable("%s: could not be read: %v", e.path, err)
		return nil, err
	}
	now := fromStat(e.path, &st)
	if now.kind != e.kind {
		_ = f.Close()
		c.noted("%s: became something else while it was read", e.path)
		return nil, fs.ErrNotExist
	}
	*e = now
	return f, nil
}

func (c *capture) header(e *entry) *header {
	return &header{
		path: e.path, kind: e.kind, mode: e.mode, uid: e.uid, gid: e.gid,
		owner: c.read.owner(e.uid), group: c.read.group(e.gid), mtime: e.mtime,
	}
}

func (c *capture) attributes(f *os.File, path string) []attribute {
	attrs, err := attributes(f)
	if err != nil {
		c.noted("%s: extended attributes: %v", path, err)
	}
	return attrs
}

// content is what follows the header: the file's bytes, or for a file with
// holes the map of its segments and their bytes.
func (c *capture) content(f *os.File, e *entry, h *header) (io.Reader, *header) {
	h.size = e.size
	if e.blocks*block >= e.size {
		return f, h
	}
	all, sparse := segments(f, e.size)
	if !sparse {
		return f, h
	}
	table := sparseMap(all, e.size)
	readers := []io.Reader{bytes.NewReader(table)}
	h.sparse, h.logical, h.size = true, e.size, int64(len(table))
	for _, s := range all {
		readers = append(readers, io.NewSectionReader(f, s.offset, s.length))
		h.size += s.length
	}
	return io.MultiReader(readers...), h
}

// changed notes that a file was written to while it was read, and makes the
// next set read it again.
func (c *capture) changed(f *os.File, e *entry) {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return
	}
	if st.Mtim.Nano() != e.mtime || st.Size != e.size {
		c.noted("%s: changed while it was read", e.path)
		e.ctime = 0
	}
}

func (c *capture) symlink(buf []byte, e *entry, index *indexWriter) []byte {
	began, start := c.now(), len(buf)
	target, err := c.read.link(e.path)
	if err != nil {
		c.noted("%s: vanished while it was read", e.path)
		return buf
	}
	h := c.header(e)
	h.target = target
	buf = h.append(buf)
	c.put(index, e, began, int64(len(buf)-start))
	return buf
}

func (c *capture) put(index *indexWriter, e *entry, began time.Time, stored int64) {
	e.settle(began)
	e.stored = stored
	index.add(e)
}

// filled reads exactly so many bytes: when the file ends early or fails, the
// rest is zeros, so that the stream stays a tar. The failure is kept.
type filled struct {
	r    io.Reader
	left int64
	err  error
	over bool
}

func (f *filled) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), f.left)]
	if f.over {
		clear(p)
		f.left -= int64(len(p))
		return len(p), nil
	}
	n, err := f.r.Read(p)
	f.left -= int64(n)
	if err != nil {
		f.over = true
		if !errors.Is(err, io.EOF) {
			f.err = err
		} else if f.left > 0 {
			f.err = fmt.Errorf("it shrank by %d bytes", f.left)
		}
	}
	return n, nil
}

// cause strips the operation and path that a note already names.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
