package volumelive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/tree"
)

// sample is a stream with a little of everything, and a file that comes twice:
// the later one counts.
func sample(t *testing.T, without ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	at := time.Date(2001, 2, 3, 4, 5, 6, 700, time.UTC)
	for _, h := range []tar.Header{
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o700},
		{Name: "./dir/", Typeflag: tar.TypeDir, Mode: 0o2750, Gid: os.Getgid()},
		{Name: "./dir/file", Typeflag: tar.TypeReg, Mode: 0o600, Size: 3},
		{Name: "./dir/file", Typeflag: tar.TypeReg, Mode: 0o640, Size: 5, PAXRecords: map[string]string{"SCHILY.xattr.user.note": "hello"}},
		{Name: "./hard", Typeflag: tar.TypeLink, Linkname: "./dir/file"},
		{Name: "./other", Typeflag: tar.TypeReg, Mode: 0o640, Size: 5},
		{Name: "./soft", Typeflag: tar.TypeSymlink, Linkname: "../out"},
		{Name: "./odd\xff", Typeflag: tar.TypeReg, Mode: 0o600, Size: 1},
		{Name: "./pipe", Typeflag: tar.TypeFifo, Mode: 0o600},
	} {
		if slices.Contains(without, strings.Trim(h.Name, "./")) || h.Size == 3 && slices.Contains(without, "earlier") {
			continue
		}
		h.ModTime, h.Format, h.Uid, h.Gid = at, tar.FormatPAX, os.Getuid(), os.Getgid()
		must(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, strings.Repeat("x", int(h.Size)))
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, stream []byte) *Contents {
	t.Helper()
	c, err := Read(t.Context(), bytes.NewReader(stream), nil)
	must(t, err)
	return c
}

// laid is a directory with what a stream holds.
func laid(t *testing.T, stream []byte) string {
	t.Helper()
	dir := t.TempDir()
	_, err := tree.Extract(t.Context(), bytes.NewReader(stream), dir)
	must(t, err)
	return dir
}

// found compares a directory with a stream.
func found(t *testing.T, stream []byte, dir string) []string {
	t.Helper()
	c := compare(contents(t, stream))
	must(t, c.tree(t.Context(), dir))
	must(t, c.missing(t.Context(), func(use func(io.Reader) error) error { return use(bytes.NewReader(stream)) }))
	return c.Found
}

func TestADirectoryThatIsAsTheStreamSaysHasNoDifference(t *testing.T) {
	t.Parallel()
	stream := sample(t)
	if all := found(t, stream, laid(t, stream)); len(all) > 0 {
		t.Errorf("found are %q", all)
	}
	c := contents(t, stream)
	if entries, bytes := c.Total(); entries != 7 || bytes != 11 || c.Special != 1 {
		t.Errorf("counted are %d entries, %d bytes, %d special ones", entries, bytes, c.Special)
	}
}

func TestEveryDifferenceOfADirectoryIsFound(t *testing.T) {
	t.Parallel()
	in := filepath.Join
	for says, spoil := range map[string]func(dir string) error{
		`"other": its content differs`: func(dir string) error {
			return spoilt(in(dir, "other"), func(f string) error { return os.WriteFile(f, []byte("xxxxy"), 0o640) })
		},
		`"other": its mode, owner, size, time or target differs`: func(dir string) error { return os.Chmod(in(dir, "other"), 0o600) },
		`"dir": its mode, owner, size, time or target differs`: func(dir string) error {
			return os.Chtimes(in(dir, "dir"), time.Now(), time.Now())
		},
		`"hard": its extended attributes differ`: func(dir string) error {
			return unix.Setxattr(in(dir, "hard"), "user.note", []byte("other"), 0)
		},
		`"other": its extended attributes differ`: func(dir string) error {
			return unix.Setxattr(in(dir, "other"), "user.more", []byte("1"), 0)
		},
		`"soft": its mode, owner, size, time or target differs`: func(dir string) error {
			return spoiltLink(in(dir, "soft"), "../in")
		},
		`"soft" is a file, not a symbolic link`: func(dir string) error {
			return spoilt(in(dir, "soft"), func(f string) error { return os.WriteFile(f, nil, 0o600) })
		},
		`"odd\xff" is missing`: func(dir string) error { return removed(dir, in(dir, "odd\xff")) },
		`"more" is not in the set`: func(dir string) error {
			return around(dir, func() error { return os.WriteFile(in(dir, "more"), nil, 0o600) })
		},
		`"hard" has 1 names, not 2`: func(dir string) error {
			return around(dir, func() error { return unlinked(in(dir, "hard")) })
		},
		`"hard" is not the file of which it is to be another name`: func(dir string) error {
			return around(dir, func() error { return relinked(dir) })
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			stream := sample(t)
			dir := laid(t, stream)
			must(t, spoil(dir))
			if all := strings.Join(found(t, stream, dir), "\n"); !strings.Contains(all, says) {
				t.Errorf("found is only\n%s", all)
			}
		})
	}
}

// around leaves the time of a directory as it was.
func around(dir string, do func() error) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return os.Chtimes(dir, info.ModTime(), info.ModTime())
}

// spoilt makes a file anew with the times of the old one.
func spoilt(file string, write func(string) error) error {
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	return around(filepath.Dir(file), func() error {
		if err := os.Remove(file); err != nil {
			return err
		}
		if err := write(file); err != nil {
			return err
		}
		return os.Chtimes(file, info.ModTime(), info.ModTime())
	})
}

func spoiltLink(file, target string) error {
	return around(filepath.Dir(file), func() error {
		if err := os.Remove(file); err != nil {
			return err
		}
		return os.Symlink(target, file)
	})
}

func removed(dir, file string) error { return around(dir, func() error { return os.Remove(file) }) }

// unlinked makes a file of its own of another name.
func unlinked(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return spoilt(file, func(f string) error {
		if err := os.WriteFile(f, data, 0o640); err != nil {
			return err
		}
		return unix.Setxattr(f, "user.note", []byte("hello"), 0)
	})
}

// relinked lets two files have two names each where one is to have them.
func relinked(dir string) error {
	if err := unlinked(filepath.Join(dir, "hard")); err != nil {
		return err
	}
	outside := dir + "-outside"
	if err := os.MkdirAll(outside, 0o700); err != nil {
		return err
	}
	for i, name := range []string{"hard", "dir/file"} {
		if err := os.Link(filepath.Join(dir, name), filepath.Join(outside, fmt.Sprint(i))); err != nil {
			return err
		}
	}
	return nil
}

func TestATarThatIsReadBackIsComparedLikeADirectory(t *testing.T) {
	t.Parallel()
	stream := sample(t)
	for without, says := range map[string]string{
		"earlier": "",
		"other":   `"other" is missing`,
		"hard":    `"hard" is missing`,
		"dir":     `"dir" is missing`,
		"odd\xff": `"odd\xff" is missing`,
	} {
		c := compare(contents(t, stream))
		must(t, c.tar(t.Context(), bytes.NewReader(sample(t, "earlier", without))))
		must(t, c.missing(t.Context(), func(use func(io.Reader) error) error { return use(bytes.NewReader(stream)) }))
		if all := strings.Join(c.Found, "\n"); all != says {
			t.Errorf("without %s there is %q, want %q", without, all, says)
		}
	}
	c := compare(contents(t, sample(t, "hard")))
	must(t, c.tar(t.Context(), bytes.NewReader(sample(t, "earlier"))))
	if all := strings.Join(c.Found, "\n"); !strings.Contains(all, `"hard" is another name of "dir/file"`) {
		t.Errorf("a link too many shows %q", all)
	}
}

func TestWhatIsWrittenBelowADirectoryIsTheSame(t *testing.T) {
	t.Parallel()
	var moved bytes.Buffer
	stream := sample(t)
	must(t, below("volume", bytes.NewReader(stream), &moved))
	dir := laid(t, moved.Bytes())
	if all := found(t, stream, filepath.Join(dir, "volume")); len(all) > 0 {
		t.Errorf("found are %q", all)
	}
}
