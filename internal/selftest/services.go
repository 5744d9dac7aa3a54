package selftest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"iact-infra/internal/testbed/cluster"
)

// withServices runs tests with a private PostgreSQL and a private MariaDB, or without what is not installed: the tests
// then say so. The servers are stopped also when ctx has ended; should this process be killed, their scripts stop them.
func (s *suite) withServices(tests func(ctx context.Context, env []string) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		var started [2]service
		var wait sync.WaitGroup
		wait.Go(func() {
			server, stop, err := cluster.Start(ctx, s.door, s.root)
			started[0] = service{env: server.Env(), stop: stop, err: err}
		})
		wait.Go(func() {
			server, stop, err := cluster.StartMariaDB(ctx, s.door, s.root)
			started[1] = service{env: server.Env(), stop: stop, err: err}
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
	return errors.Is(s.err, cluster.ErrNotInstalled) || errors.Is(s.err, cluster.ErrNoMariaDB)
}
