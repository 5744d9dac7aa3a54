package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"iact-infra/internal/command"
)

// LayoutStream is the detail "layout" of a source whose tar stream was cut as it
// came: its parts have no indexes.
const LayoutStream = "stream"

// GNUTar are the arguments with which GNU tar writes a tree to standard output,
// whole: with extended attributes and ACLs, with holes as holes, and in an order
// that is the same every time. What cannot be read is said and left out.
func GNUTar() []string {
	return []string{
		"-c", "-f", "-", "--format=posix", "--pax-option=delete=atime,delete=ctime", "--sort=name", "--sparse",
		"--xattrs", "--xattrs-include=*", "--ignore-failed-read",
	}
}

// TarSaid is what a tar had to say about the tree that it wrote.
type TarSaid struct {
	Notes      []string
	Unreadable int
}

// CaptureTar lays down what a tar writes. A file that changed meanwhile is no
// failure; a stream that does not end as a tar ends is.
func CaptureTar(ctx context.Context, c command.Command, to To) (TarSaid, error) {
	out, err := to.Door.Stream(ctx, c)
	if err != nil {
		return TarSaid{}, err
	}
	defer out.Abort()
	stream := &tarStream{r: out}
	if _, err := to.Layer.Stream(stream); err != nil {
		return TarSaid{}, err
	}
	if err := out.Close(); err != nil && !differed(err) {
		return TarSaid{}, err
	}
	if !stream.whole() {
		return TarSaid{}, errors.New("its tar ended without the end of an archive: the stream is cut short")
	}
	return said(out.Stderr()), nil
}

// tarStream is a tar on its way: it knows how it ended.
type tarStream struct {
	r    io.Reader
	tail []byte
}

// endOfTar is how much nothing there is at the end of a tar.
const endOfTar = 1024

func (t *tarStream) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.tail = append(t.tail, p[max(0, n-endOfTar):n]...)
	t.tail = append(t.tail[:0], t.tail[max(0, len(t.tail)-endOfTar):]...)
	if differed(err) {
		err = io.EOF
	}
	return n, err
}

func (t *tarStream) whole() bool { return bytes.Equal(t.tail, make([]byte, endOfTar)) }

// differed says whether tar only ended with 1: some files changed while it read
// them.
func differed(err error) bool {
	var failed *command.Error
	return errors.As(err, &failed) && failed.Exit == 1 && failed.Err == nil
}

// said sorts what tar wrote on standard error.
func said(stderr string) TarSaid {
	var s TarSaid
	for line := range strings.Lines(stderr) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "tar: ")
		switch {
		case line == "", strings.Contains(line, "Removing leading"), strings.Contains(line, "Exiting with"), strings.HasSuffix(line, "socket ignored"):
		case strings.Contains(line, "Cannot "), strings.Contains(line, "can't "), strings.Contains(line, "Couldn't "), strings.Contains(line, "Permission denied"):
			s.Unreadable++
			// The first note is the one that the failure shows.
			s.Notes = append([]string{line}, s.Notes...)
		default:
			s.Notes = append(s.Notes, line)
		}
	}
	// What is kept of standard error begins somewhere: before it a file may have
	// been named that could not be read.
	const kept = 8 << 10
	if len(stderr) >= kept && s.Unreadable == 0 {
		s.Unreadable = 1
		s.Notes = append([]string{"tar said more than is kept: a file that it could not read may be among it"}, s.Notes...)
	}
	return s
}
