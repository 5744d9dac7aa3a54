package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/disktar"
	"iact-infra/internal/fault"
)

// laidDisk is a disk that was written, and what it has to hold.
type laidDisk struct {
	size    int64
	regions []disktar.Region
	sum     []byte // of the regions
}

func (d *laidDisk) data() (n int64) {
	for _, r := range d.regions {
		n += r.Length
	}
	return n
}

// copySize is how much of a disk is moved at once.
const copySize = 1 << 20

// layDisk writes a disk to a new file. What it does not write stays a hole.
func layDisk(door *disk.Disk, path string, m *disktar.Member, in io.Reader) (d *laidDisk, err error) {
	if err := door.Pass("create", path); err != nil {
		return nil, fmt.Errorf("write disk: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write disk: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if errors.Is(err, unix.ENOSPC) {
			err = fault.New(fault.Missing, "what was made is removed; free some space, or let -dir name a directory of another file system", err)
		}
	}()
	if err := f.Truncate(m.Size); err != nil {
		return nil, fmt.Errorf("write disk: %w", err)
	}
	hash, buf := sha256.New(), make([]byte, copySize)
	for _, r := range m.Regions {
		if err := door.Pass("write", path); err != nil {
			return nil, fmt.Errorf("write disk: %w", err)
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.NewOffsetWriter(f, r.Offset)}, io.TeeReader(io.LimitReader(in, r.Length), hash), buf); err != nil {
			return nil, fmt.Errorf("write disk: %w", err)
		}
	}
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("write disk: %w", err)
	}
	return &laidDisk{size: m.Size, regions: m.Regions, sum: hash.Sum(nil)}, nil
}

// check reads the disk back: its size, its data, and that its holes hold nothing.
func (d *laidDisk) check(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != d.size {
		return fmt.Errorf("it has %d bytes, %d were written", info.Size(), d.size)
	}
	hash, buf, end := sha256.New(), make([]byte, copySize), int64(0)
	for _, r := range d.regions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := hollow(f, end, r.Offset); err != nil {
			return err
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{hash}, io.NewSectionReader(f, r.Offset, r.Length), buf); err != nil {
			return err
		}
		end = r.Offset + r.Length
	}
	if err := hollow(f, end, d.size); err != nil {
		return err
	}
	if !bytes.Equal(hash.Sum(nil), d.sum) {
		return errors.New("its data is not what was written")
	}
	return nil
}

// hollow makes sure that a stretch of a file reads as zeros. A file system may
// have laid some down around data.
func hollow(f *os.File, from, to int64) error {
	for from < to {
		at, err := unix.Seek(int(f.Fd()), from, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) || err == nil && at >= to {
			return nil
		}
		if err != nil {
			return &os.PathError{Op: "seek", Path: f.Name(), Err: err}
		}
		hole, err := unix.Seek(int(f.Fd()), at, unix.SEEK_HOLE)
		if err != nil {
			return &os.PathError{Op: "seek", Path: f.Name(), Err: err}
		}
		data := make([]byte, min(hole, to, at+copySize)-at)
		if _, err := f.ReadAt(data, at); err != nil {
			return err
		}
		if len(bytes.TrimLeft(data, "\x00")) > 0 {
			return fmt.Errorf("there is data at %d, where a hole should be", at)
		}
		from = at + int64(len(data))
	}
	return nil
}
