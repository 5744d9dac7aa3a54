package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
)

// start measures how long a person waits for the list of targets: by the
// binary, by mage, and by mage in a fresh clone with empty caches.
func (b *bench) start(ctx context.Context) error {
	limit := func(name string, seconds float64, work func(context.Context) (float64, error), times int) error {
		var all []float64
		for range times {
			took, err := work(ctx)
			if err != nil {
				return fmt.Errorf("measure %s: %w", name, err)
			}
			all = append(all, took)
		}
		b.note(name, median(all), seconds, 1, "s")
		return nil
	}
	listed := func(c command.Command) func(context.Context) (float64, error) {
		c.Dir = b.root
		return func(ctx context.Context) (float64, error) {
			began := time.Now()
			err := b.door.Run(ctx, c)
			return time.Since(began).Seconds(), err
		}
	}
	const many = 21
	if err := limit("iact -l", 0.03, listed(command.Read(b.iact, "-l")), many); err != nil {
		return err
	}
	mage := command.Read("go", "tool", "mage", "-l")
	if _, err := listed(mage)(ctx); err != nil {
		return err
	}
	if err := limit("go tool mage -l, warm", 0.3, listed(mage), many); err != nil {
		return err
	}
	cold := mage
	caches := filepath.Join(b.dir, "caches")
	cold.Env = []string{"GOCACHE=" + caches + "/build", "GOMODCACHE=" + caches + "/modules", "GOFLAGS=-modcacherw"}
	return limit("go tool mage -l, empty caches", 90, func(ctx context.Context) (float64, error) {
		if err := os.RemoveAll(caches); err != nil {
			return 0, err
		}
		return listed(cold)(ctx)
	}, 1)
}
