package testbed

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// Root is a Debian or Ubuntu of a test's own, to do anything to: the release of this machine, from the mirror of its apt.
// It has the network of this machine, and starts no service by itself.
type Root struct {
	Dir string
	t   testing.TB
}

// sharedRoot is what shared is for PostgreSQL: every root is a copy of it.
//
//nolint:gochecknoglobals // one archive a test process, and testing has no other place to keep it
var sharedRoot = sync.OnceValues(func() (string, error) {
	root, err := checkout()
	if err != nil {
		return "", err
	}
	return cluster.RootArchive(context.Background(), command.NewDoor(command.Local()), root)
})

// OwnRoot is a new one, which goes with the test.
func OwnRoot(t testing.TB) *Root {
	t.Helper()
	realOnly(t)
	tar, err := sharedRoot()
	installed(t, err, cluster.ErrNoRoot)
	r := &Root{Dir: t.TempDir(), t: t}
	// t.TempDir's own mode keeps apt's user out.
	if err := os.Chmod(r.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := command.NewDoor(command.Local()).Run(t.Context(), command.Change("tar", "-C", r.Dir, "-xf", tar)); err != nil {
		t.Fatal(err)
	}
	return r
}

// Transport leads into the root.
func (r *Root) Transport() command.Transport { return inside{Transport: command.Local(), dir: r.Dir} }

// Write makes a file of the root.
func (r *Root) Write(name, text string) {
	r.t.Helper()
	file := filepath.Join(r.Dir, name)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// Sh runs a script in the root and gives what it printed.
func (r *Root) Sh(script string) string {
	r.t.Helper()
	out, err := command.NewDoor(r.Transport()).Text(context.WithoutCancel(r.t.Context()), command.Read("sh", "-c", script)).String()
	if err != nil {
		r.t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(out)
}

// Dockerd is a command line for a daemon of the root, with a network and control groups of its own: no bridge, no rule of
// the firewall and no other group of this machine is seen there. It ends with the test.
func (r *Root) Dockerd() []string {
	r.t.Helper()
	group := "iact-root-" + strings.ToLower(rand.Text()[:12])
	const program = "/usr/local/sbin/dockerd-apart"
	r.Write(program, `#!/bin/sh
set -e
[ "$1" = apart ] || exec unshare --mount --net "$0" apart "$@"
shift
if grep -q cgroup2 /proc/filesystems && ! grep -q '^cpu	[1-9]' /proc/cgroups; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs tmpfs /sys/fs/cgroup
  for c in $(awk '$4 == 1 { print $1 }' /proc/cgroups); do mkdir "/sys/fs/cgroup/$c"; mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c" || rmdir "/sys/fs/cgroup/$c"; done
fi
exec dockerd --cgroup-parent `+"/"+group+` "$@"
`)
	if err := os.Chmod(filepath.Join(r.Dir, program), 0o755); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		r.Sh(`pid=$(cat /var/run/docker.pid 2>/dev/null) && kill "$pid" && while [ -e "/proc/$pid/exe" ]; do sleep 0.05; done; exit 0`)
		gone := command.Change("find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", "*/"+group+"*", "-exec", "rmdir", "{}", "+")
		_ = command.NewDoor(command.Local()).Run(context.WithoutCancel(r.t.Context()), gone) // there is none where no container ran
	})
	return []string{program}
}

// Picture is all of /etc by content, mode and owner, and dpkg's whole list with its marks: by which taking back is
// measured. Users and groups are in /etc.
func (r *Root) Picture() string {
	r.t.Helper()
	return r.Sh(`cd /etc && find . ! -name ld.so.cache ! -name '*-' -printf '%p %y %m %u:%g %l\n' | sort
find . -type f ! -name ld.so.cache ! -name '*-' -exec sha256sum {} + | sort -k 2
dpkg-query -W -f '${binary:Package} ${Version} ${db:Status-Abbrev}\n'
apt-mark showmanual; apt-mark showhold`)
}

// Same fails the test when the root does not look like the picture any more.
func (r *Root) Same(before string) {
	r.t.Helper()
	after := r.Picture()
	if after == before {
		return
	}
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range without(old, now) {
		r.t.Errorf("lost:  %s", line)
	}
	for _, line := range without(now, old) {
		r.t.Errorf("added: %s", line)
	}
}

func without(lines, others []string) []string {
	in := map[string]bool{}
	for _, line := range others {
		in[line] = true
	}
	var all []string
	for _, line := range lines {
		if !in[line] {
			all = append(all, line)
		}
	}
	return all
}

// inside is a transport into a root. Every command has a view of the file system of its own, in which the root is a real
// one: a daemon that starts containers needs that. See Root.Dockerd.
type inside struct {
	command.Transport
	dir string
}

func (i inside) Name() string { return "root" }

func (i inside) Look(ctx context.Context, program string) (string, error) {
	out, err := command.NewDoor(i).Text(ctx, command.Read("sh", "-c", `command -v -- "$1"`, "sh", program)).String()
	if err != nil {
		return "", &command.NotFound{Program: program}
	}
	return strings.TrimSpace(out), nil
}

func (i inside) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	// Of this machine's /sys and /dev nothing can be removed: packages have scripts that clean up there.
	const enter = `mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount -t sysfs -o ro sysfs sys &&
mount --rbind /sys/fs/cgroup sys/fs/cgroup && mount -o remount,bind,ro sys/fs/cgroup &&
pivot_root . mnt && exec chroot . sh -c 'umount -l /mnt && exec "$@"' sh "$@"`
	if c.As != "" && c.As != "root" {
		const become = `exec env HOME="$(getent passwd "$0" | cut -d: -f6)" setpriv --reuid="$0" --regid="$(id -g "$0")" --init-groups -- "$@"`
		c.Program, c.Args = "sh", append([]string{"-c", become, c.As, c.Program}, c.Args...)
	}
	c.Args = append([]string{"--mount", "--propagation", "private", "sh", "-c", enter, i.dir, c.Program}, c.Args...)
	c.Program, c.As = "unshare", ""
	return i.Transport.Start(ctx, c, stdout)
}
