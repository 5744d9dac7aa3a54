package source

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// scratch is an image that holds nothing. A container of it cannot run; it is
// only there to have the volume.
const scratch = "iact-scratch"

// LabelHelper marks the containers that are only there to have a volume.
const LabelHelper = "iact.helper"

// atVolume is where the container has it.
const atVolume = "/volume"

// create makes the container. Nothing is copied out of its image into an empty
// volume, and it could not write.
func (v *Volume) create(name string) command.Command {
	image := v.Image
	if image == "" {
		image = scratch
	}
	return v.Docker.Change("create", "--name", name, "--label", LabelHelper+"="+v.Label, "--network", "none", "--log-driver", "none",
		"--mount", "type=volume,source="+v.Volume+",target="+atVolume+",readonly,volume-nocopy", image, "none")
}

// copyOut writes the volume as a tar to standard output. The daemon makes it:
// nothing runs, and nothing goes through the log of a container.
func (v *Volume) copyOut(name string) command.Command {
	c := v.Docker.Read("cp", name+":"+atVolume+"/.", "-")
	c.Timeout = v.Timeout
	return c
}

// captureCopy reads the volume out of a container that is never started.
func (v *Volume) captureCopy(ctx context.Context, to To) (Captured, error) {
	if err := v.image(ctx, to.Door); err != nil {
		return Captured{}, err
	}
	name := "iact-volume-" + strings.ToLower(rand.Text()[:12])
	kept := func() {}
	if v.Promise != nil {
		var err error
		if kept, err = v.Promise(name); err != nil {
			return Captured{}, err
		}
	}
	// Removed in any case: docker may have made it although its client failed.
	defer func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), answers)
		defer cancel()
		if err := v.Docker.Run(late, to.Door, "rm", "--force", "--volumes", name); err == nil || gone(err) {
			kept()
		}
	}()
	if err := v.Docker.fault(to.Door.Run(ctx, v.create(name))); err != nil {
		return Captured{}, fmt.Errorf("make a container for volume %s: %w", v.Volume, err)
	}
	began := time.Now().UTC()
	seen, err := v.stream(ctx, to, v.copyOut(name))
	if err != nil {
		return Captured{}, fmt.Errorf("read volume %s: %w", v.Volume, err)
	}
	notes := seen.notes
	if database := seen.database(); database != "" && len(v.databases()) == 0 {
		notes = append(notes, v.dumpInstead("the files of "+database+" are in it", "", database))
	}
	return Captured{Snapshot: began, Files: seen.entries, Notes: notes}, nil
}

// image sees that there is an image for the container.
func (v *Volume) image(ctx context.Context, door *command.Door) error {
	if v.Image != "" {
		return nil
	}
	_, err := v.Docker.Text(ctx, door, "image", "inspect", "--format", "{{.Id}}", scratch)
	if !gone(err) {
		return err
	}
	empty := v.Docker.Change("import", "--message", "nothing: for reading volumes", "-", scratch)
	if err := v.Docker.fault(door.Feed(ctx, empty, strings.NewReader(string(make([]byte, endOfTar))))); err != nil {
		return fmt.Errorf("make the empty image %s: %w", scratch, err)
	}
	return nil
}

// stream lays down the tar that a command writes, and reads it on the way: the
// daemon ends well and stops short when a file becomes smaller under it.
func (v *Volume) stream(ctx context.Context, to To, c command.Command) (*tarSeen, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, err := to.Door.Stream(ctx, c)
	if err != nil {
		return nil, v.Docker.fault(err)
	}
	defer out.Abort()
	watch := watchTar()
	silence := v.Silence
	if silence == 0 {
		silence = time.Minute
	}
	patient := &patient{r: out, most: silence, cancel: cancel, docker: v.Docker}
	_, err = to.Layer.Stream(io.TeeReader(patient, watch.w))
	if err == nil {
		err = out.Close()
	}
	seen, broken := watch.end(err)
	var torn *tornTar
	if errors.As(err, &torn) || err == nil && broken != nil {
		return nil, fault.New(fault.Failed, "give source "+v.Label+" mode: pause or stop, so that its files stand still",
			fmt.Errorf("the tar of docker ends too early or makes no sense, as when a file became smaller while it was read: %w", broken))
	}
	if err != nil {
		return nil, v.Docker.fault(err)
	}
	return seen, nil
}

// patient ends a stream that stands still for too long. The time that its
// reader needs does not count.
type patient struct {
	r      io.Reader
	most   time.Duration
	cancel context.CancelCauseFunc
	docker *Docker
}

func (p *patient) Read(b []byte) (int, error) {
	timer := time.AfterFunc(p.most, func() {
		p.cancel(fault.New(fault.Failed, "systemctl restart docker, if its daemon hangs", fmt.Errorf("%s sent nothing for %s", p.docker, p.most)))
	})
	defer timer.Stop()
	return p.r.Read(b)
}

// tarSeen is what went by in a tar.
type tarSeen struct {
	entries int64
	notes   []string
	top     map[string]bool
}

// database names the program whose data files lie at the top.
func (t *tarSeen) database() string {
	return databaseOf(func(name string) bool { return t.top[name] })
}

// tarWatch reads a tar while it passes.
type tarWatch struct {
	w    *io.PipeWriter
	seen tarSeen
	done chan error
}

// tornTar is what a writer gets when the tar makes no sense.
type tornTar struct{ err error }

func (t *tornTar) Error() string { return t.err.Error() }
func (t *tornTar) Unwrap() error { return t.err }

func watchTar() *tarWatch {
	r, w := io.Pipe()
	t := &tarWatch{w: w, seen: tarSeen{top: map[string]bool{}}, done: make(chan error, 1)}
	go func() {
		err := t.read(&sensingEnd{r: r})
		if err == nil {
			_, err = io.Copy(io.Discard, r) // what follows the end is padding
		}
		_ = r.CloseWithError(&tornTar{err})
		t.done <- err
	}()
	return t
}

// sensingEnd knows whether its reader has met the end.
type sensingEnd struct {
	r   io.Reader
	met bool
}

func (s *sensingEnd) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.met = s.met || errors.Is(err, io.EOF)
	return n, err
}

// read reads a tar up to the two empty blocks that end it.
func (t *tarWatch) read(r *sensingEnd) error {
	in := tar.NewReader(r)
	buffer := make([]byte, 256<<10)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			if r.met {
				return errors.New("it has no end")
			}
			return nil
		}
		if err != nil {
			return err
		}
		t.seen.entries++
		name := path.Clean(h.Name)
		if dir, file := path.Split(name); dir == "" || strings.Count(dir, "/") <= 2 && file == "PG_VERSION" {
			t.seen.top[file] = true
		}
		if h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock || h.Typeflag == tar.TypeFifo {
			t.note(name + ": neither a file nor a directory: no restore makes it anew")
		}
		if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{in}, buffer); err != nil {
			return err
		}
	}
}

func (t *tarWatch) note(line string) {
	const most = 50
	if len(t.seen.notes) < most {
		t.seen.notes = append(t.seen.notes, line)
	}
}

// end waits for the reader and returns what it saw.
func (t *tarWatch) end(err error) (*tarSeen, error) {
	if err != nil {
		_ = t.w.CloseWithError(err)
	} else {
		_ = t.w.Close()
	}
	broken := <-t.done
	return &t.seen, broken
}
