package source

import (
	"context"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Container is a container that has a volume.
type Container struct {
	ID, Name string
	Image    string
	Env      []string // as it was made, secrets included: for no message

	Running, Paused, Restarting bool

	Started time.Time
	Exit    int           // how it ended
	Grace   time.Duration // between the signal of docker stop and the end by force
	Vanish  bool          // docker removes it when it is stopped
	Swarm   bool          // a swarm starts another one in its place
	Mounts  []Mount
}

// Mount is a volume in a container.
type Mount struct {
	Type, Name  string
	Destination string
	RW          bool
}

// Writes says whether it may write to a volume.
func (c Container) Writes(volume string) bool {
	for _, m := range c.Mounts {
		if m.Type == "volume" && m.Name == volume && m.RW {
			return true
		}
	}
	return false
}

// inspected is what docker inspect says of a container.
type inspected struct {
	ID    string `json:"Id"`
	Name  string
	State struct {
		Running, Paused, Restarting bool

		ExitCode  int
		StartedAt time.Time
	}
	Config struct {
		Image       string
		StopTimeout *int
		Env         []string
		Labels      map[string]string
	}
	HostConfig struct{ AutoRemove bool }
	Mounts     []Mount
}

// graceByDefault is what docker stop gives a container.
const graceByDefault = 10 * time.Second

func (i inspected) container() Container {
	c := Container{
		ID: i.ID, Name: strings.TrimPrefix(i.Name, "/"), Image: i.Config.Image, Env: i.Config.Env,
		Running: i.State.Running, Paused: i.State.Paused, Restarting: i.State.Restarting,
		Started: i.State.StartedAt, Exit: i.State.ExitCode, Grace: graceByDefault, Vanish: i.HostConfig.AutoRemove,
		Swarm: i.Config.Labels["com.docker.swarm.task.id"] != "", Mounts: i.Mounts,
	}
	if t := i.Config.StopTimeout; t != nil {
		c.Grace = time.Duration(*t) * time.Second
	}
	if c.Grace < 0 { // it waits for ever; we do not
		c.Grace = 10 * time.Minute
	}
	return c
}

// Containers looks at containers by id or name. One that is gone is left out.
func (d *Docker) Containers(ctx context.Context, door *command.Door, ids ...string) ([]Container, error) {
	var all []Container
	for _, id := range ids {
		out, err := d.Text(ctx, door, "container", "inspect", "--format", "{{json .}}", id)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := documents[inspected](out)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			all = append(all, one.container())
		}
	}
	return all, nil
}

// Users are the containers that have a volume, running or not.
func (d *Docker) Users(ctx context.Context, door *command.Door, volume string) ([]Container, error) {
	// The filter also takes the path of a mount for a name, so each is looked at.
	out, err := d.Text(ctx, door, "ps", "--all", "--quiet", "--no-trunc", "--filter", "volume="+volume)
	if err != nil {
		return nil, err
	}
	found, err := d.Containers(ctx, door, strings.Fields(out)...)
	if err != nil {
		return nil, err
	}
	var all []Container
	for _, c := range found {
		for _, m := range c.Mounts {
			if m.Type == "volume" && m.Name == volume {
				all = append(all, c)
				break
			}
		}
	}
	return all, nil
}
