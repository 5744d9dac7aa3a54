package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const configured = "configure"

// Flags are the arguments of configure. They shape the build, so they are part
// of what names it in a cache, and always come in the same order.
//
// There is no --with-openssl: as the procedure gives it (a directory of headers
// where a prefix is wanted) it leaves _ssl out in silence; the system's own is
// found without. --enable-shared needs the path to libpython in the program, or
// it does not start; $ORIGIN lets the staged one start, too. LDFLAGS_NODIST keeps
// that path out of what pip builds with it.
func (b *Build) Flags() []string {
	flags := []string{
		"--prefix=" + b.Prefix, "--enable-shared", "--enable-loadable-sqlite-extensions", "--with-ensurepip=install",
	}
	if b.Profile {
		flags = append(flags, "--enable-optimizations")
	}
	if b.Optimized {
		flags = append(flags, "--with-lto")
	}
	return append(flags, `LDFLAGS_NODIST=-Wl,-rpath,\$$ORIGIN/../lib`)
}

// stampOf is what a configured tree is recognised by.
func (b *Build) stampOf() string { return strings.Join(b.Flags(), "\n") + "\n" }

// Configured says whether the tree is configured with these very flags.
func (b *Build) Configured() bool { return b.Unpacked() && b.stamped(configured) == b.stampOf() }

// Configure runs configure. A tree that was configured otherwise is unpacked
// anew: what make has made in it would be mixed in.
func (b *Build) Configure(ctx context.Context) error {
	if b.Configured() {
		return nil
	}
	if b.stamped(configured) != "" {
		if err := b.unstamp(unpacked); err != nil {
			return err
		}
	}
	if err := b.Unpack(ctx); err != nil {
		return err
	}
	if err := b.unstamp(configured, making, compiled, tested); err != nil {
		return err
	}
	_ = os.Remove(b.Log(configured))
	const checks = 800 // lines that configure prints, about
	bar := b.progress("configuring", checks)
	defer bar.Done()
	if err := b.run(ctx, configured, func(string) { bar.Add(1) }, "./configure", b.Flags()...); err != nil {
		return err
	}
	for _, made := range []string{"Makefile", "pyconfig.h"} {
		if _, err := os.Stat(filepath.Join(b.Source(), made)); err != nil {
			return fmt.Errorf("configure ended well and made no %s; its log is %s", made, b.Log(configured))
		}
	}
	missing, err := b.notFound()
	if err != nil {
		return err
	}
	// Hours before make would say so, if at all.
	if err := b.complete(missing); err != nil {
		return err
	}
	return b.stamp(configured, b.stampOf())
}

// notFound are the modules that configure has not found what they need for. Its
// Makefile says MODULE_NAME_STATE=missing since 3.11.
func (b *Build) notFound() ([]string, error) {
	text, err := os.ReadFile(filepath.Join(b.Source(), "Makefile"))
	if err != nil {
		return nil, err
	}
	var all []string
	for _, found := range regexp.MustCompile(`(?m)^MODULE_([A-Z0-9_]+)_STATE=missing$`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, strings.ToLower(found[1]))
	}
	return all, nil
}

// profileless marks a Work in which a test of the profile has failed.
const profileless = "without-profile"

// WithoutProfile says whether a test of the profile has failed here.
func (b *Build) WithoutProfile() bool { return b.stamped(profileless) != "" }

// GiveUpProfile lets this and later builds in Work do without a profile.
func (b *Build) GiveUpProfile() error {
	b.Profile = false
	return b.stamp(profileless, "a test of the profile failed; its log is "+b.Log(compiled)+"\n")
}
