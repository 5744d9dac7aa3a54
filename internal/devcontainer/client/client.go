// Package client runs the docker client for the steps that change something:
// what the scene asks is only read, within the limits of a check.
package client

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene"
)

// Limits. A question to a healthy engine takes some 50 ms; a stop without an init
// takes ten seconds; a build as long as it takes.
const (
	Answer = 15 * time.Second
	Work   = 5 * time.Minute
	Build  = time.Hour
)

// Docker is the docker client.
type Docker struct {
	Door *command.Door
	Env  []string // which engine it asks, as NAME=VALUE lines
}

// Of is the client that a scene asks, as a later process needs to know it.
func Of(s *scene.Scene) Docker {
	var env []string
	for _, line := range slices.Concat(s.Environ, s.Docker) {
		name, _, _ := strings.Cut(line, "=")
		if slices.Contains([]string{"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"}, name) {
			env = slices.DeleteFunc(env, func(known string) bool { return strings.HasPrefix(known, name+"=") })
			env = append(env, line)
		}
	}
	return Docker{Door: s.Door, Env: env}
}

// Reads is a question to the engine.
func (d Docker) Reads(args ...string) command.Command {
	c := command.Read("docker", args...)
	c.Env, c.Timeout = d.Env, Answer
	return c
}

// Changes is a command that changes something.
func (d Docker) Changes(args ...string) command.Command {
	c := command.Change("docker", args...)
	c.Env, c.Timeout = d.Env, Work
	return c
}

// Ask is what the engine says to a question, without blanks at its ends.
func (d Docker) Ask(ctx context.Context, args ...string) (string, error) {
	out, err := d.Door.Text(ctx, d.Reads(args...)).String()
	return strings.TrimSpace(out), err
}

// Do changes something, and is what the engine says to it.
func (d Docker) Do(ctx context.Context, args ...string) (string, error) {
	out, err := d.Door.Text(ctx, d.Changes(args...)).String()
	return strings.TrimSpace(out), err
}

// Feed is Do with something to read.
func (d Docker) Feed(ctx context.Context, input io.Reader, args ...string) (string, error) {
	c := d.Changes(args...)
	c.Stdin = input
	out, err := d.Door.Text(ctx, c).String()
	return out, err
}

// Show is a command as a person types it.
func (d Docker) Show(args ...string) string { return command.Change("docker", args...).String() }

// Gone says whether an error means that what was asked about is not there.
func Gone(err error) bool {
	return err != nil && strings.Contains(strings.ToLower(err.Error()), "no such")
}
