package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/tree"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/ignore"
)

// Files is a directory, or a single file, backed up as a tar stream.
type Files struct {
	Label   string
	Path    string   // absolute
	Exclude []string // gitignore syntax
	Skip    []string // directories that are left out: the store, the state of this program
	// FreeIn says how many bytes may be stored; nil skips the estimate.
	FreeIn func() (int64, error)
}

// Name implements Source.
func (f *Files) Name() string { return f.Label }

// Kind implements Source.
func (f *Files) Kind() string { return KindFiles }

// Origin implements Source.
func (f *Files) Origin() string { return f.Path }

// Check implements Source. The directory is only walked when its file system
// holds more than the store could take: else it fits anyway.
func (f *Files) Check(ctx context.Context, _ *command.Door) (Check, error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return Check{}, fault.New(fault.Missing, "correct the path of source "+f.Label+" in the configuration", fmt.Errorf("open %s: %w", f.Path, errors.Unwrap(err)))
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return Check{}, fault.New(fault.Usage, "let it name a directory or a file", fmt.Errorf("open %s: neither a directory nor a file", f.Path))
	}
	root, leave, err := f.scope()
	if err != nil {
		return Check{}, fault.New(fault.Usage, "patterns are written as in .gitignore", err)
	}
	if f.FreeIn != nil {
		free, err := f.FreeIn()
		var st unix.Statfs_t
		if err == nil && unix.Statfs(f.Path, &st) == nil && int64(st.Blocks-st.Bfree)*st.Bsize < free {
			return Check{}, nil
		}
	}
	return Check{Estimate: f.size(ctx, root, leave)}, nil
}

// scope is the directory to walk and what is left out in it. A single file is
// its directory without everything else.
func (f *Files) scope() (root string, leave func(path string, dir bool) bool, err error) {
	if info, err := os.Stat(f.Path); err == nil && !info.IsDir() {
		name := filepath.Base(f.Path)
		return filepath.Dir(f.Path), func(path string, _ bool) bool { return path != name }, nil
	}
	match, err := ignore.Compile(f.Exclude)
	if err != nil {
		return "", nil, err
	}
	return f.Path, match.Match, nil
}

// size adds up what the files take on disk.
func (f *Files) size(ctx context.Context, root string, leave func(string, bool) bool) int64 {
	total := int64(0)
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(root, path)
		if err != nil || relErr != nil || rel == "." {
			return nil //nolint:nilerr // what can't be read is said by the capture
		}
		if leave(rel, d.IsDir()) || d.IsDir() && f.skipped(path) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				total += st.Blocks * 512 // a sparse file takes less than its size
			}
		}
		return nil
	})
	return total
}

func (f *Files) skipped(path string) bool {
	for _, dir := range f.Skip {
		if path == dir {
			return true
		}
	}
	return false
}

// Capture implements Source.
func (f *Files) Capture(ctx context.Context, to To) (Captured, error) {
	root, leave, err := f.scope()
	if err != nil {
		return Captured{}, err
	}
	o := tree.Options{Root: root, Ignore: leave, Skip: f.Skip, Source: f.Label}
	var notes []string
	if to.Prior != nil {
		o.State = to.Prior.State
		if o.Base, err = tree.LoadBase(to.Prior.Dir, to.Prior.Parts); err != nil {
			notes = append(notes, fmt.Sprintf("the set before could not be built upon, everything was read anew: %v", err))
			o.Base = nil
		}
	}
	began := time.Now().UTC()
	result, err := tree.Capture(ctx, to.Layer, to.Press, o)
	if err != nil {
		return Captured{}, fmt.Errorf("read %s: %w", f.Path, err)
	}
	return Captured{
		Snapshot: began, Files: result.Entries, Unreadable: result.Unreadable,
		Notes: append(notes, result.Notes...), Detail: map[string]string{"path": f.Path},
	}, nil
}

// Plan implements Source.
func (f *Files) Plan(_ *command.Door, dir string) string {
	args := []string{"-c", "--sort=name", "--xattrs", "--acls", "-C", f.Path}
	for _, skip := range f.Skip {
		if rel, err := filepath.Rel(f.Path, skip); err == nil && !strings.HasPrefix(rel, "..") {
			args = append(args, "--exclude=./"+rel)
		}
	}
	for _, pattern := range f.Exclude {
		args = append(args, "--exclude="+strings.TrimSuffix(pattern, "/"))
	}
	return command.Read("tar", append(args, ".")...).String() + " | zstd -T0 -1 > " + command.Quote(filepath.Join(dir, "00000001.zst"))
}
