package fingerprint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func (f *found) file() File {
	return File{Path: f.path, Kind: f.kind, Hash: hex.EncodeToString(f.sum[:])}
}

// racy tells whether the file was changed so shortly before it was read that a
// change after that might have left its times as they are. File systems count in
// ticks of up to 10 ms; where the nanoseconds are 0, in seconds, or in two.
func (f *found) racy() bool {
	slack := 20 * time.Millisecond
	if f.stat.mtime%int64(time.Second) == 0 && f.stat.ctime%int64(time.Second) == 0 {
		slack = 2 * time.Second
	}
	return f.read != 0 && max(f.stat.mtime, f.stat.ctime)+int64(slack) > f.read
}

// sum finds the hashes of files: in the index, or by reading them on all cores.
func (s *Snapshot) sum(ctx context.Context, files []*found) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	buffers := make(chan []byte, runtime.NumCPU())
	for range cap(buffers) {
		buffers <- nil
	}
	for _, f := range files {
		if f.known || f.gone {
			continue
		}
		if was, there := s.old[f.path]; there && f.kind != Link && was.stat == f.stat {
			f.sum, f.known = was.sum, true
			continue
		}
		s.fresh = s.fresh || f.kind != Link
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			buffer := <-buffers
			if buffer == nil {
				buffer = make([]byte, 64<<10)
			}
			defer func() { buffers <- buffer }()
			return f.hash(s.root, s.now, buffer)
		})
	}
	return group.Wait()
}

// hash reads the file. One that changes under the reader is read again; one that
// is changing all the time gets a hash that the index does not keep.
func (f *found) hash(root string, now func() time.Time, buffer []byte) error {
	name := filepath.Join(root, filepath.FromSlash(f.path))
	for range 3 {
		f.read = now().UnixNano()
		same, err := f.once(name, buffer)
		if errors.Is(err, fs.ErrNotExist) {
			f.gone = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("read input %s: %w", f.path, err)
		}
		if same {
			break
		}
	}
	f.known = true
	return nil
}

func (f *found) once(name string, buffer []byte) (same bool, err error) {
	if f.kind == Link {
		target, err := os.Readlink(name)
		f.sum = sha256.Sum256([]byte(target))
		return true, err
	}
	in, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer in.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(in.Fd()), &st); err != nil {
		return false, err
	}
	before := fromStat(f.path, &st)
	if before.kind == 0 || before.kind == Link {
		return false, fs.ErrNotExist // it became something else
	}
	f.kind, f.stat = before.kind, before.stat
	sum := sha256.New()
	// The buffer is used only when neither side does the copying itself.
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{in}, buffer); err != nil {
		return false, err
	}
	sum.Sum(f.sum[:0])
	if err := unix.Fstat(int(in.Fd()), &st); err != nil {
		return false, err
	}
	after := fromStat(f.path, &st)
	if after.stat != before.stat {
		f.read = 0
		f.stat.inode = 0 // such a stat is never met again
		return false, nil
	}
	return true, nil
}
