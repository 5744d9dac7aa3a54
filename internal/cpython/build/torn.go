package build

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// making is the stamp of a make that has not ended well yet. It holds the boot
// of the machine: after a crash of that any file may be empty.
const making = "making"

// halfWritten is how long before its end a killed make may have been writing a
// file.
const halfWritten = 5 * time.Second

// distrust removes what a make that was cut off may have left torn, so that the
// next one makes it again: a compiler that is killed leaves a file that is newer
// than its source, and make takes it for done. Torn can be what was written in
// the last seconds before the end, and any object or library that is no whole
// one: a linker opens its output long before it fills it. False means that the
// machine has crashed since, and that nothing in the tree is to be trusted.
func (b *Build) distrust() (trusted bool, err error) {
	switch b.stamped(making) {
	case "":
		return true, nil
	case bootID():
	default:
		return false, nil
	}
	made, newest, err := b.products()
	if err != nil {
		return false, fmt.Errorf("look for half-written files: %w", err)
	}
	for path, at := range made {
		if at.Before(newest.Add(-halfWritten)) && !broken(path) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return false, fmt.Errorf("remove half-written file: %w", err)
		}
	}
	return true, b.profileAgain()
}

// products are the files that make has made since configure ended, and the time
// of the newest. Those by which make knows what it has done, and those that
// configure makes, are none.
func (b *Build) products() (made map[string]time.Time, newest time.Time, err error) {
	since, err := os.Stat(filepath.Join(b.Work, stampDir, configured))
	if err != nil {
		return nil, newest, err
	}
	made = map[string]time.Time{}
	err = filepath.WalkDir(b.Source(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := d.Name()
		configures := strings.HasPrefix(name, "Makefile") || strings.HasPrefix(name, "config.") || name == "pyconfig.h"
		stamps := strings.HasPrefix(name, "profile-") && strings.HasSuffix(name, "-stamp")
		if configures || stamps || !info.ModTime().After(since.ModTime()) {
			return nil
		}
		made[path] = info.ModTime()
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	return made, newest, err
}

// broken says of an object, a library or a program whether it ends before its
// sections do.
func broken(path string) bool {
	name := filepath.Base(path)
	if !strings.HasSuffix(name, ".o") && !strings.Contains(name, ".so") && name != "python" && name != "_freeze_module" {
		return false
	}
	f, err := elf.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	info, err := os.Stat(path)
	if err != nil {
		return true
	}
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS && s.Offset+s.FileSize > uint64(info.Size()) { //nolint:gosec // a size is not negative
			return true
		}
	}
	return len(f.Sections) == 0
}

// profileAgain lets a run of the profile that was cut off begin again: its
// counts would be added to those of the next, and an instrumented interpreter
// that is gone has to be built again before it can run.
func (b *Build) profileAgain() error {
	there := func(name string) bool {
		_, err := os.Stat(filepath.Join(b.Source(), name))
		return err == nil
	}
	if !b.Profile || there("profile-run-stamp") || !there("profile-gen-stamp") {
		return nil
	}
	if !there("python") {
		return os.Remove(filepath.Join(b.Source(), "profile-gen-stamp"))
	}
	return filepath.WalkDir(b.Source(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".gcda") {
			return os.Remove(path)
		}
		return err
	})
}

// bootID changes with every start of the machine; where nothing tells it, it is
// always the same.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}
