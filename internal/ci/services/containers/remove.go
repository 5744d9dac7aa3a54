package containers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

// Remove stops and removes the containers, networks and volumes that carry the
// label, with the unnamed volumes of these containers, and looks whether they
// have gone. What has only the name of such a thing, or is used by others, stays:
// `down --volumes` would take the volume that a compose file calls by the name of
// somebody's database.
func (d Docker) Remove(ctx context.Context, grace time.Duration) error {
	var failed []error
	ids, err := d.lines(ctx, "ps", "--all", "--quiet", "--filter", "label="+d.Label)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		seconds := strconv.Itoa(int(grace.Round(time.Second) / time.Second))
		failed = append(failed, d.change(ctx, append([]string{"stop", "--time", seconds, "--"}, ids...)...))
		failed = append(failed, d.change(ctx, append([]string{"rm", "--force", "--volumes", "--"}, ids...)...))
	}
	for _, kind := range []string{"network", "volume"} {
		names, err := d.lines(ctx, kind, "ls", "--quiet", "--filter", "label="+d.Label)
		if err == nil && len(names) > 0 {
			err = d.change(ctx, append([]string{kind, "rm"}, names...)...)
		}
		failed = append(failed, err)
	}
	if d.Door.Planning() {
		return errors.Join(failed...)
	}
	left, err := d.left(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fault.New(fault.Failed, "docker rm --force, docker network rm and docker volume rm take them away",
			fmt.Errorf("take services down: left are %s: %w", strings.Join(left, ", "), errors.Join(failed...)))
	}
	return nil // what failed on the way has gone all the same
}

func (d Docker) change(ctx context.Context, args ...string) error {
	return d.explain(d.Door.Run(ctx, d.command(true, args...)))
}

func (d Docker) left(ctx context.Context) ([]string, error) {
	var left []string
	for _, args := range [][]string{{"ps", "--all"}, {"network", "ls"}, {"volume", "ls"}} {
		found, err := d.lines(ctx, append(args, "--quiet", "--filter", "label="+d.Label)...)
		if err != nil {
			return nil, err
		}
		for _, one := range found {
			left = append(left, map[string]string{"ps": "container", "network": "network", "volume": "volume"}[args[0]]+" "+one)
		}
	}
	return left, nil
}
