package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/services/containers"
	"iact-infra/internal/command"
)

// Sweep removes the containers of trials whose run has died: on this machine by
// its process, on another one that shares the daemon by their age. It tells which.
func Sweep(ctx context.Context, door *command.Door, docker []string, now time.Time) ([]string, error) {
	all, err := containers.Docker{Door: door, Env: docker, Label: trialLabel}.List(ctx)
	if err != nil {
		return nil, err
	}
	var swept []string
	var failed []error
	for _, c := range all {
		if !abandoned(c.Labels[ownerLabel], now) {
			continue
		}
		one := containers.Docker{Door: door, Env: docker, Label: trialLabel + "=" + c.Labels[trialLabel]}
		if err := one.Remove(ctx, 0); err != nil {
			failed = append(failed, err)
			continue
		}
		swept = append(swept, c.Name)
	}
	return swept, errors.Join(failed...)
}

func abandoned(owner string, now time.Time) bool {
	var pid int
	var start uint64
	var made int64
	host, rest, _ := strings.Cut(owner, "/")
	if _, err := fmt.Sscanf(rest, "%d/%d/%d", &pid, &start, &made); err != nil {
		return false // not ours
	}
	if here, err := os.Hostname(); err == nil && here == host {
		return !leftover.Alive(pid, start)
	}
	return now.Sub(time.Unix(made, 0)) > old
}
