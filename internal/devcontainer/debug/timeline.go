package debug

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

// Timeline are the last lines of all logs, merged.
type Timeline struct {
	Entries []Entry
	Earlier int // lines before them that were left out
	Found   map[string]symptom.Finding
	Lang    string
}

// MarshalJSON is the array of the lines.
func (t *Timeline) MarshalJSON() ([]byte, error) { return json.Marshal(t.Entries) }

// Asked is what a time line is made of.
type Asked struct {
	Since     time.Duration
	Lines     int
	To        io.Writer // gets every line as JSON; nil: nowhere
	Catalogue *symptom.Catalogue
	Lang      string
	Now       time.Time
}

// Timeline merges the logs of the engine, of the containers of the workspace, of
// its lifecycle commands and of the server of VS Code. It holds the last lines,
// and those in which a symptom was recognised, however long the logs are.
func (d *Desk) Timeline(ctx context.Context, s *scene.Scene, a Asked) (*Timeline, error) {
	dir, err := os.MkdirTemp("", "iact-debug-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(ctx) // ends what is still read after an error
	defer cancel()
	since := a.Now.Add(-a.Since)
	all, err := d.sources(ctx, s, since, dir)
	if err != nil {
		return nil, err
	}
	t := &Timeline{Found: map[string]symptom.Finding{}, Lang: a.Lang, Entries: []Entry{}}
	err = merge(all, since, func(e Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.explain(a.Catalogue, &e)
		if a.To != nil {
			if err := json.NewEncoder(a.To).Encode(e); err != nil {
				return err
			}
		}
		t.add(e, a.Lines)
		return nil
	}, func(from *source, err error) { d.Say.Warn("%s: %v", from.name, firstLine(err)) })
	if over := len(t.Entries) - a.Lines; over > 0 {
		t.drop(over)
	}
	return t, err
}

// sources opens all logs that can be had; why another cannot is said.
func (d *Desk) sources(ctx context.Context, s *scene.Scene, since time.Time, dir string) ([]*source, error) {
	var all []*source
	take := func(what string, one *source, err error) {
		if err != nil {
			d.Say.Info("%s: %s", what, firstLine(err))
			return
		}
		all = append(all, one)
	}
	e, refused := s.Engine()
	if was := (*scene.Refused)(nil); errors.As(refused, &was) {
		d.Say.Warn("%v: of all logs only its own is here", refused)
		e = &scene.Engine{Endpoint: was.Endpoint, Local: true}
	}
	log, err := engineLog(ctx, d, e, since)
	take("engine", log, err)
	if refused != nil {
		return all, nil //nolint:nilerr // it was told
	}
	mine, err := s.Containers()
	if err != nil {
		return nil, err
	}
	events, err := s.Events(ctx, s.Now().Sub(since), mine...)
	if len(mine) > 0 {
		take("events", listed("events", told(events)), err)
	}
	for _, c := range mine {
		for _, stream := range []struct{ name, to string }{{"out", "2>/dev/null"}, {"err", "2>&1 >/dev/null"}} {
			ask := command.Read("sh", "-c", `exec docker logs --timestamps --since "$1" "$2" `+stream.to, "debug", since.UTC().Format(time.RFC3339Nano), c.ID)
			ask.Env = d.Env
			one, err := d.stream(ctx, "container "+c.Name, stream.name, stamped, ask)
			take("container "+c.Name, one, err)
		}
	}
	main, err := s.Main()
	if err != nil || main == nil {
		return all, err
	}
	home := d.home(ctx, main, client.Works(s, main).User)
	all = append(all, d.lifecycle(ctx, s, main, home))
	server, err := d.server(ctx, main, home, dir, since)
	if err != nil {
		d.Say.Info("server: %s", firstLine(err))
	}
	return append(all, server...), nil
}

// stream is what a program writes, line by line.
func (d *Desk) stream(ctx context.Context, name, stream string, parse parser, ask command.Command) (*source, error) {
	ask.Timeout = client.Work
	out, err := d.Door.Stream(ctx, ask)
	if err != nil {
		return nil, err
	}
	return &source{name: name, stream: stream, in: out, close: out.Close, parse: parse}, nil
}

// told are events as lines.
func told(events []scene.Event) []Entry {
	var all []Entry
	for _, e := range events {
		line := e.Type + " " + e.Action
		for _, name := range []string{"name", "exitCode", "signal", "image"} {
			if value := e.Actor.Attributes[name]; value != "" {
				line += " " + name + "=" + value
			}
		}
		all = append(all, Entry{Time: e.At(), Line: line})
	}
	return all
}

// explain notes what is recognised in a line.
func (t *Timeline) explain(c *symptom.Catalogue, e *Entry) {
	if c == nil {
		return
	}
	found := c.Match(e.Line)
	if len(found) == 0 {
		return
	}
	first := found[0]
	t.Found[first.ID] = first
	e.Symptom = &Symptom{ID: first.ID, Cause: first.Cause.In(t.Lang), Fix: first.Fix.In(t.Lang)}
}

// add keeps a line. Twice as many as are wanted are held before the older half
// goes, so that a line is moved once.
func (t *Timeline) add(e Entry, lines int) {
	if t.Entries = append(t.Entries, e); len(t.Entries) >= 2*lines {
		t.drop(len(t.Entries) - lines)
	}
}

// recognisedKept is how many earlier lines stay since they were recognised.
const recognisedKept = 50

// drop leaves the oldest lines out, but for those that were recognised.
func (t *Timeline) drop(n int) {
	var kept []Entry
	for _, e := range t.Entries[:n] {
		if e.Symptom != nil && len(kept) < recognisedKept {
			kept = append(kept, e)
		} else {
			t.Earlier++
		}
	}
	t.Entries = append(kept, t.Entries[n:]...)
}

// Write is the form for people. Each symptom is explained where it is seen first.
func (t *Timeline) Write(to io.Writer) {
	width := 0
	for _, e := range t.Entries {
		width = max(width, len(e.Source))
	}
	if t.Earlier > 0 {
		_, _ = fmt.Fprintf(to, "%d earlier lines are left out: -lines=N shows more, -to=FILE keeps all\n", t.Earlier)
	}
	explained := map[string]bool{}
	for _, e := range t.Entries {
		_, _ = fmt.Fprintf(to, "%s  %-*s  %-3s  %s\n", e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), width, report.Clean(e.Source), e.Stream, report.Clean(e.Line))
		if e.Symptom == nil {
			continue
		}
		if explained[e.Symptom.ID] {
			_, _ = fmt.Fprintf(to, "    ^ %s, as above\n", e.Symptom.ID)
			continue
		}
		explained[e.Symptom.ID] = true
		cause, fix := "cause", "fix"
		if t.Lang == "es" {
			cause, fix = "causa", "remedio"
		}
		_, _ = fmt.Fprintf(to, "    ^ %s %s: %s\n      %s: %s\n", e.Symptom.ID, cause, report.Clean(e.Symptom.Cause), fix, strings.ReplaceAll(report.Clean(strings.TrimSpace(e.Symptom.Fix)), "\n", "\n      "))
	}
}
