package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/compose"
	"iact-infra/internal/host/packages"
	"iact-infra/internal/procedure"
)

// composeKey is where step 5 notes what it is about to change.
const composeKey = "compose"

// composed is what step 5 has changed: packages or a file.
type composed struct {
	packaged
	Plugin compose.Record `json:"plugin"`
}

func (m *machine) plugin() *compose.Plugin {
	return &compose.Plugin{Door: m.Door, Env: m.env, As: m.root()}
}

// composeAnswers is Done of step 5.
func (r *Room) composeAnswers(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return "", err
	}
	is, err := m.plugin().Version(ctx)
	if err != nil {
		return "", err
	}
	if is == "" {
		return "", fmt.Errorf("%w: docker has no plugin for `docker compose`", procedure.ErrNotDone)
	}
	if pin := c.Host.Compose.Version; !packages.Within(is, pin) {
		return "", fmt.Errorf("%w: docker compose is %s, and host.compose.version is %s", procedure.ErrNotDone, is, pin)
	}
	return procedure.Evidence("docker compose " + is + " answers"), nil
}

// composeThere is Validate of step 5.
func (r *Room) composeThere(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if len(w.Deferred()) > 0 {
		return "docker has no Compose 2", nil
	}
	return r.composeAnswers(ctx, w)
}

// compose is step 5.
func (r *Room) compose(ctx context.Context, w *procedure.Work) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	if there, err := m.has(ctx, "docker"); err != nil {
		return err
	} else if !there && !m.Planning() {
		return fault.New(fault.Missing, "host:docker", errors.New("install Compose: there is no docker for it to be a plugin of"))
	}
	var note composed
	if _, err := w.Recall(composeKey, &note); err != nil {
		return err
	}
	note.On = m.on
	keep := func() error { return w.Record(composeKey, note) }
	p := m.plugin()
	old, err := p.Old(ctx)
	if err != nil {
		return err
	}
	if strings.HasPrefix(old, "1.") {
		w.Say.Warn("docker-compose %s is version 1, which has had no repairs since July 2023; it stays, and `docker compose`, with a blank, takes its place: its containers are named with - instead of _", old)
	}
	from, err := r.composeFrom(ctx, m, m.apt(w, &note.Record, keep), c.Host.Compose)
	if err != nil {
		// Nothing was changed, and a Docker without Compose is no reason to take Docker away again.
		w.Defer(err)
		return nil
	}
	if from.pack.Name != "" {
		_, err = m.apt(w, &note.Record, keep).Install(ctx, []packages.Wanted{from.pack})
	} else {
		earlier := note.Plugin
		p.Note = func(r compose.Record) error {
			note.Plugin = r
			return keep()
		}
		err = p.Install(ctx, from.file, earlier)
	}
	if err != nil {
		return err
	}
	w.Publish(note, func(out io.Writer) { fmt.Fprintf(out, "docker compose is %s\n", from) })
	return nil
}

// uncompose takes step 5 back.
func (r *Room) uncompose(ctx context.Context, w *procedure.Work) error {
	var note composed
	m, err := r.recalled(ctx, w, composeKey, &note, &note.On)
	if err != nil {
		return err
	}
	if m == nil {
		return procedure.ErrNothingToUndo
	}
	kept, err := m.plugin().Back(ctx, note.Plugin)
	if err != nil {
		return err
	}
	if kept != "" {
		w.Say.Warn("left as it is: %s", kept)
	}
	return m.back(ctx, w, note.Record)
}

func (r *Room) uncomposed(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var note composed
	m, err := r.recalled(ctx, w, composeKey, &note, &note.On)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "compose was left as it was", nil
	}
	kept, err := m.plugin().IsBack(ctx, note.Plugin)
	if err != nil {
		return "", err
	}
	if note.Plugin.File != "" && kept == "" {
		return procedure.Evidence(note.Plugin.File + " is what it was"), nil
	}
	if kept != "" {
		return procedure.Evidence(kept), nil
	}
	return m.isBack(ctx, note.Record)
}
