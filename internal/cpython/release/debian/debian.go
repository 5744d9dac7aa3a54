// Package debian brings the real sources of two CPython releases to this machine, byte for byte as python.org published
// them: Debian keeps them, and for the newer one also the signature of the release manager. Tests and benchmarks use them.
//
// They come from the Debian mirror that apt uses on this machine, through an apt configuration of their own, so that
// nothing of the machine's changes and nobody has to be root. They are kept in the user's cache for the next time.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
)

// Variable names a directory that holds the files already.
const Variable = "IACT_TEST_CPYTHON"

// What Debian holds: the name of a file is that of its package, its version and an ending.
const (
	Old          = "3.11.2" // without a signature
	New          = "3.13.5" // with one, NewTarball.asc
	OldSHA256    = "2411c74bda5bbcfcddaf4531f66d1adc73f247f529aee981b029513aefdbf849"
	NewSHA256    = "93e583f243454e6e9e4588ca2c2662206ad961659863277afcdb96801647d640"
	OldTarball   = "python3.11_3.11.2.orig.tar.gz"
	NewTarball   = "python3.13_3.13.5.orig.tar.xz"
	newSignature = NewTarball + ".asc"
)

// Sources is a directory with the sources, which a release.Source takes as it is. It is filled once for all processes that
// want it at the same time.
func Sources(ctx context.Context, door *command.Door) (string, error) {
	dir := os.Getenv(Variable)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "iact-test-cpython")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }() // it was only locked
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	if complete(dir) {
		return dir, nil
	}
	if _, err := door.Look(ctx, "apt-get"); err != nil {
		return "", err
	}
	return dir, download(ctx, door, dir)
}

func complete(dir string) bool {
	for _, name := range []string{OldTarball, NewTarball, newSignature} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// download lets apt verify what it gets, beside dir, and moves it there.
func download(ctx context.Context, door *command.Door, dir string) (err error) {
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err != nil {
		return err
	}
	from, err := mirror()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(dir, ".apt-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "sources"} {
		if err := os.MkdirAll(filepath.Join(work, sub), 0o755); err != nil {
			return err
		}
	}
	files := map[string]string{
		"status":                 "",
		"sources/debian.sources": fmt.Sprintf("Types: deb-src\nURIs: %s\nSuites: bookworm trixie\nComponents: main\nSigned-By: %s\n", from, keyring),
		"apt.conf": strings.ReplaceAll(`Dir::State "WORK"; Dir::State::lists "WORK/lists"; Dir::State::status "WORK/status"; Dir::Cache "WORK/cache";
Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "WORK/sources"; APT::Sandbox::User "";
`, "WORK", work),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"-q", "update"}, {"-q", "source", "--download-only", "python3.11/bookworm", "python3.13/trixie"}} {
		c := command.Read("apt-get", args...)
		c.Dir, c.Env = work, []string{"APT_CONFIG=" + filepath.Join(work, "apt.conf")}
		if err := door.Run(ctx, c); err != nil {
			return err
		}
	}
	for _, name := range []string{OldTarball, NewTarball, newSignature} {
		if err := os.Rename(filepath.Join(work, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// mirror is where apt gets Debian itself from on this machine.
func mirror() (string, error) {
	lists, err := filepath.Glob("/etc/apt/sources.list.d/*")
	if err != nil {
		return "", err
	}
	for _, list := range append(lists, "/etc/apt/sources.list") {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // another list may name it
		}
		if found := regexp.MustCompile(`(?m)^[^#\n]*?(https?://[^\s#]+/debian)/?(?:\s|$)`).FindSubmatch(text); found != nil {
			return string(found[1]), nil
		}
	}
	return "", errors.New("apt knows no mirror of Debian here")
}
