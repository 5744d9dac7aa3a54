package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/holds"
	"iact-infra/internal/vm/provider"
)

// bootTime is how long a machine may take until it lets somebody in. After half
// of it the machine is started once more: an emulated one may hang while it boots,
// which says nothing about its disks. The finding tells.
const bootTime = 8 * time.Minute

// Prove starts a machine that was made anew, waits until it lets us in, and holds
// what its databases answer against what they told before.
func (w *Whole) Prove(ctx context.Context, of, id string, key []byte, before []holds.Fact) ([]holds.Check, error) {
	e, err := w.scene.open(of)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := e.Start(ctx, id); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "iact-drill-") // the path of a socket is short
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	door, end, starts, err := w.enter(ctx, e, id, work, key)
	if err != nil {
		return nil, err
	}
	defer end()
	found := "by ssh, after " + time.Since(began).Round(time.Second).String()
	if starts > 1 {
		found += ", at its second start"
	}
	checks := []holds.Check{{Name: "login", OK: true, Found: found}}
	now, err := holds.Ask(ctx, door, true)
	if err != nil {
		return nil, err
	}
	return append(checks, holds.Compare(before, now)...), nil
}

// enter waits until the machine has an address and ssh answers there.
func (w *Whole) enter(ctx context.Context, e provider.Provider, id, work string, key []byte) (door *command.Door, end func(), starts int, err error) {
	if len(key) == 0 {
		return nil, nil, 0, fault.New(fault.Missing, "the machine starts by hand: restore it without -drill", errors.New("log in: the set holds no key of Vagrant's"))
	}
	keyPath := filepath.Join(work, "key")
	if err := os.WriteFile(keyPath, key, 0o600); err != nil {
		return nil, nil, 0, err
	}
	try := func(ctx context.Context) (kept, err error) {
		m, err := e.Look(ctx, id)
		if err != nil {
			return nil, err
		}
		if m.State != provider.Running && m.State != provider.Changing {
			return nil, fmt.Errorf("it is %s again", m.State)
		}
		kept = errors.New("it has got no address")
		for _, address := range m.Addresses {
			if door, end, kept = w.to(ctx, work, keyPath, address); kept == nil {
				break
			}
		}
		return kept, nil
	}
	again := func(ctx context.Context) error { return errors.Join(e.Stop(ctx, id), e.Start(ctx, id)) }
	starts, err = booted(ctx, try, again)
	return door, end, starts, err
}

// booted tries each second until nothing keeps it out, and tells how often the
// machine was started for that. Kept is why it is not there yet; an error ends it.
func booted(ctx context.Context, try func(context.Context) (kept, err error), again func(context.Context) error) (starts int, err error) {
	limited, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	half := time.NewTimer(bootTime / 2)
	defer half.Stop()
	starts = 1
	for {
		kept, err := try(limited)
		switch {
		case ctx.Err() != nil:
			return starts, ctx.Err()
		case limited.Err() != nil: // what it says then is of its end
		case err != nil:
			return starts, fmt.Errorf("wait for the machine: %w", err)
		case kept == nil:
			return starts, nil
		}
		select {
		case <-tick.C:
		case <-half.C:
			starts++
			if err := again(limited); err != nil {
				return starts, fmt.Errorf("start the machine once more: %w", err)
			}
		case <-limited.Done():
			if ctx.Err() != nil {
				return starts, ctx.Err()
			}
			return starts, fault.New(fault.Invalid, "look at its console: restore it without -drill and start it",
				fmt.Errorf("wait for the machine: after %s nobody gets in: %w", bootTime, errors.Join(kept, err)))
		}
	}
}

// to is a door to an address.
func (w *Whole) to(ctx context.Context, work, key, address string) (*command.Door, func(), error) {
	config := filepath.Join(work, "config")
	text := "Host drill\n  HostName " + address + "\n  User vagrant\n  IdentityFile " + key +
		"\n  IdentitiesOnly yes\n  PubkeyAcceptedKeyTypes +ssh-rsa\n  HostKeyAlgorithms +ssh-rsa\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n  ConnectTimeout 5\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, nil, err
	}
	places := &command.Places{SSHConfig: config, Cache: work}
	transport, err := places.Transport("ssh:drill")
	if err != nil {
		return nil, nil, err
	}
	door := w.scene.Via(transport)
	hello := command.Read("true")
	hello.Timeout = 30 * time.Second
	if err := door.Run(ctx, hello); err != nil {
		places.Close()
		return nil, nil, err
	}
	return door, places.Close, nil
}
