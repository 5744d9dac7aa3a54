package scene

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Log are the last lines of a container's log, both streams as they came, each
// with its time stamp.
func (s *Scene) Log(ctx context.Context, c *Container, lines int) (string, error) {
	if _, err := s.Engine(); err != nil {
		return "", err
	}
	// A program's own standard error is kept as one that explains a failure; that
	// of the container is what is asked for here.
	ask := command.Read("sh", "-c", `exec docker "$@" 2>&1`, "doctor", "logs", "--timestamps", "--tail", strconv.Itoa(lines), c.ID)
	ask.Env, ask.Timeout = s.Docker, s.Within(askLimit)
	return s.Door.Text(ctx, ask).String()
}

// Event is something that happened to a container.
type Event struct {
	Type, Action string
	Actor        struct {
		ID         string
		Attributes map[string]string
	}
	TimeNano int64 `json:"timeNano"`
}

// At is when it happened.
func (e Event) At() time.Time { return time.Unix(0, e.TimeNano) }

// Events are what the engine remembers of some containers since then, the oldest
// first. It forgets them when it restarts, and keeps some 256 at most.
func (s *Scene) Events(ctx context.Context, since time.Duration, of ...*Container) ([]Event, error) {
	// A span would be cut to whole seconds, and the last events lost.
	now := time.Now().UTC().Format(time.RFC3339Nano)
	words := []string{"events", "--since", since.String(), "--until", now, "--format", "{{json .}}"}
	for _, c := range of {
		words = append(words, "--filter", "container="+c.ID)
	}
	out, err := s.Text(ctx, words...)
	var all []Event
	for line := range strings.Lines(out) {
		var e Event
		if json.Unmarshal([]byte(line), &e) == nil {
			all = append(all, e)
		}
	}
	return all, err
}
