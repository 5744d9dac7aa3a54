package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/ci/fingerprint"
)

// Save keeps the outputs of a job under its key, for runs that may read this one's
// level. What the outputs hold must not change meanwhile. ErrRefused: they hold
// what no entry can; the job is then run each time. An output that is not there is
// kept as not there.
func (c *Cache) Save(ctx context.Context, key fingerprint.Key, job Job, meta Meta, root string) (Header, error) {
	h := Header{
		Version: version, Key: key.ID(), Level: c.Level.String(), Job: job.Name, Parts: key.Shared(),
		Exit: meta.Exit, Duration: meta.Duration, Created: meta.Created.UTC().Round(0), Host: meta.Host,
	}
	for i, p := range h.Parts { // JSON holds text alone
		h.Parts[i].Name, h.Parts[i].Value = strings.ToValidUTF8(p.Name, "?"), strings.ToValidUTF8(p.Value, "?")
	}
	outputs, err := job.expand(root)
	if err != nil {
		return Header{}, fmt.Errorf("save %s: %w", job.Name, err)
	}
	spool, err := c.spool()
	if err != nil {
		return Header{}, fmt.Errorf("save %s: %w", job.Name, err)
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	if err := settled(ctx); err != nil {
		return Header{}, fmt.Errorf("save %s: %w", job.Name, err)
	}
	items, err := c.pack(ctx, spool, &h, job, meta.Log, root, outputs)
	if err != nil {
		return Header{}, fmt.Errorf("save %s: %w", job.Name, err)
	}
	name := entry(c.Level, key)
	if err := c.put(ctx, name, h, spool); err != nil {
		return Header{}, fmt.Errorf("save %s: %w", job.Name, err)
	}
	c.use(name)
	if racy(items) {
		return h, nil // the next run unpacks them, and is sure
	}
	return h, c.stamp(job, h, items)
}

// settled waits until what was written just now is no longer racy: unpacking all
// of it in the next run would take longer.
func settled(ctx context.Context) error {
	select {
	case <-time.After(justNow + time.Millisecond): // the kernel's clock for files is behind ours, never ahead
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pack writes the archive into the spool and says in the header what it holds.
func (c *Cache) pack(ctx context.Context, spool io.Writer, h *Header, job Job, log, root string, outputs []string) ([]item, error) {
	sum := sha256.New()
	file := &counted{Writer: io.MultiWriter(hooked{spool, c.before, "write archive"}, sum)}
	// The window bounds what a reader needs.
	press, err := zstd.NewWriter(file, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithWindowSize(window), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, fmt.Errorf("make encoder: %w", err)
	}
	p := newPacker(ctx, press, root, job.Placed)
	err = p.all(log, outputs)
	if err := errors.Join(err, press.Close()); err != nil {
		return nil, err
	}
	h.Log, h.Outputs = p.log, p.outputs
	h.Archive = Blob{SizeBytes: file.n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	return p.items, nil
}

// window is how far the compressor looks back, and what a reader accepts.
const window = 8 << 20

func (c *Cache) put(ctx context.Context, entry string, h Header, spool *os.File) error {
	archive := archiveName(entry, h.Archive.SHA256)
	there, err := c.Store.Has(ctx, archive)
	if err != nil {
		return err
	}
	// One that is there is put again all the same unless its size is right: it may
	// be what made a reader call the entry broken.
	if !there || !c.intact(ctx, archive, h.Archive) {
		if _, err := spool.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := c.Store.Put(ctx, archive, spool); err != nil {
			return err
		}
	}
	text, err := h.encode()
	if err != nil {
		return err
	}
	return c.Store.Put(ctx, headerName(entry), strings.NewReader(string(text)))
}

// intact reads an object and compares it with what it should be.
func (c *Cache) intact(ctx context.Context, name string, want Blob) bool {
	in, err := c.Store.Get(ctx, name)
	if err != nil {
		return false
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, cancellable{ctx, in})
	return err == nil && n == want.SizeBytes && hex.EncodeToString(sum.Sum(nil)) == want.SHA256
}

// spool makes a file for what has no name yet. Those that killed runs have left are
// removed.
func (c *Cache) spool() (*os.File, error) {
	dir := filepath.Join(c.State, "tmp")
	if err := c.before("make spool"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	old, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range old {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	return os.CreateTemp(dir, "work-*")
}
