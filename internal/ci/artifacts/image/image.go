// Package image tells whether a built image starts and answers.
//
// The container runs in the background under a name and labels of its own. It is
// good when its health check says so; without one, when it answers at one of the
// ports that the image exposes; without these, when it ended well or still runs
// after a moment. It is removed in any case: by the run itself, or by the next
// one if that was killed.
package image

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/services/containers"
	"iact-infra/internal/ci/services/probe"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

const (
	trialLabel = "iact.ci.trial" // a name that one trial has
	ownerLabel = "iact.ci.owner" // HOST/PID/START/UNIX: who made it, and when
	// moment is how long one with neither a health check nor a port has to run.
	moment = 2 * time.Second
	// old is the age at which a container of a run on another machine is taken for
	// forgotten: a trial has a limit far below.
	old = 6 * time.Hour
)

// Options say how an image is tried.
type Options struct {
	Docker []string // NAME=VALUE lines for the client
	Env    []string // NAME=VALUE lines inside
	// Run is what runs in it instead of its own program; that has to end well.
	Run   []string
	Limit time.Duration // 0 is two minutes
}

// Result is an image that works.
type Result struct {
	Digest    string // sha256:… of its configuration: the same for the same content
	SizeBytes int64
	How       string // what proved it: "healthy", "answers at port 80", …
}

type inspected struct {
	ID     string `json:"Id"`
	Size   int64
	Config struct{ ExposedPorts map[string]struct{} }
}

// Try starts an image and waits until it shows that it works. The Result holds
// digest and size also with an error, where they are known.
func Try(ctx context.Context, door *command.Door, name string, o Options) (result Result, err error) {
	if o.Limit == 0 {
		o.Limit = 2 * time.Minute
	}
	seen, err := inspect(ctx, door, name, o)
	if err != nil {
		return Result{}, err
	}
	result = Result{Digest: seen.ID, SizeBytes: seen.Size}
	id := "iact-ci-" + strings.ToLower(rand.Text()[:12])
	docker := containers.Docker{Door: door, Env: o.Docker, Label: trialLabel + "=" + id}
	args := []string{"run", "--detach", "--name", id, "--label", docker.Label, "--label", ownerLabel + "=" + owner(time.Now()), "--pull", "never"}
	for port := range seen.Config.ExposedPorts {
		if number, tcp := strings.CutSuffix(port, "/tcp"); tcp && len(o.Run) == 0 {
			args = append(args, "--publish", "127.0.0.1::"+number)
		}
	}
	start := command.Change("docker")
	start.Env, start.Timeout = slices.Clone(o.Docker), max(o.Limit, time.Minute)
	for _, line := range o.Env { // its value is in no argument, where others could read it
		variable, _, _ := strings.Cut(line, "=")
		args, start.Env = append(args, "--env", variable), append(start.Env, line)
	}
	start.Args = append(append(args, "--", name), o.Run...)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, docker.Remove(ctx, 0))
	}()
	if err := door.Run(ctx, start); err != nil {
		// The client's last line only says how to get help.
		return result, fault.New(fault.Invalid, "run it by hand: "+door.Show(command.Change("docker", "run", "--rm", name)), fmt.Errorf("start image %s: %s", name, command.Reason(err)))
	}
	if !door.Planning() {
		result.How, err = watch(ctx, docker, o)
	}
	return result, err
}

func inspect(ctx context.Context, door *command.Door, name string, o Options) (inspected, error) {
	ask := command.Read("docker", "image", "inspect", "--", name)
	ask.Env, ask.Timeout = o.Docker, time.Minute
	out, err := door.Text(ctx, ask).String()
	if err != nil {
		if strings.Contains(strings.ToLower(err.Error()), "no such image") {
			return inspected{}, fault.New(fault.Invalid, "build it first, or correct its name: docker image ls", fmt.Errorf("find image %s: there is none", name))
		}
		return inspected{}, fmt.Errorf("find image %s: %w", name, err)
	}
	var all []inspected
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return inspected{}, fmt.Errorf("find image %s: read what docker says: %w", name, err)
	}
	if len(all) != 1 {
		return inspected{}, fmt.Errorf("find image %s: docker says %d of them", name, len(all))
	}
	return all[0], nil
}

// watch waits for the proof.
func watch(ctx context.Context, docker containers.Docker, o Options) (how string, err error) {
	limit := o.Limit
	if len(o.Run) > 0 {
		_, err := docker.Await(ctx, limit, func(all []containers.Container) (bool, string, error) {
			code, ended := ended(all)
			if ended && code != 0 {
				return false, "", docker.Never(ctx, all[0], fmt.Sprintf("%s ended with exit code %d", strings.Join(o.Run, " "), code))
			}
			return ended, "the end of " + strings.Join(o.Run, " "), nil
		})
		return "ended well", err
	}
	all, err := docker.Up(ctx, limit)
	if err != nil {
		return "", err
	}
	c := all[0]
	if _, done := c.Ended(); done {
		return "ended well", nil
	}
	if c.Checked() {
		return "healthy", nil
	}
	if len(c.Ports) > 0 {
		return port(ctx, docker, c, limit)
	}
	// Nothing can be asked: it only has to stay.
	_, err = docker.Await(ctx, moment, func(all []containers.Container) (bool, string, error) {
		code, gone := ended(all)
		if gone && code != 0 {
			return false, "", docker.Never(ctx, all[0], fmt.Sprintf("it ended with exit code %d", code))
		}
		return gone, "its end", nil
	})
	if errors.Is(err, containers.ErrLate) {
		return fmt.Sprintf("still runs after %v", moment), nil
	}
	return "ended well", err
}

func ended(all []containers.Container) (code int, gone bool) {
	if len(all) == 0 {
		return 0, false
	}
	return all[0].Ended()
}

// port waits until one of its ports answers, or it ends.
func port(ctx context.Context, docker containers.Docker, c containers.Container, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answered := ""
	err := probe.Until(ctx, func(ctx context.Context) error {
		var failed []error
		for _, p := range c.Ports {
			err := probe.Port(ctx, net.JoinHostPort(p.Host, strconv.Itoa(p.Outside)))
			if err == nil {
				answered = fmt.Sprintf("answers at port %d", p.Inside)
				return nil
			}
			failed = append(failed, fmt.Errorf("port %d: %w", p.Inside, err))
		}
		if all, err := docker.List(ctx); err == nil {
			if code, gone := ended(all); gone {
				cancel()
				return fmt.Errorf("it ended with exit code %d", code)
			}
		}
		return errors.Join(failed...)
	})
	if err != nil {
		return "", docker.Never(context.WithoutCancel(ctx), c, "no port of it answers: "+err.Error())
	}
	return answered, nil
}

// owner names this process for as long as the machine is up.
func owner(now time.Time) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%d/%d", host, os.Getpid(), leftover.Started(os.Getpid()), now.Unix())
}
