package selftest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"iact-infra/internal/testbed/cluster"
)

// withServices runs tests with a private server of each kind, or without what is not installed: the tests then say so. The
// servers are stopped also when ctx has ended; should this process be killed, their scripts stop them.
func (s *suite) withServices(tests func(ctx context.Context, env []string) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		var started [5]service
		var docker cluster.Docker
		var wait sync.WaitGroup
		wait.Go(func() {
			server, stop, err := cluster.Start(ctx, s.door, s.root)
			started[0] = service{env: server.Env(), stop: stop, err: err}
		})
		wait.Go(func() {
			server, stop, err := cluster.StartMariaDB(ctx, s.door, s.root)
			started[1] = service{env: server.Env(), stop: stop, err: err}
		})
		wait.Go(func() {
			server, stop, err := cluster.StartSSHD(ctx, s.door, s.root)
			started[2] = service{env: server.Env(), stop: stop, err: err}
		})
		wait.Go(func() {
			var stop func(context.Context) error
			var err error
			docker, stop, err = cluster.StartDocker(ctx, s.door, s.root)
			started[3] = service{env: docker.Env(), stop: stop, err: err}
		})
		wait.Go(func() {
			stop, err := cluster.StartLibvirt(ctx, s.door, s.root)
			started[4] = service{stop: stop, err: err}
		})
		wait.Wait()
		defer func() {
			for _, one := range started {
				if one.stop != nil {
					err = errors.Join(err, one.stop(context.WithoutCancel(ctx)))
				}
			}
		}()
		var env []string
		for _, one := range started {
			switch {
			case one.err == nil:
				env = append(env, one.env...)
			case one.missing() && !s.ci:
				fmt.Fprintf(s.out, "   %v: the tests that need it are skipped\n", one.err)
			default:
				return one.err
			}
		}
		// Whoever needs the image or the box first waits for it, and learns what went wrong.
		making, cancel := context.WithCancel(ctx)
		var made sync.WaitGroup
		made.Go(func() {
			if started[3].err == nil {
				_ = docker.Image(making, s.door, s.root, "databases")
			}
			if started[4].err == nil {
				_ = cluster.VagrantBox(making, s.door, s.root)
			}
		})
		defer made.Wait()
		defer cancel()
		return tests(ctx, env)
	}
}

// service is a server that the tests need, or why it is not there.
type service struct {
	env  []string
	stop func(context.Context) error
	err  error
}

func (s service) missing() bool {
	for _, missing := range []error{cluster.ErrNotInstalled, cluster.ErrNoMariaDB, cluster.ErrNoSSHD, cluster.ErrNoDocker, cluster.ErrNoLibvirt} {
		if errors.Is(s.err, missing) {
			return true
		}
	}
	return false
}
