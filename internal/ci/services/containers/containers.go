// Package containers waits until containers are up, and takes away what belongs
// to them.
//
// The daemon is asked what its containers do, not for how long they have had: a
// stream of its events says when to look again. A container with a health check
// is up when that says so, one without while it runs, and one that ended well has
// done its work (a migration, say: `docker compose up --wait` takes that for a
// failure). What can never be up is told at once, with the last words of its
// health check or of its log.
package containers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// answers is how long the daemon may take for one question: a hung one takes for
// ever, without a word.
const answers = time.Minute

// patience is how often a container may end and be started again by its policy.
const patience = 3

// Docker is a daemon, and which of its things are meant.
type Docker struct {
	Door *command.Door
	Env  []string // NAME=VALUE lines for the client: DOCKER_HOST
	// Label is what all of them carry: NAME=VALUE.
	Label string
}

// Container is a container as the daemon shows it.
type Container struct {
	ID     string
	Name   string
	Labels map[string]string
	Image  string
	Ports  []Port
	state  state
	again  int // how often the daemon has started it again
}

// Port is a port of a container that this machine publishes.
type Port struct {
	Inside   int    `json:"inside"`
	Protocol string `json:"protocol"` // tcp or udp
	Host     string `json:"host"`
	Outside  int    `json:"outside"`
}

type state struct {
	Status   string
	ExitCode int
	Error    string
	Health   *struct {
		Status string
		Log    []struct {
			ExitCode int
			Output   string
		}
	}
	OOMKilled bool
}

// Running tells whether it runs now.
func (c Container) Running() bool { return c.state.Status == "running" }

// Checked tells whether it has a health check.
func (c Container) Checked() bool { return c.state.Health != nil && c.state.Health.Status != "none" }

// Ended tells whether it ended, and by which exit code.
func (c Container) Ended() (code int, ended bool) {
	return c.state.ExitCode, c.state.Status == "exited" || c.state.Status == "dead"
}

// up tells whether it is up, or why it never will be.
func (c Container) up() (ready bool, never string) {
	switch c.state.Status {
	case "running":
		if !c.Checked() {
			return true, ""
		}
		if c.state.Health.Status == "unhealthy" {
			return false, "its health check fails" + c.lastCheck()
		}
		return c.state.Health.Status == "healthy", ""
	case "exited", "dead":
		switch {
		case c.state.OOMKilled:
			return false, "it took more memory than it may and was killed"
		case c.state.ExitCode != 0:
			return false, fmt.Sprintf("it ended with exit code %d", c.state.ExitCode)
		}
		return true, ""
	case "restarting":
		// One that comes too early for its database may be up the next time.
		if c.again > patience {
			return false, fmt.Sprintf("it ends with exit code %d and was started again %d times", c.state.ExitCode, c.again)
		}
	case "created":
		if c.state.Error != "" {
			return false, "it cannot be started: " + clean(c.state.Error)
		}
	case "paused":
		return false, "it is paused"
	}
	return false, ""
}

func (c Container) lastCheck() string {
	log := c.state.Health.Log
	if len(log) == 0 {
		return ""
	}
	last := log[len(log)-1]
	return fmt.Sprintf(" with exit code %d: %s", last.ExitCode, orNothing(clean(last.Output)))
}

func orNothing(said string) string {
	if said == "" {
		return "it says nothing"
	}
	return said
}

// List lists the containers, stopped ones as well, by name.
func (d Docker) List(ctx context.Context) ([]Container, error) {
	ids, err := d.lines(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+d.Label)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := d.text(ctx, append([]string{"container", "inspect", "--"}, ids...)...)
	if err != nil {
		if strings.Contains(strings.ToLower(err.Error()), "no such container") { // it went meanwhile
			return d.List(ctx)
		}
		return nil, err
	}
	return parse(out)
}

func parse(inspected string) ([]Container, error) {
	var raw []struct {
		ID           string `json:"Id"`
		Name         string
		Image        string
		State        state
		Config       struct{ Labels map[string]string }
		RestartCount int
		// A port that is not published has null.
		NetworkSettings struct {
			Ports map[string][]struct{ HostIp, HostPort string } //nolint:revive // Docker's names
		}
	}
	if err := json.Unmarshal([]byte(inspected), &raw); err != nil {
		return nil, fmt.Errorf("read what docker inspect says: %w", err)
	}
	var all []Container
	for _, r := range raw {
		c := Container{ID: r.ID, Name: strings.TrimPrefix(r.Name, "/"), Labels: r.Config.Labels, Image: r.Image, state: r.State, again: r.RestartCount}
		for inside, published := range r.NetworkSettings.Ports {
			for _, p := range published {
				var port Port
				if _, err := fmt.Sscanf(inside+" "+p.HostPort, "%d/%s %d", &port.Inside, &port.Protocol, &port.Outside); err == nil {
					port.Host = reachable(p.HostIp)
					c.Ports = append(c.Ports, port)
				}
			}
		}
		slices.SortFunc(c.Ports, comparePorts)
		c.Ports = slices.CompactFunc(c.Ports, func(a, b Port) bool { return comparePorts(a, b) == 0 })
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// comparePorts takes the addresses of one published port, IPv4 and IPv6, for one.
func comparePorts(a, b Port) int {
	if a.Inside != b.Inside {
		return a.Inside - b.Inside
	}
	if a.Outside != b.Outside {
		return a.Outside - b.Outside
	}
	return strings.Compare(a.Protocol, b.Protocol)
}

// reachable is the address by which this machine reaches a published port.
func reachable(bound string) string {
	if bound == "" || bound == "0.0.0.0" || bound == "::" {
		return "127.0.0.1"
	}
	return bound
}

func (d Docker) command(changes bool, args ...string) command.Command {
	c := command.Read("docker", args...)
	c.Changes, c.Env, c.Timeout = changes, d.Env, answers
	return c
}

func (d Docker) text(ctx context.Context, args ...string) (string, error) {
	out, err := d.Door.Text(ctx, d.command(false, args...)).String()
	return out, d.explain(err)
}

func (d Docker) lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := d.text(ctx, args...)
	return strings.Fields(out), err
}

func (d Docker) explain(err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "Cannot connect to the Docker daemon") || strings.Contains(err.Error(), "error during connect") {
		return fault.New(fault.Missing, "start it: systemctl start docker", fmt.Errorf("ask the Docker daemon: %w", err))
	}
	return fmt.Errorf("ask the Docker daemon: %w", err)
}
