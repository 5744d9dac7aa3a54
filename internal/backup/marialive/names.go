package marialive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"iact-infra/internal/fault"
)

// NewExchange names an exchange: the database that the dump is loaded into and the
// ones that may take tables, beside the live name. Texts go to a directory of
// its own below state; mark is the comment of the databases while they are
// being made.
func NewExchange(live, dumped, state, store string, at time.Time) *Exchange {
	name := Beside(live, "restoring", at)
	return &Exchange{
		Live: live, Dumped: dumped, New: name, Before: Beside(live, "before", at), Undone: Beside(live, "undone", at),
		Dir: filepath.Join(state, file(name)), Mark: markOf(store),
	}
}

// Unused is the first exchange from a moment on whose names nothing has yet: two
// restores may begin within one second, and a second is what the names tell.
func (m *Server) Unused(ctx context.Context, at time.Time, name func(time.Time) *Exchange) (*Exchange, error) {
	for ; ; at = at.Add(time.Second) {
		e := name(at)
		taken, err := row[int](ctx, m, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ("+
			strings.Join([]string{quoteText(e.New), quoteText(e.Before), quoteText(e.Undone)}, ", ")+")")
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(e.Dir); taken == 0 && errors.Is(err, os.ErrNotExist) {
			return e, nil
		}
	}
}

// file is a name of a database as the name of a file.
func file(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '/' || c == 0 {
			return '-'
		}
		return c
	}, name)
}

// Beside is the name of a database beside another one: NAME_infix_TIME, with
// NAME cut to what the server's names can hold.
func Beside(name, infix string, at time.Time) string {
	return besides(name, infix) + at.UTC().Format(stamp)
}

const (
	stamp   = "20060102150405"
	longest = 64 // characters of a name
)

func besides(name, infix string) string {
	infix = "_" + infix + "_"
	for utf8.RuneCountInString(name)+len(infix)+len(stamp) > longest {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + infix
}

// markOf is the comment by which a database that is being restored is known. It
// names the store: whoever holds its lock knows that no other run is at work.
func markOf(store string) string { return "being restored by iact of the store " + store }

// Leftovers are the databases that killed restores under a live name have left:
// those with the mark of this store, and empty ones. Servers before 10.5 know
// no comments, so that only empty ones are told there.
func (m *Server) Leftovers(ctx context.Context, live, store string) ([]string, error) {
	prefix := besides(live, "restoring")
	all, err := rows[string](ctx, m, "SELECT JSON_QUOTE(SCHEMA_NAME) FROM information_schema.SCHEMATA WHERE LEFT(SCHEMA_NAME, CHAR_LENGTH("+quoteText(prefix)+")) = "+quoteText(prefix))
	if err != nil {
		return nil, err
	}
	var left []string
	for _, name := range all {
		if rest := strings.TrimPrefix(name, prefix); len(rest) != len(stamp) || strings.Trim(rest, "0123456789") != "" {
			continue
		}
		comment, err := m.comment(ctx, name)
		if err != nil {
			return nil, err
		}
		ours := comment == markOf(store)
		if comment == "" {
			o, err := m.Objects(ctx, name)
			if err != nil {
				return nil, err
			}
			ours = o.empty()
		}
		if ours {
			left = append(left, name)
		}
	}
	return left, nil
}

// comment is the comment of a database; servers before 10.5 have none.
func (m *Server) comment(ctx context.Context, database string) (string, error) {
	all, err := rows[string](ctx, m, "SELECT JSON_QUOTE(SCHEMA_COMMENT) FROM information_schema.SCHEMATA WHERE "+exactly("SCHEMA_NAME", database))
	if err != nil && strings.Contains(err.Error(), "ERROR 1054 ") {
		return "", nil
	}
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// Told are lines for the person who waits: what was done, and what is not as it
// was and needs a hand.
type Told struct{ Did, Warned []string }

func (t *Told) did(format string, args ...any) { t.Did = append(t.Did, fmt.Sprintf(format, args...)) }

func (t *Told) lost(e *Exchange) {
	if e.Lost != "" {
		t.Warned = append(t.Warned, e.Lost)
	}
}

// Settle ends what killed takeovers of a live name have left half done: one
// whose tables have changed places is finished, any other one is taken back.
// It also forgets texts that nothing can need any more.
func (m *Server) Settle(ctx context.Context, live, state string) (told Told, err error) {
	if err := m.Quiet(ctx, live); err != nil {
		return told, err
	}
	dirs, err := os.ReadDir(state)
	if errors.Is(err, os.ErrNotExist) {
		return told, nil
	}
	for _, d := range dirs {
		dir := filepath.Join(state, d.Name())
		_, err := os.Stat(filepath.Join(dir, planFile))
		if errors.Is(err, os.ErrNotExist) && strings.HasPrefix(d.Name(), file(besides(live, "restoring"))) {
			if err := os.RemoveAll(dir); err != nil { // it was killed before its takeover
				return told, err
			}
			continue
		}
		e := (&Exchange{Dir: dir}).prepared()
		if err != nil || e.Live != live {
			continue
		}
		if e.has(doneFile) {
			if old, err := m.schema(ctx, e.Before); err == nil && old == nil && e.Existed && !e.has(backFile) {
				_ = os.RemoveAll(dir) // the old tables were dropped: there is no way back to them
			}
			continue
		}
		swapped, err := m.Swapped(ctx, e)
		if err != nil {
			return told, err
		}
		if swapped {
			if err := errors.Join(m.TakeOver(ctx, e), m.Conclude(ctx, e)); err != nil {
				return told, fmt.Errorf("finish the takeover of %s that was cut short: %w", live, err)
			}
			told.did("a restore that was cut short is finished: %s holds what it restored, %s the tables from before", live, e.Before)
			told.lost(e)
			continue
		}
		back, err := m.Back(ctx, e)
		if err != nil {
			return told, fmt.Errorf("take back the takeover of %s that was cut short: %w", live, err)
		}
		told.did("a restore that was cut short is taken back: %s is what it was", live)
		told.Warned = append(told.Warned, back.Warned...)
	}
	return told, nil
}

// lost says that there is no way back but a set.
func (e *Exchange) lost(why error) error {
	return fault.New(fault.Missing, "restore the set that holds the state of before: the output of the restore names the safety set, backup:list all of them",
		fmt.Errorf("go back to the old %s: %w", e.Live, why))
}

// prepared is an exchange as Prepare wrote it down, which may be later than what
// a journal knows.
func (e *Exchange) prepared() *Exchange {
	known := &Exchange{}
	data, err := os.ReadFile(filepath.Join(e.Dir, planFile))
	if err != nil || json.Unmarshal(data, known) != nil {
		return e
	}
	return known
}

// Back undoes an exchange, however far it came, and may be repeated: the live
// name has its old tables and definitions again, and what never had the live
// name goes. What stays is told.
func (m *Server) Back(ctx context.Context, e *Exchange) (told Told, err error) {
	e = e.prepared()
	if err := m.Quiet(ctx, e.Live); err != nil {
		return told, err
	}
	switch {
	case e.has(planFile):
		if err := m.GoBack(ctx, e); err != nil {
			return told, err
		}
		told.lost(e)
		// Before the loaded tables go, which tell where the old ones are.
		if err := m.keep(e.Dir, backFile, nil); err != nil {
			return told, err
		}
	case e.Ready:
		return told, e.lost(fmt.Errorf("what was defined around its tables is not in %s any more", e.Dir))
	}
	if err := m.Drop(ctx, e.New); err != nil {
		return told, err
	}
	kept, err := m.Objects(ctx, e.Undone)
	if err != nil {
		return told, err
	}
	if len(kept.Tables) > 0 {
		told.did("the restored tables stay in %s; drop it with: DROP DATABASE %s", e.Undone, quoteName(e.Undone))
	}
	if e.has(planFile) {
		err = m.keep(e.Dir, doneFile, nil)
	}
	return told, err
}

// Is tells how an exchange stands after Back: nil when all is as it was.
func (m *Server) Is(ctx context.Context, e *Exchange) (evidence string, err error) {
	e = e.prepared()
	if left, err := m.schema(ctx, e.New); err != nil || left != nil {
		return "", errors.Join(err, fmt.Errorf("database %s is still there", e.New))
	}
	if !e.has(planFile) {
		return "nothing of the restore is left", nil // the live database was never touched
	}
	if swapped, err := m.Swapped(ctx, e); err != nil || swapped {
		return "", errors.Join(err, fmt.Errorf("the restored tables still have the name %s", e.Live))
	}
	if !e.Existed {
		return "nothing restored has the name " + e.Live, nil
	}
	now, err := m.Objects(ctx, e.Live)
	if err != nil {
		return "", err
	}
	if err := e.Old.within(now, e.Live); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s has its %d old tables and what was defined around them", e.Live, len(e.Old.Tables)), nil
}
