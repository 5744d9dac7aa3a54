package discover

import (
	"context"
	_ "embed" // look.sh
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// lookScript tells of a place, to any shell: which sockets and which client
// programs it has.
//
//go:embed look.sh
var lookScript string

// seen is what lookScript tells.
type seen struct {
	me, user  string // who looks; the database user that the environment names
	sockets   map[string][]string
	programs  []string
	addresses []string
}

// look finds the servers of some kinds in a place, by their sockets.
func (f *Finder) look(ctx context.Context, via string, kinds []string) []Server {
	sure := strings.HasPrefix(via, "docker:") // of each kind there is a process
	transport, err := f.Places.Transport(via)
	if err != nil {
		return []Server{away(via, strings.Join(kinds, ", "), err)}
	}
	door := f.Door.Via(transport)
	there, err := f.see(ctx, door)
	if err != nil {
		if !sure {
			return []Server{away(via, "", err)}
		}
		var all []Server
		for _, kind := range kinds {
			all = append(all, away(via, kind, err))
		}
		return all
	}
	var all []Server
	for _, kind := range kinds {
		for _, socket := range there.sockets[kind] {
			s := Server{Via: via, Kind: kind, PasswordFile: f.Password(via, kind)}
			s.at(socket)
			if s.State, err = f.logIn(ctx, door, &s, there); err != nil {
				s.Note = oneLine(err)
			}
			for _, host := range there.addresses {
				s.Reached = append(s.Reached, Address{host, s.port()})
			}
			all = append(all, s)
		}
		if sure && len(there.sockets[kind]) == 0 {
			all = append(all, Server{Via: via, Kind: kind, State: NoAnswer, Note: "its server has no socket in a usual place", Fix: "see its log: docker logs " + strings.TrimPrefix(via, "docker:") + "; or list it in backup.sources by host and port"})
		}
	}
	return all
}

func (f *Finder) see(ctx context.Context, door *command.Door) (*seen, error) {
	out, err := door.Text(ctx, command.Read("sh", "-c", lookScript)).String()
	if err != nil {
		return nil, err
	}
	s := &seen{sockets: map[string][]string{}}
	for line := range strings.Lines(out) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "me":
			s.me = rest
		case "user":
			s.user = rest
		case source.KindPostgres, source.KindMariaDB:
			s.sockets[word] = append(s.sockets[word], rest)
		case "program":
			s.programs = append(s.programs, rest)
		case "address":
			s.addresses = append(s.addresses, rest)
		}
	}
	return s, nil
}

// at takes the way to a server from its socket. What the client programs take
// by default is left to them.
func (s *Server) at(socket string) {
	if s.Kind == source.KindMariaDB {
		if socket != "/var/run/mysqld/mysqld.sock" {
			s.Socket = socket
		}
		return
	}
	s.Host = path.Dir(socket)
	s.Port, _ = strconv.Atoi(strings.TrimPrefix(path.Base(socket), ".s.PGSQL."))
	if s.Host == defaultSockets {
		s.Host = ""
	}
	if s.Port == portOf(s.Kind) {
		s.Port = 0
	}
}

func (s *Server) port() int {
	if s.Port != 0 {
		return s.Port
	}
	return portOf(s.Kind)
}

func portOf(kind string) int {
	if kind == source.KindPostgres {
		return 5432
	}
	return 3306
}

// logins are the ways to log in without a password, the most usual first.
func (t *seen) logins(kind string) [][2]string { // user, as
	if kind == source.KindMariaDB {
		if t.me == "root" {
			return [][2]string{{"root", ""}}
		}
		return [][2]string{{"root", "root"}, {"root", ""}}
	}
	ways := [][2]string{{"postgres", "postgres"}, {"postgres", ""}}
	if t.user != "" && t.user != "postgres" { // then postgres is often no user at all
		ways = append(ways, [2]string{t.user, "postgres"}, [2]string{t.user, ""})
	}
	return ways
}

// logIn finds a login that lists the databases.
func (f *Finder) logIn(ctx context.Context, door *command.Door, s *Server, there *seen) (State, error) {
	if missing := there.lacks(s.Kind); missing != "" {
		s.Fix = "install it there; or list the databases in backup.sources by host and port"
		return NoAnswer, errors.New("there is no " + missing + " beside the server")
	}
	ways := there.logins(s.Kind)
	state, why := NoAnswer, error(nil)
	for _, way := range ways {
		s.User, s.As = way[0], way[1]
		found, err := s.list(ctx, door, "")
		if err == nil {
			s.Databases, s.PasswordFile = found, ""
			return Answers, nil
		}
		if ctx.Err() != nil {
			return NoAnswer, command.Stopped(ctx)
		}
		if stateOf(err) == NeedsPassword {
			state, why = NeedsPassword, err
		} else if why == nil {
			why = err
		}
	}
	if state != NeedsPassword {
		return state, why
	}
	// As the user of the place: a password needs no other.
	s.User, s.As = ways[0][0], ""
	if s.Kind == source.KindPostgres && there.user != "" {
		s.User = there.user
	}
	password, err := s.password()
	if err != nil {
		return NeedsPassword, err
	}
	if password == "" {
		return NeedsPassword, errors.New("user " + s.User + " needs a password")
	}
	if s.Databases, err = s.list(ctx, door, password); err != nil {
		return stateOf(err), err
	}
	return Answers, nil
}

// lacks names the client program without which nothing is dumped.
func (t *seen) lacks(kind string) string {
	pairs := [][]string{{"psql"}, {"pg_dump"}}
	if kind == source.KindMariaDB {
		pairs = [][]string{{"mariadb", "mysql"}, {"mariadb-dump", "mysqldump"}}
	}
	for _, either := range pairs {
		if !slices.ContainsFunc(either, func(p string) bool { return slices.Contains(t.programs, p) }) {
			return strings.Join(either, " or ")
		}
	}
	return ""
}
