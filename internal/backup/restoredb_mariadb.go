package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/marialive"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// mariadbTaker is the taker for MariaDB.
type mariadbTaker struct {
	*restoration
	from  *source.MariaDBServer
	door  *command.Door // to where the server's programs run
	maria *marialive.Server
	facts *marialive.Facts
	place *marialive.Exchange
	made  bool // something may be there that abandon has to remove
}

// exchangeKey is where a restore of MariaDB writes down what it is about to do.
const exchangeKey = "exchange"

// mariadbNote is how the journal remembers a server and what changes there. The
// password is not in it: the configuration's source still knows it.
type mariadbNote struct {
	Via    string              `json:"via,omitempty"`
	Host   string              `json:"host"`
	Port   int                 `json:"port"`
	Socket string              `json:"socket"`
	User   string              `json:"user"`
	As     string              `json:"as"`
	Source string              `json:"source"`
	Place  *marialive.Exchange `json:"place"`
}

func (t *restoration) newMariaDB(ctx context.Context) (taker, error) {
	from, door, err := t.mariadbServer(ctx)
	if err != nil {
		return nil, err
	}
	m := &mariadbTaker{restoration: t, from: from, door: door, maria: &marialive.Server{Door: door, Disk: disk.New(t.room.o.Hook), Client: from.Client}}
	target := t.held.Detail["database"]
	if t.pick.To != "" {
		target = t.pick.To
	}
	m.place = m.exchange(target, t.room.o.Now())
	return m, nil
}

// exchanges is where the texts of exchanges are kept.
func (r *Room) exchanges(root string) string { return filepath.Join(root, ".iact", "restoredb") }

// storeName tells this store from others that are restored from.
func (m *mariadbTaker) storeName() string { return m.room.o.Host + ":" + m.store.Dir() }

// mariadbServer finds the server that takes the database back, as
// postgresServer does.
func (t *restoration) mariadbServer(ctx context.Context) (*source.MariaDBServer, *command.Door, error) {
	all, err := t.room.find(ctx, t.w.Door, t.config, t.store, nil)
	if err != nil {
		return nil, nil, err
	}
	servers, doors := map[string]*source.MariaDBServer{}, map[string]*command.Door{}
	var origins []string
	for _, p := range all {
		s, ok := p.Source.(*source.MariaDB)
		if !ok {
			continue
		}
		origin := s.Server.Origin()
		if !t.config.Backup.Auto && s.Label == t.held.Name || t.config.Backup.Auto && strings.HasPrefix(t.held.Origin, origin+"/") {
			return s.Server, p.door(t.w.Door), nil
		}
		if servers[origin] == nil {
			origins = append(origins, origin)
		}
		servers[origin], doors[origin] = s.Server, p.door(t.w.Door)
	}
	switch len(origins) {
	case 1:
		if !strings.HasPrefix(t.held.Origin, origins[0]+"/") {
			t.w.Say.Warn("the dump is from %s, which is not there: it is restored into %s", t.held.Origin, origins[0])
		}
		return servers[origins[0]], doors[origins[0]], nil
	case 0:
		if server := source.MariaDBSocket(mysqlSocket, t.room.o.Getenv); server != nil && t.config.Backup.Auto {
			return server, t.w.Door, nil // it holds no database any more
		}
		return nil, nil, fault.New(fault.Missing, "start it, or name it in backup.sources or MYSQL_UNIX_PORT", fmt.Errorf("there is no MariaDB server; the dump is from %s", t.held.Origin))
	}
	return nil, nil, fault.New(fault.Missing, "list the source in the configuration, with the server that takes it: backup.sources",
		fmt.Errorf("the dump is from %s, which is not there, and there are several servers: %s", t.held.Origin, strings.Join(origins, ", ")))
}

// exchange names all that a restore into target makes from a moment on.
func (m *mariadbTaker) exchange(target string, at time.Time) *marialive.Exchange {
	e := marialive.NewExchange(target, m.held.Detail["database"], m.room.exchanges(m.config.Root), m.storeName(), at)
	e.Becomes.Charset, e.Becomes.Collation = m.held.Detail["charset"], m.held.Detail["collation"]
	e.Asleep = m.pick.To != "" // the original runs its own events
	return e
}

func (m *mariadbTaker) look(ctx context.Context) error {
	const longest = 64
	if target := m.place.Live; utf8.RuneCountInString(target) > longest || strings.HasSuffix(target, " ") {
		return fault.New(fault.Usage, "shorten it", fmt.Errorf("-to=%s: a name has at most %d characters, and no space at its end", target, longest))
	}
	m.done.Database, m.done.Server = m.place.Live, m.from.Origin()
	d := m.held.Detail
	need := marialive.Need{Version: d["server_version"], CaseMode: d["lower_case_table_names"], Size: m.held.Size}
	need.Packet, _ = strconv.ParseInt(d["max_allowed_packet"], 10, 64)
	_ = json.Unmarshal([]byte(d["collations"]), &need.Collations)
	need.Collations = append(need.Collations, d["collation"])
	facts, err := m.maria.Look(ctx, m.place.Live, need)
	m.facts = facts
	if facts != nil && facts.Exists && m.pick.To != "" {
		return nil // which is refused whatever it is
	}
	if err != nil {
		return fmt.Errorf("restore into MariaDB at %s: %w", m.from.Origin(), err)
	}
	live := m.place.Live
	if facts.CaseMode == "1" { // as the server writes it
		live = strings.ToLower(live)
		m.done.Database = live
	}
	if m.place, err = m.maria.Unused(ctx, m.room.o.Now(), func(at time.Time) *marialive.Exchange { return m.exchange(live, at) }); err != nil {
		return err
	}
	tool, err := source.FindMariaDBTool(ctx, m.door)
	m.maria.Dump = func(database string) command.Command {
		return m.from.Dump(source.MariaDBDump{Tool: tool, Database: database, History: d["history"] == "true", NoEvents: true})
	}
	return err
}

func (m *mariadbTaker) read(_ context.Context, dump io.Reader) (compare.Digest, error) {
	return compare.MariaDB(dump)
}

func (m *mariadbTaker) fits(context.Context) error { return nil }

func (m *mariadbTaker) there() *liveDatabase {
	if !m.facts.Exists {
		return nil
	}
	return &liveDatabase{name: m.place.Live, server: m.from.Origin(), size: m.facts.Size, sessions: m.facts.Sessions, keeps: m.place.Before}
}

// keep writes down where everything is, before it changes.
func (m *mariadbTaker) keep() error {
	f := m.from
	return m.w.Record(exchangeKey, mariadbNote{Via: f.Place, Host: f.Host, Port: f.Port, Socket: f.Socket, User: f.User, As: f.As, Source: m.held.Name, Place: m.place})
}

func (m *mariadbTaker) create(ctx context.Context) error {
	told, err := m.maria.Settle(ctx, m.place.Live, filepath.Dir(m.place.Dir))
	m.say(told)
	if err != nil {
		return err
	}
	left, err := m.maria.Leftovers(ctx, m.place.Live, m.storeName())
	if err != nil {
		return err
	}
	for _, name := range left {
		m.w.Say.Info("dropping %s, which a restore that was killed has left", name)
		if err := m.maria.Drop(ctx, name); err != nil {
			return err
		}
	}
	m.made = true
	return m.keep()
}

func (m *mariadbTaker) say(told marialive.Told) {
	for _, line := range told.Did {
		m.w.Say.Info("%s", line)
	}
	for _, line := range told.Warned {
		m.warn("%s", line)
	}
}

func (m *mariadbTaker) warn(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	m.w.Say.Warn("%s", line)
	m.done.Warnings = append(m.done.Warnings, line)
}

func (m *mariadbTaker) load(ctx context.Context, dump io.Reader) error {
	return m.maria.Load(ctx, m.place, dump, m.facts.Packet)
}

// dress tells what the restored database will need and the dump does not carry.
func (m *mariadbTaker) dress(ctx context.Context) error {
	lacking, err := m.maria.Definers(ctx, m.place)
	if err != nil {
		return err
	}
	if len(lacking) > 0 {
		m.warn("the server has no user %s: what runs as such a user fails when it is used (CREATE USER … ACCOUNT LOCK is enough)", strings.Join(lacking, ", "))
	}
	if n := len(m.place.Fresh.Events); n > 0 && m.place.Asleep {
		m.warn("%s of %s disabled, or they would run besides those of the original: ALTER EVENT … ENABLE", are(n, "event"), m.place.Live)
	} else if n > 0 && m.facts.Scheduler != "ON" {
		m.warn("the dump has %s, and the server's event_scheduler is %s: they do not run", counted(n, "event"), m.facts.Scheduler)
	}
	return nil
}

func (m *mariadbTaker) digest(ctx context.Context) (compare.Digest, error) {
	return m.maria.Digest(ctx, m.place.New)
}

func (m *mariadbTaker) take(ctx context.Context) error {
	now, err := m.maria.Look(ctx, m.place.Live, marialive.Need{})
	if err != nil {
		return err
	}
	if now.Exists && m.pick.To != "" {
		return fault.New(fault.Usage, "let -to name a new database", fmt.Errorf("database %s was made meanwhile, and a restore never overwrites", m.place.Live))
	}
	if now.Exists {
		id, err := m.safety(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			m.warn("there is no safety set of %s: %v. Its tables stay in %s all the same", m.place.Live, err, m.place.Before)
		}
		m.done.Safety = id
	}
	if err := m.maria.Prepare(ctx, m.place); err != nil {
		return err
	}
	if err := m.keep(); err != nil {
		return err
	}
	if now.Exists {
		m.w.Say.Info("%s changes hands now: %s, %s ended, a few seconds", m.place.Live, counted(len(m.place.Old.Tables)+len(m.place.Fresh.Tables), "table"), are(now.Sessions, "session"))
	}
	for _, step := range []func(context.Context, *marialive.Exchange) error{m.maria.TakeOver, m.maria.Check, m.maria.Conclude} {
		if err := step(ctx, m.place); err != nil {
			return err
		}
	}
	if m.place.Lost != "" {
		m.warn("%s", m.place.Lost)
	}
	if m.place.Existed {
		m.done.Old = m.place.Before
		m.done.Drop = m.dropCommand() // the way back is the rollback of the run
		for _, view := range m.place.Broken {
			m.warn("view %s read what was not there any more, so going back would not make it again", view)
		}
	}
	return nil
}

func (m *mariadbTaker) dropCommand() string {
	from, args := *m.from, []string{"-e", marialive.DropStatement(m.place.Before)}
	if from.PasswordFile != "" { // a person types it
		from.PasswordFile, args = "", append([]string{"--password"}, args...)
	}
	return m.door.Show(from.Client("mariadb", args...))
}

func (m *mariadbTaker) holds(ctx context.Context) (string, error) {
	if err := m.maria.Check(ctx, m.place); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s at %s holds the restored tables and all that is defined around them", m.place.Live, m.from.Origin()), nil
}

// abandon is the undo of a run whose facts are still at hand.
func (m *mariadbTaker) abandon(ctx context.Context) error {
	if !m.made {
		return nil
	}
	told, err := m.maria.Back(ctx, m.place)
	m.say(told)
	return err
}

func (m *mariadbTaker) plan(dump string) []string {
	var lines []string
	for _, line := range m.maria.Plan(m.place, m.facts.Exists) {
		switch {
		case line.Load:
			lines = append(lines, dump+" | "+marialive.BesideFilter+" | "+m.door.Show(line.Command))
		case line.Note != "":
			lines = append(lines, "# "+line.Note)
		default:
			lines = append(lines, m.door.Show(line.Command))
		}
	}
	return lines
}

// restoredExchange is what a run has written down; nil when it restored nothing
// of MariaDB.
func (r *Room) restoredExchange(w *procedure.Work) (*marialive.Server, *marialive.Exchange, error) {
	var note mariadbNote
	if known, err := w.Recall(exchangeKey, &note); err != nil || !known || note.Place == nil {
		return nil, nil, err
	}
	server := &source.MariaDBServer{Place: note.Via, Host: note.Host, Port: note.Port, Socket: note.Socket, User: note.User, As: note.As}
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, err
	}
	for _, one := range c.Backup.Sources {
		if one.Name == note.Source && one.Kind == source.KindMariaDB {
			server.PasswordFile = one.PasswordFile
			if server.Password, err = one.Password(); err != nil {
				return nil, nil, fmt.Errorf("log in for source %s: %w", one.Name, err)
			}
		}
	}
	door, err := r.doorTo(w.Door, note.Via)
	return &marialive.Server{Door: door, Disk: disk.New(r.o.Hook), Client: server.Client}, note.Place, err
}

// exchangeBack is the undo of a restore of MariaDB.
func (r *Room) exchangeBack(ctx context.Context, w *procedure.Work, server *marialive.Server, e *marialive.Exchange) error {
	told, err := server.Back(ctx, e)
	for _, line := range told.Did {
		w.Say.Info("%s", line)
	}
	for _, line := range told.Warned {
		w.Say.Warn("%s", line)
	}
	return err
}

// exchangeDone tells a resumed run that the run before had come to its end.
func exchangeDone(ctx context.Context, server *marialive.Server, e *marialive.Exchange) (procedure.Evidence, error) {
	if err := server.Done(ctx, e); err != nil {
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	}
	return procedure.Evidence(e.Live + " holds the restored tables"), nil
}
