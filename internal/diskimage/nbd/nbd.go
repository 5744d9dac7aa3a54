// Package nbd reads a disk image that QEMU serves on a Unix socket, by the
// network block device protocol.
//
// QEMU knows all formats, backing files and its own running machines; over this
// protocol it tells which regions hold data, and gives them from its page cache
// at the speed of memory. It speaks the "fixed newstyle" handshake with
// structured replies and the metadata context base:allocation. See doc/proto.md
// of https://github.com/NetworkBlockDevice/nbd.
package nbd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"iact-infra/internal/diskimage"
)

// stalled is how long a server may take for one answer.
const stalled = 2 * time.Minute

// largest is the most that one request asks for: the server works on 16 of them at
// once, which is 4 MiB.
const largest = 256 << 10

// opening is what the first request of a large disk asks for. QEMU takes memory
// from the kernel for each request, page by page, and gives it back afterwards,
// until it has once given back a block of more than it needs at a time: from then
// on its allocator keeps that much. To send a disk takes a fraction of the
// processor then.
const opening = 8 << 20

// Image is an export of a server. It implements diskimage.Image.
type Image struct {
	conn    net.Conn
	size    int64
	context uint32 // of base:allocation
	stop    func() bool

	write sync.Mutex
	next  uint64

	mu      sync.Mutex
	waiting map[uint64]*request
	broken  error
	read    chan struct{} // closed when the reader has ended
}

// request is one that has not been answered to its end.
type request struct {
	into    []byte // of a read
	at      int64
	extents []diskimage.Extent // of a block status; Offset is where data begins
	asked   int64              // how far the block status reaches
	err     error
	done    chan struct{}
}

var _ diskimage.Image = (*Image)(nil)

// Open connects to an export of the server at a socket. The image ends with ctx.
func Open(ctx context.Context, socket, export string) (*Image, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("open disk at %s: %w", socket, err)
	}
	i := &Image{conn: conn, waiting: map[uint64]*request{}, read: make(chan struct{})}
	if err = conn.SetDeadline(time.Now().Add(stalled)); err == nil {
		err = i.shake(export)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		return nil, fmt.Errorf("open disk %q at %s: %w", export, socket, errors.Join(err, conn.Close()))
	}
	i.stop = context.AfterFunc(ctx, func() { i.fail(context.Cause(ctx)) })
	go i.answers()
	return i, nil
}

// Size implements diskimage.Image.
func (i *Image) Size() int64 { return i.size }

// Close ends the connection in order and waits for its reader.
func (i *Image) Close() error {
	i.stop()
	i.write.Lock()
	_, err := i.conn.Write(command(disconnect, 0, 0, 0))
	i.write.Unlock()
	_ = i.conn.Close() // its reader ends by that
	<-i.read
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ReadAt implements io.ReaderAt. Requests of several goroutines are under way at
// once, and the data of each goes straight into its own buffer.
func (i *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read disk: offset %d is negative", off)
	}
	short := error(nil)
	if left := max(i.size-off, 0); int64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	var all []*request
	for at := 0; at < len(p); at += largest {
		part := p[at:min(at+largest, len(p))]
		r, err := i.ask(readBlocks, off+int64(at), int64(len(part)), part)
		if err != nil {
			return 0, err
		}
		all = append(all, r)
	}
	for _, r := range all {
		if err := i.wait(r); err != nil {
			return 0, fmt.Errorf("read disk at %d: %w", r.at, err)
		}
	}
	return len(p), short
}

// open makes the first request of a large disk.
func (i *Image) open() error {
	if i.size < 8*opening {
		return nil
	}
	r, err := i.ask(readBlocks, 0, opening, make([]byte, opening))
	if err == nil {
		err = i.wait(r)
	}
	if err != nil {
		return fmt.Errorf("read the begin of the disk: %w", err)
	}
	return nil
}

// Extents implements diskimage.Image.
func (i *Image) Extents(ctx context.Context) ([]diskimage.Extent, error) {
	if err := i.open(); err != nil {
		return nil, err
	}
	var all []diskimage.Extent
	const step = 1 << 30
	for at := int64(0); at < i.size; {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		r, err := i.ask(blockStatus, at, min(step, i.size-at), nil)
		if err == nil {
			err = i.wait(r)
		}
		if err != nil {
			return nil, fmt.Errorf("ask which regions of the disk hold data: %w", err)
		}
		if r.asked <= 0 {
			return nil, fmt.Errorf("ask which regions of the disk hold data: no answer for %d", at)
		}
		for _, e := range r.extents {
			if last := len(all) - 1; last >= 0 && all[last].Offset+all[last].Length == e.Offset {
				all[last].Length += e.Length
				continue
			}
			all = append(all, e)
		}
		at += r.asked
	}
	if last := len(all) - 1; last >= 0 { // a server may tell about more than was asked
		all[last].Length = min(all[last].Length, i.size-all[last].Offset)
	}
	return all, nil
}

// ask sends a request.
func (i *Image) ask(kind uint16, at, length int64, into []byte) (*request, error) {
	r := &request{into: into, at: at, done: make(chan struct{})}
	i.write.Lock()
	defer i.write.Unlock()
	i.mu.Lock()
	if i.broken != nil {
		defer i.mu.Unlock()
		return nil, i.broken
	}
	i.next++
	handle := i.next
	i.waiting[handle] = r
	i.mu.Unlock()
	if _, err := i.conn.Write(command(kind, handle, at, length)); err != nil {
		i.fail(err)
		return nil, err
	}
	return r, nil
}

// wait waits for the end of an answer. A server that does not answer at all is
// given up.
func (i *Image) wait(r *request) error {
	late := time.NewTimer(stalled)
	defer late.Stop()
	select {
	case <-r.done:
		return r.err
	case <-late.C:
		i.fail(fmt.Errorf("the server has not answered for %s", stalled))
		<-r.done
		return r.err
	}
}

// fail ends the connection and all that waits for it.
func (i *Image) fail(err error) {
	i.mu.Lock()
	if i.broken == nil {
		i.broken = err
	}
	i.mu.Unlock()
	_ = i.conn.Close() // by which the reader ends
}

// answers reads what comes until the connection ends.
func (i *Image) answers() {
	defer close(i.read)
	in := bufio.NewReaderSize(i.conn, 64<<10)
	var err error
	for err == nil {
		err = i.answer(in)
	}
	i.fail(err)
	i.mu.Lock()
	defer i.mu.Unlock()
	for handle, r := range i.waiting {
		r.err = i.broken
		close(r.done)
		delete(i.waiting, handle)
	}
}

// find is the request of a handle; finish takes it off the list.
func (i *Image) find(handle uint64) *request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.waiting[handle]
}

func (i *Image) finish(handle uint64, r *request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.waiting, handle)
	close(r.done)
}

// command is a request on the wire.
func command(kind uint16, handle uint64, at, length int64) []byte {
	b := make([]byte, 0, 28)
	b = binary.BigEndian.AppendUint32(b, requestMagic)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint64(b, handle)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	return binary.BigEndian.AppendUint32(b, uint32(length))
}
