package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Info is what a daemon says of itself: the part of `docker info` that settings
// show in.
type Info struct {
	ServerVersion       string
	SystemTime          string
	Driver              string
	DockerRootDir       string
	LoggingDriver       string
	LiveRestoreEnabled  bool
	Debug               bool
	Containers          int
	Images              int
	DefaultAddressPools []struct {
		Base string
		Size int
	}
	RegistryConfig struct {
		Mirrors               []string
		InsecureRegistryCIDRs []string
		IndexConfigs          map[string]struct{ Secure bool }
	}
	Plugins      struct{ Log []string } // the log drivers that it has
	Swarm        struct{ LocalNodeState string }
	ServerErrors []string
}

func (i Info) swarm() bool {
	return i.Swarm.LocalNodeState != "" && i.Swarm.LocalNodeState != "inactive"
}

// Container is a running one.
type Container struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	PID  string `json:"pid"`
}

// text runs a command that looks, and gives what it prints.
func (d *Daemon) text(ctx context.Context, c command.Command) (string, error) {
	c.As = d.As
	return d.Door.Text(ctx, c).String()
}

// client is a docker command. A daemon that hangs answers nothing and refuses
// nothing, so every question has a deadline of its own.
func (d *Daemon) client(changes bool, args ...string) command.Command {
	argv := append(append([]string{}, d.Client...), args...)
	if len(d.Client) == 0 {
		argv = append([]string{"docker"}, args...)
	}
	c := command.Read(argv[0], argv[1:]...)
	c.Changes, c.Env, c.As, c.Timeout = changes, d.Env, d.As, d.answer()
	return c
}

func (d *Daemon) ask(ctx context.Context, args ...string) (string, error) {
	return d.Door.Text(ctx, d.client(false, args...)).String()
}

// Info asks the daemon. A client may end well without one.
func (d *Daemon) Info(ctx context.Context) (Info, error) {
	text, err := d.ask(ctx, "info", "--format", "{{json .}}")
	if errors.Is(err, context.DeadlineExceeded) {
		return Info{}, fmt.Errorf("ask the Docker daemon: no answer within %s: it hangs", d.answer())
	}
	if err != nil {
		return Info{}, fmt.Errorf("ask the Docker daemon: %w", err)
	}
	var info Info
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		return Info{}, fmt.Errorf("ask the Docker daemon: %w", err)
	}
	if len(info.ServerErrors) > 0 {
		return Info{}, fmt.Errorf("ask the Docker daemon: %s", strings.Join(info.ServerErrors, "; "))
	}
	if info.ServerVersion == "" {
		return Info{}, errors.New("ask the Docker daemon: it says nothing of itself")
	}
	return info, nil
}

// running are the containers that run, with their processes: one that was
// started again has another.
func (d *Daemon) running(ctx context.Context) ([]Container, error) {
	ids, err := d.ask(ctx, "ps", "--quiet", "--no-trunc")
	if err != nil {
		return nil, fmt.Errorf("list running containers: %w", err)
	}
	if strings.TrimSpace(ids) == "" {
		return nil, nil
	}
	text, err := d.ask(ctx, append([]string{"inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}} {{.Name}}"}, strings.Fields(ids)...)...)
	if err != nil && text == "" {
		return nil, fmt.Errorf("look at running containers: %w", err)
	}
	var all []Container
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[1] != "0" {
			all = append(all, Container{ID: fields[0], PID: fields[1], Name: strings.TrimPrefix(fields[2], "/")})
		}
	}
	return all, nil
}

func namesOf(containers []Container) string {
	names := make([]string, len(containers))
	for i, c := range containers {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// networks are the subnets that Docker itself has made; without an answer, none.
func (d *Daemon) networks(ctx context.Context) []netip.Prefix {
	ids, err := d.ask(ctx, "network", "ls", "--quiet")
	if err != nil || strings.TrimSpace(ids) == "" {
		return nil
	}
	text, err := d.ask(ctx, append([]string{"network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}} {{end}}"}, strings.Fields(ids)...)...)
	if err != nil {
		return nil
	}
	var all []netip.Prefix
	for _, word := range strings.Fields(text) {
		if p, err := netip.ParsePrefix(word); err == nil {
			all = append(all, p.Masked())
		}
	}
	return all
}

// await asks until the daemon answers. There is nothing to wait at: its socket
// is there before it listens, and goes with it.
func (d *Daemon) await(ctx context.Context) (Info, error) {
	pause := 50 * time.Millisecond
	for {
		info, err := d.Info(ctx)
		if err == nil {
			return info, nil
		}
		if up, asked := d.Control.Running(ctx); asked == nil && !up {
			return Info{}, errors.New("start the Docker daemon: it has ended")
		}
		select {
		case <-ctx.Done():
			return Info{}, fmt.Errorf("start the Docker daemon: %w: %w", command.Stopped(ctx), err)
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Second)
	}
}
