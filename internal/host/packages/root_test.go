//go:build debootstrap

package packages_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/packages"
)

// root is a throw-away Debian that a test may do anything to.
type root struct {
	t       *testing.T
	dir     string
	apt     *packages.Apt
	mu      sync.Mutex
	said    []string
	noted   []packages.Record
	changes *counter
}

// archive is a minimal Debian, made once and kept in the user's cache.
var archive = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "iact-tests")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	file := filepath.Join(cache, "debootstrap-bookworm-1.tar")
	// Other test processes want the same one.
	script := `exec 9>"$1.lock"; flock 9
[ -f "$1" ] && exit 0
d=$(mktemp -d "$1.XXXXXX") && trap 'rm -rf "$d"' EXIT
nice -n 5 debootstrap --variant=minbase bookworm "$d/root" http://deb.debian.org/debian >&2 &&
rm -rf "$d"/root/var/lib/apt/lists/* "$d"/root/var/cache/apt/* &&
printf '#!/bin/sh\nexit 101\n' >"$d/root/usr/sbin/policy-rc.d" && chmod 755 "$d/root/usr/sbin/policy-rc.d" &&
tar -C "$d/root" --one-file-system -cf "$d/tar" . && mv "$d/tar" "$1"`
	return file, command.NewDoor(command.Local()).Run(context.Background(), command.Change("bash", "-c", script, "bash", file))
})

func newRoot(t *testing.T) *root {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("a root of its own takes root: run it as root")
	}
	tar, err := archive()
	if err != nil {
		t.Fatal(err)
	}
	r := &root{t: t, dir: t.TempDir()}
	here := command.NewDoor(command.Local())
	if err := here.Run(t.Context(), command.Change("tar", "-C", r.dir, "-xf", tar)); err != nil {
		t.Fatal(err)
	}
	// t.TempDir's own mode keeps apt's user out.
	if err := os.Chmod(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("/etc/apt/sources.list", "")
	r.changes = &counter{Transport: chroot{dir: r.dir, Transport: command.Local()}}
	r.apt = &packages.Apt{Door: command.NewDoor(r.changes), LockWait: time.Minute, Say: func(format string, args ...any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, strings.TrimSpace(sprintf(format, args...)))
	}, Note: func(record packages.Record) error {
		r.noted = append(r.noted, record)
		return nil
	}}
	return r
}

func (r *root) write(name, text string) {
	r.t.Helper()
	file := filepath.Join(r.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		r.t.Fatal(err)
	}
}

// sh runs a script in the root and gives what it printed.
func (r *root) sh(script string) string {
	r.t.Helper()
	out, err := command.NewDoor(chroot{dir: r.dir, Transport: command.Local()}).Text(r.t.Context(), command.Read("sh", "-c", script)).String()
	if err != nil {
		r.t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(out)
}

// picture is all of /etc by content, mode and owner, and dpkg's whole list with
// its marks: what taking back is measured by.
func (r *root) picture() string {
	r.t.Helper()
	return r.sh(`cd /etc && find . ! -name ld.so.cache ! -name '*-' -printf '%p %y %m %u:%g %l\n' | sort
find . -type f ! -name ld.so.cache ! -name '*-' -exec sha256sum {} + | sort -k 2
dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Abbrev}\n'
apt-mark showmanual; apt-mark showhold`)
}

func (r *root) same(before string) {
	r.t.Helper()
	after := r.picture()
	if after == before {
		return
	}
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range minusLines(old, now) {
		r.t.Errorf("lost:  %s", line)
	}
	for _, line := range minusLines(now, old) {
		r.t.Errorf("added: %s", line)
	}
}

func minusLines(a, b []string) []string {
	in := map[string]bool{}
	for _, line := range b {
		in[line] = true
	}
	var all []string
	for _, line := range a {
		if !in[line] {
			all = append(all, line)
		}
	}
	return all
}

// chroot is a transport into a root, with a /proc of its own.
type chroot struct {
	command.Transport
	dir string
}

func (c chroot) Name() string { return "chroot" }

func (c chroot) Look(ctx context.Context, program string) (string, error) {
	out, err := command.NewDoor(c).Text(ctx, command.Read("sh", "-c", `command -v -- "$1"`, "sh", program)).String()
	if err != nil {
		return "", &command.NotFound{Program: program}
	}
	return strings.TrimSpace(out), nil
}

func (c chroot) Start(ctx context.Context, inner command.Command, stdout *os.File) (command.Process, error) {
	inner.Args = append([]string{"--mount", "--propagation", "private", "sh", "-c",
		`mount -t proc proc "$0/proc" && exec chroot "$0" "$@"`, c.dir, inner.Program}, inner.Args...)
	inner.Program, inner.As = "unshare", ""
	return c.Transport.Start(ctx, inner, stdout)
}

// errKilled stands for the death of this process.
var errKilled = errors.New("killed here")

// counter counts changing commands and, from the one numbered killAt on, lets
// nothing run any more. after lets that one run and then dies.
type counter struct {
	command.Transport
	mu     sync.Mutex
	n      int
	killAt int
	after  bool
	dead   bool
	lines  []string
}

func (c *counter) arm(killAt int, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n, c.killAt, c.after, c.dead, c.lines = 0, killAt, after, false, nil
}

func (c *counter) Start(ctx context.Context, inner command.Command, stdout *os.File) (command.Process, error) {
	c.mu.Lock()
	if inner.Changes && !c.dead {
		c.n++
		c.lines = append(c.lines, inner.String())
		if c.killAt > 0 && c.n == c.killAt {
			c.dead = true
			if c.after {
				c.mu.Unlock()
				return c.Transport.Start(ctx, inner, stdout)
			}
		}
	}
	dead := c.dead
	c.mu.Unlock()
	if dead {
		if stdout != nil {
			stdout.Close()
		}
		return nil, errKilled
	}
	return c.Transport.Start(ctx, inner, stdout)
}
