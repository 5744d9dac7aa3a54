package vagrant

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// Keeper is the ssh that vagrant-libvirt leaves behind for one forwarded port.
type Keeper struct {
	PID  string   `json:"-"`
	Note string   `json:"note"` // the file with its process id
	Line []string `json:"line"` // its command line
	provider.Forward
}

// Forwards are the ports of this host that lead into a machine of libvirt.
func (p Project) Forwards(one Made) []provider.Forward {
	var all []provider.Forward
	for _, k := range p.Keepers(one) {
		all = append(all, k.Forward)
	}
	return all
}

// Forwarders are the processes of Keepers. They outlive a machine that was
// removed without Vagrant, and keep its ports.
func (p Project) Forwarders(one Made) []string {
	var pids []string
	for _, k := range p.Keepers(one) {
		pids = append(pids, k.PID)
	}
	return pids
}

// Keepers are those of a machine that run.
func (p Project) Keepers(one Made) []Keeper {
	notes, _ := filepath.Glob(filepath.Join(p.Dir, ".vagrant", "machines", one.Name, one.Provider, "pids", "ssh_*.pid"))
	var all []Keeper
	for _, note := range notes {
		pid, err := os.ReadFile(note)
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "cmdline"))
		if err != nil {
			continue
		}
		k := Keeper{PID: strings.TrimSpace(string(pid)), Note: note, Line: strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")}
		var runs bool
		if k.Forward, runs = forward(k.Line); runs {
			all = append(all, k)
		}
	}
	return all
}

// forward reads the command line of an ssh: -L ADDRESS:PORT:GUEST:PORT.
func forward(line []string) (provider.Forward, bool) {
	if filepath.Base(line[0]) != "ssh" {
		return provider.Forward{}, false // the process id is somebody else's by now
	}
	spec := regexp.MustCompile(`^(?:(.*):)?([0-9]+):[^:]+:([0-9]+)$`)
	for _, word := range line {
		found := spec.FindStringSubmatch(strings.TrimPrefix(word, "-L"))
		if found == nil {
			continue
		}
		host, _ := strconv.Atoi(found[2])
		guest, _ := strconv.Atoi(found[3])
		return provider.Forward{HostIP: found[1], HostPort: host, GuestPort: guest}, true
	}
	return provider.Forward{}, false
}

// Renew starts keepers anew, after their machine has become that of another
// moment: it does not know their connections then, and they would wait for it for
// ever. A process is ended only when its command line is exactly the one that was
// noted. It returns when the ports are taken, or says which is not.
func Renew(ctx context.Context, door *command.Door, keepers []Keeper) error {
	const script = `note=$1; shift
pid=$(cat "$note" 2>/dev/null)
if [ -n "$pid" ] && [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline")" = "$(printf '%s\n' "$@")" ]; then
  kill "$pid" || exit 1
  for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
fi
setsid "$@" </dev/null >/dev/null 2>&1 &
echo "$!" >"$note.new" && mv "$note.new" "$note"`
	var wrong error
	for _, k := range keepers {
		err := door.Run(ctx, command.Change("sh", append([]string{"-c", script, "sh", k.Note}, k.Line...)...))
		if err == nil && !door.Planning() {
			err = k.taken(ctx)
		}
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("forward port %d: %w", k.HostPort, err))
		}
	}
	return wrong
}

// taken waits until the port leads somewhere: ssh takes it when it has logged in.
func (k Keeper) taken(ctx context.Context) error {
	const limit = 30 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("nothing took it within %s", limit))
	defer cancel()
	at := k.HostIP
	if ip := net.ParseIP(at); ip == nil || ip.IsUnspecified() {
		at = "127.0.0.1"
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(at, strconv.Itoa(k.HostPort)))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
