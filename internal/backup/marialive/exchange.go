package marialive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Exchange is all that another process needs to finish the takeover of a live
// name or to go back. It is journalled, and kept in Dir with the definitions of
// both sides, before the live database is touched.
type Exchange struct {
	Live   string `json:"live"`
	New    string `json:"new"`    // what the dump was loaded into
	Before string `json:"before"` // takes the tables that were live
	Undone string `json:"undone"` // takes the tables that were loaded, when they had the live name and lose it
	Mark   string `json:"mark"`
	Dumped string `json:"dumped"` // the database that the dump was made of
	Asleep bool   `json:"asleep"` // events stay disabled: the original runs its own

	Ready   bool     `json:"ready"`   // the texts of both sides are written down
	Existed bool     `json:"existed"` // there was a live database
	Was     schema   `json:"was"`
	Becomes schema   `json:"becomes"`
	Old     Objects  `json:"old"`
	Fresh   Objects  `json:"fresh"`
	Grants  []grant  `json:"grants,omitempty"`
	Broken  []string `json:"broken,omitempty"` // old views, quoted, that read what is not there

	// Lost tells, after a takeover or the way back, which of Grants this login
	// could not give again, and what to type; empty when all are there.
	Lost string `json:"-"`

	Dir string `json:"dir"`
}

// Files of an exchange's directory.
const (
	oldText  = "old.sql"
	newText  = "new.sql"
	planFile = "exchange.json"
	doneFile = "done" // nothing of it is half done
	backFile = "back" // the old tables have the live name again, or never lost it
)

// Prepare writes down what the live database defines, as the last thing before
// the takeover.
func (m *Server) Prepare(ctx context.Context, e *Exchange) error {
	known, err := m.schema(ctx, e.Live)
	if err != nil {
		return err
	}
	var text []byte
	if e.Existed = known != nil; e.Existed {
		e.Was = *known
		if e.Old, err = m.Objects(ctx, e.Live); err != nil {
			return err
		}
		if text, e.Broken, err = m.definitions(ctx, e.Live); err != nil {
			return fmt.Errorf("read the definitions of %s: %w", e.Live, err)
		}
		e.Old.Views = slices.DeleteFunc(e.Old.Views, func(v string) bool { return slices.Contains(e.Broken, quoteName(v)) })
		if e.Grants, err = m.grants(ctx, e.Live); err != nil {
			return err
		}
	}
	if err := m.keep(e.Dir, oldText, text); err != nil {
		return err
	}
	e.Ready = true
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return m.keep(e.Dir, planFile, data)
}

// Swapped says on which side of the one moment an exchange is: whether the
// tables that were loaded have the live name. All of them move at once, so one
// tells of all.
func (m *Server) Swapped(ctx context.Context, e *Exchange) (bool, error) {
	before, err := m.Objects(ctx, e.Before)
	if err != nil || len(before.Tables) > 0 {
		return err == nil, err
	}
	if len(e.Fresh.Tables) == 0 || e.has(backFile) {
		return false, nil
	}
	for _, elsewhere := range []string{e.New, e.Undone} {
		o, err := m.Objects(ctx, elsewhere)
		if err != nil || slices.Contains(o.Tables, e.Fresh.Tables[0]) {
			return false, err
		}
	}
	return true, nil
}

func (e *Exchange) has(file string) bool {
	_, err := os.Stat(filepath.Join(e.Dir, file))
	return err == nil
}

// TakeOver gives the loaded tables the live name, and makes around them what
// the dump defines. It is the same when it has been done in part before.
func (m *Server) TakeOver(ctx context.Context, e *Exchange) error {
	if e.Existed {
		if err := m.create(ctx, e.Before, e.Was, ""); err != nil {
			return err
		}
	}
	if err := m.create(ctx, e.Live, e.Becomes, e.Mark); err != nil {
		return err
	}
	swapped, err := m.Swapped(ctx, e)
	if err != nil {
		return err
	}
	from, aside := e.New, e.Before
	if swapped {
		from, aside = "", ""
	}
	text, err := os.ReadFile(filepath.Join(e.Dir, newText))
	if err != nil {
		return fmt.Errorf("read the definitions of the dump: %w", err)
	}
	text = retarget(text, e.Dumped, e.Live, e.Asleep)
	return m.exchange(ctx, e, side{from: from, aside: aside, becomes: e.Becomes, text: text, routines: e.Fresh.Routines})
}

// GoBack gives the old tables the live name again, and makes around them what
// was defined. Those that were loaded are kept aside: something may have been written to
// them since.
func (m *Server) GoBack(ctx context.Context, e *Exchange) error {
	swapped, err := m.Swapped(ctx, e)
	if err != nil {
		return err
	}
	there, err := m.schema(ctx, e.Before)
	if err != nil {
		return err
	}
	if swapped && there == nil && len(e.Old.Tables) > 0 {
		return e.lost(fmt.Errorf("%s is not there any more", e.Before))
	}
	live, err := m.schema(ctx, e.Live)
	if err != nil {
		return err
	}
	if live == nil && !e.Existed {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(e.Dir, oldText))
	if err != nil {
		return e.lost(err)
	}
	back := side{becomes: e.Was, text: text, routines: e.Old.Routines}
	if swapped {
		if err := m.create(ctx, e.Undone, e.Becomes, ""); err != nil {
			return err
		}
		back.from, back.aside = e.Before, e.Undone
	}
	if live == nil {
		if err := m.create(ctx, e.Live, e.Was, ""); err != nil {
			return err
		}
	}
	if !e.Existed {
		back.becomes = e.Becomes
	}
	if err := m.exchange(ctx, e, back); err != nil {
		return err
	}
	if !e.Existed {
		if err := m.dropEmpty(ctx, e.Live); err != nil {
			return err
		}
	}
	return m.dropEmpty(ctx, e.Before)
}

// Quiet waits until the session of a run that was killed has come to the end of
// what it had begun: the server finishes a statement whose client has gone.
func (m *Server) Quiet(ctx context.Context, live string) error {
	const pause, most = 50 * time.Millisecond, 5 * time.Minute
	ctx, cancel := context.WithTimeoutCause(ctx, most, errors.New("a takeover that was cut short still runs on the server: SHOW PROCESSLIST shows what it waits for"))
	defer cancel()
	lock := quoteText(lockName(live))
	for {
		busy, err := row[int](ctx, m, "SELECT (IS_FREE_LOCK("+lock+") = 0) + (SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE CONCAT('%', "+lock+", '%'))")
		if err != nil || busy == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// side is what the live name becomes.
type side struct {
	from, aside string // databases; empty when the tables are where they belong
	becomes     schema
	text        []byte
	routines    []string
}

// attempts is how often an exchange is tried: a client that connects again may
// hold a table, or make one, between the look and the moment.
const attempts = 4

func (m *Server) exchange(ctx context.Context, e *Exchange, to side) error {
	for try := 1; ; try++ {
		script, err := m.script(ctx, e, to)
		if err != nil {
			return err
		}
		// A script that has begun comes to its end: it takes seconds, and
		// without it the live database would lack its triggers.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
		if err = m.change(late, "", bytes.NewReader(script)); err == nil {
			m.giveBack(late, e, to.routines)
		}
		cancel()
		if err == nil || try == attempts || ctx.Err() != nil || !passing(err) {
			return err
		}
	}
}

// passing says that an exchange failed for what clients did in that moment.
func passing(err error) bool {
	return slices.ContainsFunc([]string{"ERROR 1205 ", "ERROR 1146 ", "ERROR 1050 ", "ERROR 1213 ", "ERROR 1017 ", "ERROR 1051 "}, func(code string) bool { return strings.Contains(err.Error(), code) })
}

// lockName is what sessions that exchange a database lock, at most 64 bytes.
func lockName(database string) string {
	sum := sha256.Sum256([]byte(database))
	return "iact.restore." + hex.EncodeToString(sum[:16])
}
