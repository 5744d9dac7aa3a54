package volumelive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/tree"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Comparable are the extended attributes that can be read back: all, or those
// that docker cp shows.
func (f *Facts) Comparable() func(string) bool {
	if f.Way == WayMount {
		return nil
	}
	return func(name string) bool { return name == "security.capability" }
}

// Fill lays a stream down in an empty volume. What it returns are warnings.
func (s *Server) Fill(ctx context.Context, volume string, stream io.Reader) ([]string, error) {
	if s.way == WayMount {
		done, err := tree.Extract(ctx, stream, s.data(volume))
		if err == nil {
			err = flush(s.data(volume))
		}
		return done.Warnings, s.failed(ctx, err)
	}
	return nil, s.failed(ctx, s.copyIn(ctx, volume, stream))
}

// flush has everything on disk before it takes the place of something else.
func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

// The container through which a volume is filled and read; it never runs.
const (
	scratch  = "iact-scratch"
	atVolume = "/volume"
)

func container(volume string) string { return "iact-" + volume }

// copyIn lets the daemon unpack a stream at the root of the container. In the
// volume itself it would refuse links that lead out of it, and leave owner and
// mode of the volume's own directory as they are.
func (s *Server) copyIn(ctx context.Context, volume string, stream io.Reader) error {
	if _, err := s.Docker.Text(ctx, s.Door, "image", "inspect", "--format", "{{.Id}}", scratch); gone(err) {
		empty := s.Docker.Change("import", "--message", "nothing: for volumes", "-", scratch)
		if err := s.Door.Feed(ctx, empty, bytes.NewReader(make([]byte, endOfTar))); err != nil {
			return fmt.Errorf("make the empty image %s: %w", scratch, err)
		}
	} else if err != nil {
		return err
	}
	if err := s.Docker.Run(ctx, s.Door, "create", "--name", container(volume), "--label", source.LabelHelper+"=restore", "--network", "none",
		"--log-driver", "none", "--mount", "type=volume,source="+volume+",target="+atVolume+",volume-nocopy", scratch, "none"); err != nil {
		return fmt.Errorf("make a container for volume %s: %w", volume, err)
	}
	r, w := io.Pipe()
	var moved sync.WaitGroup
	moved.Go(func() { _ = w.CloseWithError(below(strings.TrimPrefix(atVolume, "/"), stream, w)) })
	err := s.feed(ctx, container(volume)+":/", r)
	_ = r.Close() // ends a mover whose reader has gone
	moved.Wait()
	return err
}

// below writes a stream anew, with all names below a directory.
func below(dir string, stream io.Reader, to io.Writer) error {
	in, out := tar.NewReader(stream), tar.NewWriter(to)
	buffer := make([]byte, 256<<10)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read tar: %w", err)
		}
		h.Name, h.Format = path.Join(dir, h.Name), tar.FormatPAX
		if h.Typeflag == tar.TypeDir {
			h.Name += "/"
		}
		if h.Typeflag == tar.TypeLink {
			h.Linkname = path.Join(dir, h.Linkname)
		}
		h.AccessTime, h.ChangeTime = time.Time{}, time.Time{}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buffer); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, stream)
	return err
}

const endOfTar = 1024

// silence is how long a daemon may take no bytes.
const silence = time.Minute

// feed pipes a tar into docker cp. A daemon that hangs takes nothing and says
// nothing.
func (s *Server) feed(ctx context.Context, to string, stream io.Reader) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(silence, func() {
		cancel(fault.New(fault.Missing, "restart it: systemctl restart docker; journalctl -u docker tells more", fmt.Errorf("%s took nothing for %s", s.Docker, silence)))
	})
	defer timer.Stop()
	c := s.Docker.Change("cp", "-", to)
	c.Timeout = 0
	err := s.Door.Feed(ctx, c, &lively{stream, timer})
	if errors.Is(err, command.ErrUnread) { // padding; what is missing the comparison tells
		err = nil
	}
	return err
}

// lively puts a timer off with every read.
type lively struct {
	r     io.Reader
	timer *time.Timer
}

func (l *lively) Read(p []byte) (int, error) {
	l.timer.Stop()
	n, err := l.r.Read(p)
	l.timer.Reset(silence)
	return n, err
}

// Compare reads a filled volume back and holds it against what the set holds,
// which it uses up. again reads the set once more, to name what is missing.
func (s *Server) Compare(ctx context.Context, volume string, want *Contents, again func(func(io.Reader) error) error) (*Comparison, error) {
	c := compare(want)
	if s.way == WayMount {
		if err := c.tree(ctx, s.data(volume)); err != nil {
			return nil, err
		}
	} else if err := s.readBack(ctx, volume, c); err != nil {
		return nil, s.failed(ctx, err)
	}
	return c, c.missing(ctx, again)
}

func (s *Server) readBack(ctx context.Context, volume string, c *Comparison) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(silence, func() {
		cancel(fault.New(fault.Missing, "restart it: systemctl restart docker; journalctl -u docker tells more", fmt.Errorf("%s sent nothing for %s", s.Docker, silence)))
	})
	defer timer.Stop()
	out := s.Docker.Read("cp", container(volume)+":"+atVolume+"/.", "-")
	out.Timeout = 0
	stream, err := s.Door.Stream(ctx, out)
	if err != nil {
		return err
	}
	defer stream.Abort()
	if err := c.tar(ctx, &late{stream, timer}); err != nil {
		return err
	}
	return stream.Close()
}

// late ends a stream that stands still; the time that its reader needs does not
// count.
type late struct {
	r     io.Reader
	timer *time.Timer
}

func (l *late) Read(p []byte) (int, error) {
	l.timer.Reset(silence)
	n, err := l.r.Read(p)
	l.timer.Stop()
	return n, err
}
