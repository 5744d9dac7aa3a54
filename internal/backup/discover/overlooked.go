package discover

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// overlookedTime is how long a backup may wait for this. A daemon that hangs
// never answers.
const overlookedTime = 2 * time.Second

// Overlooked are the containers in which a database server runs that no source
// of the configuration is of. It asks docker alone, and nothing in a container,
// so it is quick. Without an answer of docker there are none; late says that it
// did not come in time.
func Overlooked(ctx context.Context, door *command.Door, docker *source.Docker, sources []config.Source) (names []string, late bool) {
	ctx, cancel := context.WithTimeout(ctx, overlookedTime)
	defer cancel()
	running, err := Containers(ctx, door, docker)
	if err != nil {
		return nil, errors.Is(err, context.DeadlineExceeded)
	}
	var mu sync.Mutex
	var asked sync.WaitGroup
	for _, c := range running {
		kind := c.hint()
		if kind == "" || c.Unwanted || slices.ContainsFunc(sources, func(one config.Source) bool { return c.dumpedBy(kind, one) }) {
			continue
		}
		asked.Go(func() {
			// What looks like a server may be something before one.
			if kinds, known := c.processes(ctx, door, docker); known && len(kinds) == 0 {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			names = append(names, c.Name)
		})
	}
	asked.Wait()
	slices.Sort(names)
	return names, false
}

// dumpedBy says whether a source is of the server in the container.
func (c Container) dumpedBy(kind string, one config.Source) bool {
	if one.Kind != kind {
		return false
	}
	return c.goes(one.Via) || one.Via == local && hostOf(one.Host) == localhost && slices.ContainsFunc(c.ports(), func(p port) bool {
		return p.inside == portOf(kind) && p.outside == one.Port
	})
}
