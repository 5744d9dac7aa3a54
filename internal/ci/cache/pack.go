package cache

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// The names in an archive: the log, and below out/ each output under its path.
const (
	logName = "log"
	prefix  = "out/"
)

// packer writes outputs into a tar: names sorted, owners left out, times and modes
// kept, hard links as files of their own.
type packer struct {
	ctx    context.Context
	out    *tar.Writer
	root   string
	placed bool
	buffer []byte

	log     *Blob
	outputs []Output
	items   []item
	sum     hash.Hash // of the output under way
}

func newPacker(ctx context.Context, w io.Writer, root string, placed bool) *packer {
	return &packer{ctx: ctx, out: tar.NewWriter(w), root: root, placed: placed, buffer: make([]byte, 256<<10)}
}

func (p *packer) all(log string, outputs []string) error {
	if log != "" {
		if err := p.putLog(log); err != nil {
			return err
		}
	}
	for _, name := range outputs {
		if err := p.output(name); err != nil {
			return err
		}
	}
	return p.out.Close()
}

func (p *packer) putLog(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	if err := p.out.WriteHeader(&tar.Header{Name: logName, Typeflag: tar.TypeReg, Mode: 0o600, Size: info.Size(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	sum, err := p.content(f, info.Size())
	p.log = &Blob{SizeBytes: info.Size(), SHA256: sum}
	return err
}

func (p *packer) output(name string) error {
	o := Output{Path: name}
	p.sum = sha256.New()
	kind, hash, err := p.walk(name, name, &o)
	if err != nil {
		return err
	}
	o.Kind, o.SHA256 = kind, hash
	if kind == kindDir {
		o.SHA256 = hex.EncodeToString(p.sum.Sum(nil))
	}
	p.outputs = append(p.outputs, o)
	return nil
}

// walk puts a file, a link, or a directory and all that is in it.
func (p *packer) walk(output, name string, o *Output) (kind, sum string, err error) {
	if err := p.ctx.Err(); err != nil {
		return "", "", err
	}
	file := filepath.Join(p.root, filepath.FromSlash(name))
	var st unix.Stat_t
	if err := unix.Lstat(file, &st); err != nil {
		return "", "", &fs.PathError{Op: "look at", Path: name, Err: err}
	}
	it := fromStat(name, &st)
	it.volatile = volatile(strings.TrimPrefix(name, output))
	h := &tar.Header{Name: prefix + name, Mode: int64(it.perm), ModTime: time.Unix(0, it.mtime), Format: tar.FormatPAX}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return kindDir, "", p.directory(output, file, h, it, o)
	case unix.S_IFLNK:
		sum, err = p.link(file, h, it)
		kind = kindLink
		o.Files++
	case unix.S_IFREG:
		sum, err = p.file(file, h, &it)
		kind = kindFile
		o.Files, o.SizeBytes = o.Files+1, o.SizeBytes+h.Size
	default:
		return "", "", refused(name, "it is "+special(st.Mode))
	}
	p.items = append(p.items, it)
	p.line(kind, h, sum, strings.TrimPrefix(name, output))
	return kind, sum, err
}

func (p *packer) directory(output, file string, h *tar.Header, it item, o *Output) error {
	name := strings.TrimPrefix(h.Name, prefix)
	h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
	if err := p.out.WriteHeader(h); err != nil {
		return err
	}
	p.items = append(p.items, it)
	p.line(kindDir, h, "", strings.TrimPrefix(name, output))
	entries, err := os.ReadDir(file) // sorted
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	for _, e := range entries {
		if _, _, err := p.walk(output, path.Join(name, e.Name()), o); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) link(file string, h *tar.Header, it item) (string, error) {
	target, err := os.Readlink(file)
	if err != nil {
		return "", fmt.Errorf("read output: %w", err)
	}
	if err := linkStays(it.path, target, p.placed); err != nil {
		return "", refused(it.path, err.Error())
	}
	h.Typeflag, h.Linkname = tar.TypeSymlink, target
	return hashOf(target), p.out.WriteHeader(h)
}

func (p *packer) file(file string, h *tar.Header, it *item) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return "", fmt.Errorf("read output: %w", err)
	}
	defer f.Close()
	it.read = time.Now().UnixNano()
	h.Typeflag, h.Size = tar.TypeReg, it.size
	if err := p.out.WriteHeader(h); err != nil {
		return "", err
	}
	sum, err := p.content(f, it.size)
	if err != nil {
		return "", fmt.Errorf("read output %s: %w", it.path, err)
	}
	return sum, nil
}

// content copies what a file has, and notices that it has become longer or shorter.
func (p *packer) content(f *os.File, size int64) (string, error) {
	sum := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(p.out, sum), struct{ io.Reader }{cancellable{p.ctx, f}}, p.buffer)
	if errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != size {
		return "", fault.New(fault.Failed, "end what still writes to it", errors.New("it was written to while it was saved"))
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (p *packer) line(kind string, h *tar.Header, sum, rel string) {
	writeLine(p.sum, kind, h.Mode, sum, rel)
}

// writeLine adds to the digest of a directory.
func writeLine(w io.Writer, kind string, mode int64, sum, rel string) {
	if kind == kindLink {
		mode = 0
	}
	fmt.Fprintf(w, "%s %o %s %s\x00", kind, mode, sum, rel)
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func refused(name, why string) error {
	return fault.New(fault.Failed, "leave it out of the job's outputs", fmt.Errorf("output %s: %s: %w", name, why, ErrRefused))
}

func special(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFIFO:
		return "a named pipe"
	default:
		return "a device"
	}
}

// linkStays makes sure that a link leads to a place in the project. It is decided
// by names alone, so a target may go up only at its beginning. In a venv a link may
// name an absolute path that is there.
func linkStays(name, target string, placed bool) error {
	if path.IsAbs(target) {
		if !placed {
			return fmt.Errorf("the link to %s leaves the project", target)
		}
		if _, err := os.Stat(target); err != nil {
			return fmt.Errorf("the link to %s leads nowhere on this machine", target)
		}
		return nil
	}
	down := false
	for part := range strings.SplitSeq(target, "/") {
		if part == ".." && down {
			return fmt.Errorf("the link to %s goes up after it went down", target)
		}
		down = down || part != ".." && part != "." && part != ""
	}
	if target == "" || strings.ContainsRune(target, 0) {
		return errors.New("the link leads nowhere")
	}
	if to := path.Join(path.Dir(name), target); to == ".." || strings.HasPrefix(to, "../") {
		return fmt.Errorf("the link to %s leaves the project", target)
	}
	return nil
}

// expand finds the outputs that are there, sorted, none of them within another.
func (j Job) expand(root string) ([]string, error) {
	var all []string
	for _, out := range j.Outputs {
		clean := path.Clean(out)
		if !sound(clean) {
			return nil, fault.New(fault.Usage, "name a path below the project", fmt.Errorf("output %q is not a path below the project", out))
		}
		if exists(filepath.Join(root, filepath.FromSlash(clean))) {
			all = append(all, clean)
			continue
		}
		found, err := fs.Glob(os.DirFS(root), clean)
		if err != nil {
			return nil, fault.New(fault.Usage, "write a path or a pattern with * ? [a-z]", fmt.Errorf("output %q: %w", out, err))
		}
		for _, name := range found {
			if sound(name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(name string) bool {
		return slices.ContainsFunc(all, func(above string) bool { return strings.HasPrefix(name, above+"/") })
	}), nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
