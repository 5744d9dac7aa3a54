package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
)

const unpacked = "unpack"

// Unpacked says whether the sources lie in Work.
func (b *Build) Unpacked() bool { return b.Tarball != "" && b.stamped(unpacked) == b.sources() }

// sources tells a tarball from another of the same name.
func (b *Build) sources() string {
	info, err := os.Stat(b.Tarball)
	if err != nil {
		return "none"
	}
	return fmt.Sprintf("%s %d %s", filepath.Base(b.Tarball), info.Size(), info.ModTime())
}

// Unpack lays the sources down in Work, by one rename. What an earlier tarball
// has left goes.
func (b *Build) Unpack(ctx context.Context) error {
	if b.Unpacked() {
		return nil
	}
	if err := b.Fell(); err != nil {
		return fmt.Errorf("remove old sources: %w", err)
	}
	const beside = sourceDir + ".new"
	if err := b.fresh(beside); err != nil {
		return fmt.Errorf("remove old sources: %w", err)
	}
	dir := filepath.Join(b.Work, beside)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := b.Door.Run(ctx, command.Change("tar", "-x", "-C", dir, "--strip-components=1", "--no-same-owner", "-f", b.Tarball)); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(b.Tarball), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "configure")); err != nil {
		return fmt.Errorf("unpack %s: it holds no configure script", filepath.Base(b.Tarball))
	}
	if err := os.Rename(dir, b.Source()); err != nil {
		return err
	}
	return b.stamp(unpacked, b.sources())
}

// Fell removes the tree, its stamps first: what is half removed was not built.
// The logs stay.
func (b *Build) Fell() error {
	if err := b.unstamp(unpacked, configured, making, compiled, tested); err != nil {
		return err
	}
	return os.RemoveAll(b.Source())
}

// SourceDate is the time of the newest file of the sources, which is about when
// they were released.
func (b *Build) SourceDate() time.Time {
	var newest time.Time
	for _, name := range []string{"configure", "README.rst", "Include/patchlevel.h", "Misc/NEWS"} {
		if info, err := os.Stat(filepath.Join(b.Source(), name)); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}
