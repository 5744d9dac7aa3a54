package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
)

func TestPartsComeInOrderWhateverIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	data := noise(40, 30<<20)
	s := lay(t, reader(data), nil)
	var got []byte
	next := 1
	err := archive.Each(t.Context(), s.dir, s.laid.Parts, func(p manifest.Part, plain []byte, err error) error {
		if err != nil || p.Number != next {
			t.Errorf("part %d came as number %d (%v)", p.Number, next, err)
		}
		next++
		got = append(got, plain...)
		return nil
	})
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes in, %d read back, error %v", len(data), len(got), err)
	}
	if err := archive.Each(t.Context(), s.dir, nil, nil); err != nil {
		t.Errorf("no parts at all: %v", err)
	}
}

// TestABadPartIsNamedAndTheOthersAreStillGood damages a part in every way that
// a disk or a person has.
func TestABadPartIsNamedAndTheOthersAreStillGood(t *testing.T) {
	t.Parallel()
	data := noise(41, 14<<20)
	const bad = 2
	damage := map[string]struct {
		do   func(path string, frame []byte) error
		want string
	}{
		"missing":    {func(path string, _ []byte) error { return os.Remove(path) }, "missing"},
		"empty":      {func(path string, _ []byte) error { return os.Truncate(path, 0) }, "0 bytes"},
		"cut short":  {func(path string, frame []byte) error { return os.Truncate(path, int64(len(frame)-1)) }, "bytes, "},
		"longer":     {func(path string, frame []byte) error { return write(path, append(frame, 0)) }, "bytes, "},
		"zeros":      {func(path string, frame []byte) error { return write(path, make([]byte, len(frame))) }, "not what was written"},
		"first byte": {flip(func(int) int { return 0 }), "not what was written"},
		"header":     {flip(func(int) int { return 5 }), "not what was written"},
		"middle":     {flip(func(n int) int { return n / 2 }), "not what was written"},
		"last byte":  {flip(func(n int) int { return n - 1 }), "not what was written"},
		"a directory": {func(path string, _ []byte) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		}, "not a regular file"},
		"a symbolic link to itself elsewhere": {func(path string, frame []byte) error {
			other := path + ".moved"
			return errors.Join(os.Rename(path, other), os.Symlink(other, path))
		}, "not a regular file"},
		"swapped with the part before": {func(path string, _ []byte) error {
			first := filepath.Join(filepath.Dir(path), manifest.PartName(bad-1))
			return errors.Join(os.Remove(path), os.Link(first, path))
		}, ""},
	}
	for name, test := range damage {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lay(t, reader(data), nil)
			path := filepath.Join(s.dir, manifest.PartName(bad))
			frame, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.do(path, frame); err != nil {
				t.Fatal(err)
			}
			good := 0
			err = archive.Each(t.Context(), s.dir, s.laid.Parts, func(p manifest.Part, _ []byte, err error) error {
				var part *archive.PartError
				switch {
				case p.Number != bad && err == nil:
					good++
				case p.Number != bad || !errors.As(err, &part):
					t.Errorf("part %d: %v", p.Number, err)
				case part.Name != manifest.PartName(bad) || !strings.Contains(part.Problem, test.want) || part.Part.Number != bad:
					t.Errorf("the bad part is told as %+v: %v; want %s and %q", part.Part, err, manifest.PartName(bad), test.want)
				}
				return nil
			})
			if err != nil || good != len(s.laid.Parts)-1 {
				t.Errorf("%d of %d parts are good, error %v", good, len(s.laid.Parts), err)
			}
			r := archive.Reader(t.Context(), s.dir, s.laid.Parts)
			defer r.Close()
			got, err := io.ReadAll(r)
			var part *archive.PartError
			if !errors.As(err, &part) || int64(len(got)) != s.laid.Parts[0].PlainSize || !bytes.Equal(got, data[:len(got)]) {
				t.Errorf("the stream gave %d bytes and %v, want those of the first part and a bad part", len(got), err)
			}
		})
	}
}

func write(path string, data []byte) error {
	return errors.Join(os.Remove(path), os.WriteFile(path, data, 0o400))
}

func flip(at func(n int) int) func(string, []byte) error {
	return func(path string, frame []byte) error {
		changed := bytes.Clone(frame)
		changed[at(len(frame))] ^= 0x10
		return write(path, changed)
	}
}

// TestAPartIsNotGoodBecauseItsFileIs: the hash of what it decodes to counts.
func TestAPartIsNotGoodBecauseItsFileIs(t *testing.T) {
	t.Parallel()
	s := lay(t, reader([]byte("some text")), nil)
	for name, change := range map[string]func(*manifest.Part){
		"other plain hash": func(p *manifest.Part) { p.Plain = manifest.Sum([]byte("other")) },
		"other plain size": func(p *manifest.Part) { p.PlainSize++ },
	} {
		p := s.laid.Parts[0]
		change(&p)
		_, err := io.ReadAll(archive.Reader(t.Context(), s.dir, []manifest.Part{p}))
		if err == nil || !strings.Contains(err.Error(), "decodes to other data") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAFrameThatWantsTooMuchMemoryIsRefused: a planted frame of a few bytes
// may decode to any size.
func TestAFrameThatWantsTooMuchMemoryIsRefused(t *testing.T) {
	t.Parallel()
	frame := newPress(t).Frame(make([]byte, 80<<20))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, manifest.PartName(1)), frame, 0o400); err != nil {
		t.Fatal(err)
	}
	p := manifest.Part{Number: 1, Hash: manifest.Sum(frame), Size: int64(len(frame)), PlainSize: 80 << 20}
	if _, err := io.ReadAll(archive.Reader(t.Context(), dir, []manifest.Part{p})); err == nil || !strings.Contains(err.Error(), "decode: ") {
		t.Errorf("80 MiB out of %d bytes: %v", len(frame), err)
	}
}

// TestSlowReadingBackStopsWhenItIsToldTo runs in a bubble, where what goes on or
// waits after the end fails the test.
func TestSlowReadingBackStopsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	s := lay(t, reader(noise(42, 40<<20)), nil)
	enough := errors.New("enough")
	for stop := range s.laid.Parts {
		synctest.Test(t, func(t *testing.T) {
			seen := 0
			err := archive.Each(t.Context(), s.dir, s.laid.Parts, func(manifest.Part, []byte, error) error {
				if seen++; seen > stop {
					return enough
				}
				return nil
			})
			if !errors.Is(err, enough) || seen != stop+1 {
				t.Errorf("told to stop at part %d: %v after %d parts", stop+1, err, seen)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			seen := 0
			err := archive.Each(ctx, s.dir, s.laid.Parts, func(manifest.Part, []byte, error) error {
				if seen++; seen == stop+1 {
					cancel()
				}
				return nil
			})
			if !errors.Is(err, context.Canceled) || seen != stop+1 {
				t.Errorf("cancelled at part %d: %v after %d parts", stop+1, err, seen)
			}
		})
	}
}

func TestAStreamThatNobodyReadsToItsEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := lay(t, reader(noise(43, 20<<20)), nil)
	for name, end := range map[string]func(r io.ReadCloser, cancel func()) error{
		"closed at once":         func(r io.ReadCloser, _ func()) error { return r.Close() },
		"cancelled, then closed": func(r io.ReadCloser, cancel func()) error { cancel(); return r.Close() },
		"closed after a few bytes": func(r io.ReadCloser, _ func()) error {
			_, err := r.Read(make([]byte, 9))
			return errors.Join(err, r.Close())
		},
		"cancelled after some data": cancelledInTheMiddle,
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := end(archive.Reader(ctx, s.dir, s.laid.Parts), cancel); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func cancelledInTheMiddle(r io.ReadCloser, cancel func()) error {
	if _, err := io.CopyN(io.Discard, r, 9<<20); err != nil {
		return err
	}
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		return errors.Join(errors.New("a cancelled stream ended like a whole one"), err)
	}
	return nil
}
