// Package daemon gives a Docker daemon its settings without taking anything
// from it: not the keys that somebody else wrote into daemon.json, not the form
// in which they wrote them, not a running container, and not a daemon that
// works.
//
// The wanted settings are merged into the file as edits of its text. The merged
// file is checked before it is installed, the old one is kept beside it, and
// only then the daemon reloads or restarts, as the changed keys need. The change
// counts when the daemon answers and reports each value as its own; otherwise
// the old file comes back and the daemon with it.
//
// A restart spares containers while live-restore is on, and live-restore is one
// of the keys that a running daemon reloads. So it is turned on by a reload
// before every restart, and off again afterwards where nobody asked for it.
//
// Between the first change and the last proof a file beside daemon.json says
// what is under way. Whoever comes after a killed run finds it: Apply finishes
// the work, Back undoes it.
package daemon

import (
	"context"
	"time"

	"iact-infra/internal/command"
)

// Daemon is one Docker daemon and the file that it reads.
type Daemon struct {
	Door    *command.Door // to the machine that it runs on
	As      string        // the user who may change it, "" is the user of the door
	File    string        // /etc/docker/daemon.json
	Client  []string      // docker, with its own options
	Env     []string      // of the client, as NAME=VALUE lines
	Program string        // dockerd, which checks a file without starting
	Control Control

	Limit  time.Duration // for the daemon to come back with everything in effect; 0 is a minute
	Answer time.Duration // for one question to it; 0 is ten seconds

	AllowStop bool // running containers may be stopped where they cannot be spared
	AllowMove bool // images may be left behind in another data root or storage driver

	// Record keeps what Back needs before anything changes: a run that is killed
	// has no result. nil keeps nothing.
	Record func(Applied) error

	Now func() time.Time                 // nil is time.Now
	Say func(format string, args ...any) // nil says nothing
}

// Control starts, stops and signals the daemon.
type Control interface {
	// Running says whether there is a process, answering or not.
	Running(ctx context.Context) (bool, error)
	// Reload has the daemon read its file again, without waiting for that.
	Reload(ctx context.Context) error
	// Restart starts a stopped daemon, too.
	Restart(ctx context.Context) error
	Stop(ctx context.Context) error
	// CommandLine is what the daemon was started with, and will be.
	CommandLine(ctx context.Context) ([]string, error)
	// Why is what the daemon last wrote to its log.
	Why(ctx context.Context) string
}

const (
	defaultLimit  = time.Minute
	defaultAnswer = 10 * time.Second
)

func (d *Daemon) limit() time.Duration {
	if d.Limit > 0 {
		return d.Limit
	}
	return defaultLimit
}

func (d *Daemon) answer() time.Duration {
	if d.Answer > 0 {
		return d.Answer
	}
	return defaultAnswer
}

func (d *Daemon) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}

func (d *Daemon) say(format string, args ...any) {
	if d.Say != nil {
		d.Say(format, args...)
	}
}
