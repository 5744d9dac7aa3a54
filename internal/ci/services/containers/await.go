package containers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// again is how long a change may stay unnoticed when the events fail: the
// daemon's clock may differ, and old clients lose their connection.
const again = 5 * time.Second

// ErrLate says that the limit has passed.
const ErrLate = command.Sentinel("they took too long")

// Await waits until judge says that it is done with the containers, or fails. It
// is asked at the beginning and after each event. A limit that passes is an error
// that names what was waited for.
func (d Docker) Await(ctx context.Context, limit time.Duration, judge func([]Container) (done bool, waiting string, err error)) ([]Container, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	events, err := d.events(ctx)
	if err != nil {
		return nil, err
	}
	waiting := "the daemon's answer"
	for {
		all, err := d.List(ctx)
		var done bool
		if err == nil {
			done, waiting, err = judge(all)
		}
		switch {
		case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
			return all, fault.New(fault.Failed, "give them more time, or see why they are slow: docker logs NAME",
				fmt.Errorf("wait for containers: %w: after %v still waiting for %s", ErrLate, limit, waiting))
		case err != nil || done:
			return all, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		case _, open := <-events:
			if !open {
				events = nil // what passes now is noticed by looking again
			}
		}
	}
}

// events tells of each change. What happened since the call is told as well.
func (d Docker) events(ctx context.Context) (<-chan struct{}, error) {
	c := d.command(false, "events", "--since", strconv.FormatInt(time.Now().Unix(), 10), "--format", "{{.Action}}", "--filter", "label="+d.Label,
		"--filter", "type=container", "--filter", "event=start", "--filter", "event=die", "--filter", "event=health_status", "--filter", "event=destroy")
	c.Timeout, c.Live = 0, true
	s, err := d.Door.Stream(ctx, c)
	if err != nil {
		return nil, d.explain(err)
	}
	told := make(chan struct{}, 1)
	go func() {
		defer close(told)
		defer s.Abort()
		for lines := bufio.NewScanner(s); lines.Scan(); {
			select {
			case told <- struct{}{}:
			default: // one look sees all
			}
		}
	}()
	return told, nil
}

// Up waits until all containers are up. The error says which one never will be,
// and why.
func (d Docker) Up(ctx context.Context, limit time.Duration) ([]Container, error) {
	return d.Await(ctx, limit, func(all []Container) (bool, string, error) {
		var waiting []string
		for _, c := range all {
			ready, never := c.up()
			if never != "" {
				return false, "", d.Never(ctx, c, never)
			}
			if !ready {
				waiting = append(waiting, c.Name+", which is "+c.how())
			}
		}
		return len(all) > 0 && len(waiting) == 0, strings.Join(waiting, "; "), nil
	})
}

func (c Container) how() string {
	if c.state.Status == "running" && c.Checked() {
		return "not healthy yet" + c.lastCheck()
	}
	return c.state.Status
}

// Never is the error of a container that will not come up, with the end of its log.
func (d Docker) Never(ctx context.Context, c Container, why string) error {
	err := fmt.Errorf("start container %s: %s", c.Name, why)
	said := d.Tail(ctx, c, 10)
	if said != "" {
		err = fmt.Errorf("%w; its log ends: %s", err, said)
	}
	return fault.New(fault.Failed, "see all that it said: docker logs "+c.Name, err)
}

// Tail is the end of a container's log in one line, cleaned; empty where there is none.
func (d Docker) Tail(ctx context.Context, c Container, lines int) string {
	var said strings.Builder
	if err := d.Log(ctx, c, lines, &said); err != nil {
		return ""
	}
	return clean(said.String())
}

// Log writes a container's log to w, its two outputs as they came; lines 0 is all.
func (d Docker) Log(ctx context.Context, c Container, lines int, w io.Writer) error {
	tail := "all"
	if lines > 0 {
		tail = strconv.Itoa(lines)
	}
	// The client gives both outputs of the container apart; one pipe joins them.
	ask := command.Read("sh", "-c", `exec docker logs --tail "$1" -- "$2" 2>&1`, "sh", tail, c.ID)
	ask.Env, ask.Timeout = d.Env, answers
	s, err := d.Door.Stream(ctx, ask)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, s)
	return errors.Join(err, s.Close())
}
