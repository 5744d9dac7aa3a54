// Package services brings up what a job's tests talk to, and always takes it
// down again: services of a compose file, and programs of this machine.
//
// Nothing waits for time: compose services are up when the daemon says that they
// are healthy, programs when their port, their address or a line of their log
// answers. What will never be up is told at once, with why.
//
// All of a group carries one name, which no other run has: the compose project's
// name, and the mark in the environment of its programs. That name is on disk
// before anything is started, in a record that is locked while its run lives. So
// the next run knows what one that was killed has left, and takes down that and
// nothing else (Sweep).
package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/services/containers"
	"iact-infra/internal/command"
)

const (
	// usual is how long services may take to come up where nothing else is said.
	usual = 3 * time.Minute
	// down bounds taking a group down, which happens in any case.
	down = 2 * time.Minute
)

// Group is what one job has to have around it.
type Group struct {
	// Dir is where the compose files lie and the programs run, absolute.
	Dir string
	// Files are compose files in Dir; none means that there are no compose services.
	Files []string
	// Names are the compose services that are meant; none means all. What these
	// depend on comes up as well.
	Names    []string
	Programs []Program
	Env      []string      // NAME=VALUE lines for compose and for the programs
	Limit    time.Duration // until all are up; 0 is three minutes
	// Logs is a directory that gets what each of them said, as NAME.log; empty
	// keeps nothing.
	Logs string
}

// Service is one that is up.
type Service struct {
	Name  string            `json:"name"`
	State string            `json:"state"` // healthy, running or done
	Ports []containers.Port `json:"ports,omitempty"`
}

// Running is a group that is up.
type Running struct {
	Name     string // of the compose project
	Services []Service

	group    Group
	docker   containers.Docker
	programs []*running
	record   *record
}

// Up brings a group up. state is a directory that keeps the records of groups.
// When it fails it has taken down what was up. While planning it only prints.
func Up(ctx context.Context, door *command.Door, state string, g Group) (*Running, error) {
	if g.Limit == 0 {
		g.Limit = usual
	}
	r := &Running{Name: "iact-ci-" + strings.ToLower(rand.Text()[:12]), group: g}
	r.docker = docker(door, g.Env, r.Name)
	if door.Planning() {
		return r, r.bring(ctx)
	}
	var err error
	if r.record, err = open(state, saved{Name: r.Name, Compose: len(g.Files) > 0, Docker: daemonOf(g.Env)}); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, g.Limit, fmt.Errorf("not up after %v", g.Limit))
	defer cancel()
	if err := r.bring(limited); err != nil {
		return nil, errors.Join(err, r.Down(ctx))
	}
	return r, nil
}

func (r *Running) bring(ctx context.Context) error {
	if len(r.group.Files) > 0 {
		if err := r.compose(ctx); err != nil {
			return err
		}
	}
	for _, p := range r.group.Programs {
		if err := r.run(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func docker(door *command.Door, env []string, name string) containers.Docker {
	return containers.Docker{Door: door, Env: env, Label: "com.docker.compose.project=" + name}
}

// Down takes the group down and looks whether it has gone. It does so even when
// ctx has ended.
func (r *Running) Down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), down)
	defer cancel()
	for _, p := range slices.Backward(r.programs) {
		p.stop()
	}
	var failed []error
	if r.record != nil {
		failed = append(failed, leftover.End(ctx, leftover.Find(leftover.Mark(r.Name))))
	}
	if len(r.group.Files) > 0 {
		r.keepLogs(ctx)
		failed = append(failed, r.docker.Remove(ctx, command.Grace))
	}
	err := errors.Join(failed...)
	if err == nil && r.record != nil {
		err = r.record.close()
	}
	return err
}

// Env tells a job where its services are: IACT_SERVICE_DB_HOST and _PORT for the
// first port that service db publishes, IACT_SERVICE_DB_PORT_5432 for each of
// them, and COMPOSE_PROJECT_NAME, by which compose finds the same services.
func (r *Running) Env() []string {
	var env []string
	if len(r.group.Files) > 0 {
		env = append(env, "COMPOSE_PROJECT_NAME="+r.Name)
	}
	for _, s := range r.Services {
		name := "IACT_SERVICE_" + variable(s.Name)
		for i, port := range s.Ports {
			if i == 0 {
				env = append(env, name+"_HOST="+port.Host, fmt.Sprintf("%s_PORT=%d", name, port.Outside))
			}
			env = append(env, fmt.Sprintf("%s_PORT_%d=%d", name, port.Inside, port.Outside))
		}
	}
	return env
}

// variable is a service's name as a part of a variable's.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

func (r *Running) logOf(name string) string {
	if r.group.Logs == "" {
		return ""
	}
	return filepath.Join(r.group.Logs, filepath.Base(name)+".log")
}
