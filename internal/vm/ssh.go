package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// Run runs a shell line in a machine, as its user, and writes what it prints as
// it comes. It takes one handshake, and no shell of ours in between: nothing is
// faster. Vagrant is asked for the way there only when its last answer leads
// nowhere. The error has the exit code of the line.
func (r *Room) Run(ctx context.Context, door *command.Door, line string, out, errs io.Writer) error {
	m, err := r.entered(ctx, door)
	if err != nil {
		return err
	}
	config, fresh, err := r.way(ctx, door, m)
	if err != nil {
		return err
	}
	err = r.run(ctx, door, config, m, line, out, errs)
	if errors.Is(err, errAway) && !fresh {
		if config, err = r.ask(ctx, door, m); err == nil {
			err = r.run(ctx, door, config, m, line, out, errs)
		}
	}
	return err
}

// errAway says that ssh did not come to run anything.
const errAway = command.Sentinel("the machine is not reached by ssh")

func (r *Room) run(ctx context.Context, door *command.Door, config string, m machine, line string, out, errs io.Writer) error {
	// What ssh says itself goes into a file: its exit code of 255 may be the line's.
	said, err := os.CreateTemp("", "iact-ssh-")
	if err != nil {
		return fmt.Errorf("run %q in %s: %w", line, m.Name, err)
	}
	defer os.Remove(said.Name())
	defer said.Close()
	c := command.Change("ssh", "-F", config, "-E", said.Name(), "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--", m.Name, line)
	if door.Planning() {
		c.Args = slices.Delete(c.Args, 2, 4)
		return door.Run(ctx, c)
	}
	c.Live, c.Stderr = true, errs
	stream, err := door.Stream(ctx, c)
	if err != nil {
		return err
	}
	_, copied := io.Copy(out, stream)
	err = stream.Close()
	var failed *command.Error
	switch {
	case err == nil:
		return copied
	case ctx.Err() != nil || !errors.As(err, &failed) || failed.Exit <= 0:
		return err
	}
	if text, _ := io.ReadAll(io.LimitReader(said, 1<<20)); failed.Exit == 255 && away(text) {
		return fmt.Errorf("run %q in %s: %w: %s", line, m.Name, errAway, bytes.TrimSpace(text))
	}
	return fault.New(failed.Exit, "", fmt.Errorf("run %q in %s: it ended with %d", line, m.Name, failed.Exit))
}

// away knows what ssh says when it has not come to run anything.
func away(said []byte) bool {
	return regexp.MustCompile(`(?m)^(ssh: |kex_exchange_identification|Connection (closed|reset|timed out)|Host key verification failed|no such identity|.*Permission denied \()`).Match(said)
}

// way is the file with the way to a machine, and whether it was made just now.
func (r *Room) way(ctx context.Context, door *command.Door, m machine) (config string, fresh bool, err error) {
	places, err := r.o.Places()
	if err != nil {
		return "", false, err
	}
	if kept := places.Vagrant(m.Name).Kept(); kept != "" {
		seen, err := m.provider.Look(ctx, m.ID)
		if err != nil {
			return "", false, err
		}
		if leads(kept, seen) {
			return kept, false, nil
		}
		if err := places.Vagrant(m.Name).Forget(); err != nil {
			return "", false, err
		}
	}
	config, err = r.ask(ctx, door, m)
	return config, true, err
}

// leads is false when the machine has another address or port by now: there may
// be another machine at the old one.
func leads(config string, m provider.Machine) bool {
	text, err := os.ReadFile(config)
	if err != nil {
		return false
	}
	value := func(key string) string {
		if found := regexp.MustCompile(`(?m)^\s*` + key + ` (\S+)\s*$`).FindSubmatch(text); found != nil {
			return string(found[1])
		}
		return ""
	}
	host, port := value("HostName"), value("Port")
	if host != "127.0.0.1" {
		return len(m.Addresses) == 0 || slices.Contains(m.Addresses, host)
	}
	for _, f := range m.Forwards {
		if f.GuestPort == 22 {
			return fmt.Sprint(f.HostPort) == port
		}
	}
	return true
}

// ask makes sure that what is kept of the way to a machine leads there, and has
// Vagrant say it anew if it does not.
func (r *Room) ask(ctx context.Context, door *command.Door, m machine) (config string, err error) {
	there, err := r.inside(door, m.Name)
	if err != nil {
		return "", err
	}
	if err := there.Run(ctx, command.Read("true")); err != nil {
		return "", err
	}
	places, err := r.o.Places()
	if err != nil {
		return "", err
	}
	return places.Vagrant(m.Name).Kept(), nil
}

// Shell is a shell in a machine for the person at the terminal.
func (r *Room) Shell(ctx context.Context, door *command.Door, in, out *os.File) error {
	m, err := r.entered(ctx, door)
	if err != nil {
		return err
	}
	if in == nil || out == nil {
		return fault.New(fault.Usage, "mage vm:ssh -c=uptime runs one command without a terminal", fmt.Errorf("open a shell in %s: nobody is at a terminal", m.Name))
	}
	config, err := r.ask(ctx, door, m)
	if err != nil {
		return err
	}
	err = door.Interact(ctx, command.Change("ssh", "-F", config, "--", m.Name), in, out)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit > 0 && failed.Exit != 255 {
		return nil // the last command of the shell, which was seen
	}
	return err
}

// entered is the one machine that the command line means. It has to run.
func (r *Room) entered(ctx context.Context, door *command.Door) (machine, error) {
	s, err := r.scene(door)
	if err != nil {
		return machine{}, err
	}
	m, err := s.one(ctx)
	if err == nil && !m.on() {
		err = fault.New(fault.Missing, "mage vm:up -machine="+m.Name, fmt.Errorf("enter %s: it is %s", m.Name, m.is()))
	}
	return m, err
}
