package vagrant

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Run runs a command of Vagrant that changes something. All that it prints goes
// into the file log as it comes, which only this user reads; tell, which may be
// nil, gets the lines that say how far it has come. The error holds the last
// lines and names the log. While planning the command is printed and that is all.
//
// When the context ends, Vagrant is ended in order. What it has made by then
// stays, and Vagrant's notes say so.
func (p Project) Run(ctx context.Context, door *command.Door, c command.Command, log string, tell func(Event)) (err error) {
	if door.Planning() {
		return door.Run(ctx, c)
	}
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		return fmt.Errorf("keep the log of vagrant: %w", err)
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("keep the log of vagrant: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := fmt.Fprintf(file, "$ %s\n", door.Show(c)); err != nil {
		return fmt.Errorf("keep the log of vagrant: %w", err)
	}
	c.Stderr = file // its errors, between the lines that they belong to
	stream, err := door.Stream(ctx, c)
	if err != nil {
		return Explained(err)
	}
	defer stream.Abort()
	follow := &follower{words: newWords(), tell: tell, amid: map[string]string{}}
	lines := bufio.NewReader(io.TeeReader(stream, file))
	for {
		line, wrong := lines.ReadString('\n')
		follow.line(strings.TrimRight(line, "\r\n"))
		if wrong != nil {
			break // the end, or what Close says
		}
	}
	if err = stream.Close(); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w (all it said: %s)", err, log)
	}
	return fmt.Errorf("%w (all it said: %s)", follow.because(err), log)
}

// Explained gives an error of Vagrant its exit code and its way out, where they
// differ from those of any program. Causes are in the catalogue of symptoms.
func Explained(err error) error {
	var missing *command.NotFound
	if errors.As(err, &missing) {
		missing.Package = "vagrant"
		return err
	}
	var failed *command.Error
	if !errors.As(err, &failed) {
		return err
	}
	said := strings.Join(strings.Fields(failed.Stderr), " ") // Vagrant breaks its lines anywhere
	for _, locked := range []string{
		"another process is already executing an action on the machine", "requested machine because it is locked", "lock is being held by another instance of Vagrant",
		"is already locked for a session", "is already locked by a session",
	} {
		if strings.Contains(said, locked) {
			return fault.New(fault.Locked, "wait until the other one has ended: pgrep -af vagrant", err)
		}
	}
	return err
}
