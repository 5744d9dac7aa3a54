package backup

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/backup/pglive"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// postgresServer finds the server that takes the database back. The
// configuration knows best: the source of that name. What was found by itself
// is looked for where it came from. A set of a server that is lost goes to the
// only one there is.
func (t *restoration) postgresServer(ctx context.Context) (*source.Server, *command.Door, error) {
	all, err := t.room.find(ctx, t.w.Door, t.config, t.store, nil)
	if err != nil {
		return nil, nil, err
	}
	var servers []*source.Server
	var doors []*command.Door
	var origins []string
	for _, p := range all {
		switch s := p.Source.(type) {
		case *source.Postgres:
			if !t.config.Backup.Auto && s.Label == t.held.Name {
				return s.Server, p.door(t.w.Door), nil
			}
		case *source.Globals:
			if strings.HasPrefix(t.held.Origin, s.Origin()+"/") {
				return s.Server, p.door(t.w.Door), nil
			}
			servers, doors, origins = append(servers, s.Server), append(doors, p.door(t.w.Door)), append(origins, s.Origin())
		}
	}
	switch len(servers) {
	case 1:
		t.w.Say.Warn("the dump is from %s, which is not there: it is restored into %s", t.held.Origin, origins[0])
		return servers[0], doors[0], nil
	case 0:
		return nil, nil, fault.New(fault.Missing, "start it, or name it in backup.sources or PGHOST", fmt.Errorf("there is no PostgreSQL server; the dump is from %s", t.held.Origin))
	}
	return nil, nil, fault.New(fault.Missing, "list the source in the configuration, with the server that takes it: backup.sources",
		fmt.Errorf("the dump is from %s, which is not there, and there are several servers: %s", t.held.Origin, strings.Join(origins, ", ")))
}

// serverNote is how the journal remembers a server: without its password,
// which the configuration's source still knows.
type serverNote struct {
	Via    string `json:"via,omitempty"`
	Host   string `json:"host"`
	Port   int    `json:"port"`
	User   string `json:"user"`
	As     string `json:"as"`
	Source string `json:"source"`
}

// restoredPlace is what a run has written down; nil when it has changed nothing.
func (r *Room) restoredPlace(w *procedure.Work) (*pglive.Server, *pglive.Place, error) {
	var note serverNote
	var place pglive.Place
	if known, err := w.Recall(serverKey, &note); err != nil || !known {
		return nil, nil, err
	}
	if known, err := w.Recall(placeKey, &place); err != nil || !known {
		return nil, nil, err
	}
	server := &source.Server{Place: note.Via, Host: note.Host, Port: note.Port, User: note.User, As: note.As, Getenv: r.o.Getenv}
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, err
	}
	for _, one := range c.Backup.Sources {
		if one.Name == note.Source && one.Kind == source.KindPostgres {
			if server.Password, err = one.Password(); err != nil {
				return nil, nil, fmt.Errorf("log in for source %s: %w", one.Name, err)
			}
		}
	}
	door, err := r.doorTo(w.Door, note.Via)
	return &pglive.Server{Server: server, Door: door, Session: place.Session}, &place, err
}

// cameBack tells a resumed run that the run before had come to its end.
func (r *Room) cameBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if maria, e, err := r.restoredExchange(w); err != nil || e != nil {
		if err != nil {
			return "", err
		}
		return exchangeDone(ctx, maria, e)
	}
	server, place, err := r.restoredPlace(w)
	if err != nil {
		return "", err
	}
	if place == nil || place.OID == 0 {
		return "", procedure.ErrNotDone
	}
	seen, err := server.Holds(ctx, place)
	if err != nil {
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	}
	return procedure.Evidence(seen), nil
}

// lockStore keeps other runs away, unless this process does so already or the
// store is gone.
func (r *Room) lockStore() (unlock func(), err error) {
	r.mu.Lock()
	held := r.session != nil // which has locked it until the process ends
	r.mu.Unlock()
	_, s, err := r.opened()
	if err != nil || held || !s.Exists() {
		return func() {}, err
	}
	return s.Lock()
}

// undoRestoreDB goes back to what was before, however far the run came.
func (r *Room) undoRestoreDB(ctx context.Context, w *procedure.Work) error {
	if maria, e, err := r.restoredExchange(w); err != nil || e != nil {
		if err != nil {
			return err
		}
		unlock, err := r.lockStore()
		if err != nil {
			return err
		}
		defer unlock()
		return r.exchangeBack(ctx, w, maria, e)
	}
	server, place, err := r.restoredPlace(w)
	if err != nil {
		return err
	}
	if place == nil {
		return procedure.ErrNothingToUndo
	}
	unlock, err := r.lockStore()
	if err != nil {
		return err
	}
	defer unlock()
	said, err := server.Back(ctx, place, r.o.Now())
	for _, line := range said {
		w.Say.Info("%s", line)
	}
	return err
}

// restoreDBUndone proves it.
func (r *Room) restoreDBUndone(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if maria, e, err := r.restoredExchange(w); err != nil || e != nil {
		if err != nil {
			return "", err
		}
		seen, err := maria.Is(ctx, e)
		return procedure.Evidence(seen), err
	}
	server, place, err := r.restoredPlace(w)
	if err != nil {
		return "", err
	}
	if place == nil {
		return "nothing had been changed", nil
	}
	seen, err := server.Is(ctx, place)
	return procedure.Evidence(seen), err
}
