package backup

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// jobs is by how many sessions a dump is loaded. Several need the dump as a
// file, which costs a copy of it. That pays when the server is on this machine,
// has idle cores, and the dump holds several large tables: one large table is
// copied by one session anyway.
func (p *postgresTaker) jobs() int {
	const (
		enough = 64 << 20 // bytes of rows
		most   = 4
	)
	_, _, total := p.want.Total()
	largest := int64(0)
	for _, t := range p.want {
		largest = max(largest, t.Bytes)
	}
	mine := p.server.As == "" || os.Geteuid() == 0 // else pg_restore could not open our file
	if !p.server.Local() || !mine || total < enough || largest > total*6/10 {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), most)
}

// scratchFile is a file without a name beside the sets, which goes with the
// process however it ends; nil where there is no room or no such file.
func (p *postgresTaker) scratchFile() *os.File {
	free, err := p.store.Free()
	if err != nil || free < p.held.Size+p.held.Size/10 {
		return nil
	}
	fd, err := unix.Open(p.store.Dir(), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), "decoded dump")
	if p.server.As == "" {
		return f
	}
	who, err := user.Lookup(p.server.As)
	if err == nil {
		uid, _ := strconv.Atoi(who.Uid)
		err = f.Chown(uid, -1)
	}
	if err != nil {
		_ = f.Close()
		return nil
	}
	return f
}

// loadSideBySide lets several sessions load the dump from a file.
func (p *postgresTaker) loadSideBySide(ctx context.Context, dump io.Reader, f *os.File, jobs int) error {
	if _, err := io.Copy(f, dump); err != nil {
		return fmt.Errorf("decode the dump: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("decode the dump: %w", err)
	}
	p.w.Say.Info("%s is decoded; %d sessions load it", p.held.Name, jobs)
	return p.server.LoadFile(ctx, p.place.Name, f, jobs)
}
