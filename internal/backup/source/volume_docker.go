package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// answers is how long the docker client may take for one question. A daemon
// that hangs accepts every connection and never answers.
const answers = 15 * time.Second

// Docker is a docker client, on this machine or in another place, and the
// daemon that it speaks to. It is safe for concurrent use.
type Docker struct {
	Place string   // where the client runs; empty is this machine
	As    string   // the user who runs it
	Env   []string // of the client, as NAME=VALUE lines; nil is the caller's own

	look  sync.Mutex
	said  *DaemonInfo
	sizes map[string]int64
}

// DaemonInfo is what a daemon says about itself.
type DaemonInfo struct {
	Name            string
	Version         string `json:"ServerVersion"`
	System          string `json:"OSType"`
	Root            string `json:"DockerRootDir"`
	SecurityOptions []string
	ServerErrors    []string
}

// DockerVolume is what a daemon says about a volume.
type DockerVolume struct {
	Name, Driver, Mountpoint string
	Options, Labels          map[string]string
}

// Read is a command of the client that only looks.
func (d *Docker) Read(args ...string) command.Command {
	c := command.Read("docker", args...)
	c.As, c.Env, c.Timeout = d.As, d.Env, answers
	return c
}

// Change is a command of the client that changes something.
func (d *Docker) Change(args ...string) command.Command {
	c := d.Read(args...)
	c.Changes = true
	return c
}

// String names the daemon for people.
func (d *Docker) String() string {
	if d.Place == "" {
		return "docker"
	}
	return "docker at " + d.Place
}

// Text runs a question and returns what the client prints.
func (d *Docker) Text(ctx context.Context, door *command.Door, args ...string) (string, error) {
	out, err := door.Text(ctx, d.Read(args...)).String()
	if err != nil {
		return "", d.fault(err)
	}
	return out, nil
}

// Run runs a command that changes something.
func (d *Docker) Run(ctx context.Context, door *command.Door, args ...string) error {
	return d.fault(door.Run(ctx, d.Change(args...)))
}

// Info asks the daemon about itself, once.
func (d *Docker) Info(ctx context.Context, door *command.Door) (DaemonInfo, error) {
	d.look.Lock()
	defer d.look.Unlock()
	if d.said != nil {
		return *d.said, nil
	}
	out, err := d.Text(ctx, door, "info", "--format", "{{json .}}")
	if err != nil {
		return DaemonInfo{}, err
	}
	var said DaemonInfo
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return DaemonInfo{}, fmt.Errorf("read answer of docker info: %w", err)
	}
	if len(said.ServerErrors) > 0 { // some clients end well all the same
		return DaemonInfo{}, d.fault(errors.New(said.ServerErrors[0]))
	}
	d.said = &said
	return said, nil
}

// Volumes lists the volumes of the daemon that have a name of their own.
func (d *Docker) Volumes(ctx context.Context, door *command.Door) ([]DockerVolume, error) {
	var all []DockerVolume
	err := d.steady(func() error {
		out, err := d.Text(ctx, door, "volume", "ls", "--quiet")
		if err != nil {
			return err
		}
		var named []string
		for name := range strings.Lines(out) {
			if name = strings.TrimSpace(name); name != "" && !anonymous(name) {
				named = append(named, name)
			}
		}
		all, err = d.inspectVolumes(ctx, door, named)
		return err
	})
	return all, err
}

func (d *Docker) inspectVolumes(ctx context.Context, door *command.Door, names []string) ([]DockerVolume, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := d.Text(ctx, door, append([]string{"volume", "inspect", "--format", "{{json .}}"}, names...)...)
	if err != nil {
		return nil, err
	}
	return documents[DockerVolume](out)
}

// anonymous says whether a name is one that docker made up.
func anonymous(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// Volume looks at one volume. Nothing here ever mounts a name that was not
// looked at before: docker makes a volume of every name it does not know.
func (d *Docker) Volume(ctx context.Context, door *command.Door, name string) (DockerVolume, error) {
	found, err := d.inspectVolumes(ctx, door, []string{name})
	if err != nil {
		return DockerVolume{}, err
	}
	if len(found) != 1 {
		return DockerVolume{}, fmt.Errorf("read answer of docker volume inspect: %d volumes, not one", len(found))
	}
	return found[0], nil
}

// size is about how many bytes a volume takes, 0 when the daemon does not tell
// in time. It asks once for all of them: the daemon walks through each.
func (d *Docker) size(ctx context.Context, door *command.Door, volume string) int64 {
	d.look.Lock()
	defer d.look.Unlock()
	if d.sizes == nil {
		d.sizes = map[string]int64{}
		c := d.Read("system", "df", "-v", "--format", "{{json .}}")
		c.Timeout = 2 * answers
		out, err := door.Text(ctx, c).String()
		var said struct {
			Volumes []struct{ Name, Size string }
		}
		if err == nil && json.Unmarshal([]byte(out), &said) == nil {
			for _, v := range said.Volumes {
				d.sizes[v.Name] = bytesOf(v.Size)
			}
		}
	}
	return d.sizes[volume]
}

// bytesOf reads a size as docker prints it: 52.43MB.
func bytesOf(size string) int64 {
	var n float64
	var unit string
	if _, err := fmt.Sscanf(size, "%g%s", &n, &unit); err != nil {
		return 0
	}
	for i, known := range []string{"B", "kB", "MB", "GB", "TB", "PB"} {
		if unit == known {
			for range i {
				n *= 1000
			}
			return int64(n)
		}
	}
	return 0
}

// steady asks again when something that was listed is gone a moment later.
func (d *Docker) steady(ask func() error) error {
	err := ask()
	for range 2 {
		if !gone(err) {
			break
		}
		err = ask()
	}
	return err
}

// gone says whether docker knows no such thing any more.
func gone(err error) bool {
	if err == nil {
		return false
	}
	said := strings.ToLower(err.Error())
	for _, thing := range []string{"volume", "container", "image", "object"} {
		if strings.Contains(said, "no such "+thing) {
			return true
		}
	}
	return false
}

func documents[T any](out string) ([]T, error) {
	var all []T
	in := json.NewDecoder(strings.NewReader(out))
	for in.More() {
		var one T
		if err := in.Decode(&one); err != nil {
			return nil, fmt.Errorf("read answer of docker: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// fault gives what the client says a way out.
func (d *Docker) fault(err error) error {
	if err == nil {
		return nil
	}
	var lacks *command.NotFound
	if errors.As(err, &lacks) {
		lacks.Package = "docker.io"
		return err
	}
	said := err.Error()
	var failed *command.Error
	if errors.As(err, &failed) {
		said += failed.Stderr
	}
	where := ""
	if d.Place != "" {
		where = "at " + d.Place + ": "
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) && failed != nil:
		return fault.New(fault.Missing, where+"restart it: systemctl restart docker; journalctl -u docker tells more",
			fmt.Errorf("ask %s: its daemon does not answer: %w", d, err))
	case strings.Contains(said, "permission denied while trying to connect"):
		return fault.New(fault.Missing, where+"usermod -aG docker $USER, then log in again; or run as root", briefly(err))
	case strings.Contains(said, "Cannot connect to the Docker daemon"), strings.Contains(said, "error during connect"):
		return fault.New(fault.Missing, where+"start it: systemctl start docker; or correct DOCKER_HOST or the docker context", briefly(err))
	}
	return err
}

// brief is an error without the request that its text ends with.
type brief struct {
	err  error
	text string
}

func (b *brief) Error() string { return b.text }
func (b *brief) Unwrap() error { return b.err }

// briefly leaves out what the client adds: Get "http://%2Fvar%2Frun…".
func briefly(err error) error {
	text := err.Error()
	for _, verb := range []string{"Get", "Post", "Head"} {
		text, _, _ = strings.Cut(text, ": "+verb+` "http`)
	}
	return &brief{err, text}
}
