package archive

import (
	"context"
	"io"

	"iact-infra/internal/backup/manifest"
)

// Replay is the decoded stream of parts that this process has just read back
// and found good: their hashes are not computed a second time, only the
// checksum that each frame carries. Written to somewhere it goes there straight
// from the decoders; read from, it takes one more copy. It is used once.
type Replay struct {
	ctx   context.Context //nolint:containedctx // that of the one read that it is for
	dir   string
	parts []manifest.Part
	seen  func(bytes int)
	read  *io.PipeReader // once somebody reads from it
}

// NewReplay returns the stream. seen is told of every piece that was handed out.
func NewReplay(ctx context.Context, dir string, parts []manifest.Part, seen func(bytes int)) *Replay {
	return &Replay{ctx: ctx, dir: dir, parts: parts, seen: seen}
}

// WriteTo implements io.WriterTo. A bad part ends it with a *PartError.
func (r *Replay) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	err := each(r.ctx, r.dir, r.parts, false, func(_ manifest.Part, data []byte, err error) error {
		if err != nil {
			return err
		}
		n, err := w.Write(data)
		total += int64(n)
		r.seen(n)
		return err
	})
	return total, err
}

// Read implements io.Reader.
func (r *Replay) Read(p []byte) (int, error) {
	if r.read == nil {
		var write *io.PipeWriter
		r.read, write = io.Pipe()
		go func() {
			_, err := r.WriteTo(write)
			write.CloseWithError(err)
		}()
	}
	return r.read.Read(p)
}

// Close ends it, read to its end or not.
func (r *Replay) Close() error {
	if r.read == nil {
		return nil
	}
	return r.read.Close()
}
