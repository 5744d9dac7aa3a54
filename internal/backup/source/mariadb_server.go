package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// MariaDBServer is a MariaDB or MySQL server and how to log in to it. Empty
// fields are left to the client programs, which read ~/.my.cnf and so on.
type MariaDBServer struct {
	Place        string // where the client programs run; empty is this machine
	Host         string // empty: through the socket
	Port         int    // of Host
	Socket       string
	User         string
	As           string // the user to run the client programs as
	PasswordFile string // the user who runs them may read it
	Password     string // what stands in it: only known so as to be masked
}

// withFarPassword is withPassword for a program of another place, to which the
// password travels in the environment of this shell.
const withFarPassword = `p=$(printf %s "$IACT_PASSWORD" | sed 's/[\\"]/\\&/g'); unset IACT_PASSWORD
exec env HOME=/nonexistent "$@" 9<<EOF
[client]
password="$p"
EOF`

// withPassword starts a program with an option file that holds the password:
// a here-document, which is a pipe, or at once unlinked. So the password is in
// no argument, in no environment and in no file but its own, and gone with the
// program, whatever happens. That of ~/.my.cnf would win over it, hence HOME.
const withPassword = `unset p; p=$(sed 's/[\\"]/\\&/g; s/\r$//' "$0") || exit
exec env HOME=/nonexistent "$@" 9<<EOF
[client]
password="$p"
EOF`

// Client builds a command of a client program, as one that only reads. Its
// standard input is free.
func (s *MariaDBServer) Client(program string, args ...string) command.Command {
	args = append(s.login(), args...)
	c := command.Read(program, args...)
	if s.PasswordFile != "" {
		c = command.Read("sh", append([]string{"-c", withPassword, s.PasswordFile, program, "--defaults-extra-file=/dev/fd/9"}, args...)...)
		if s.Place != "" {
			c = command.Read("sh", append([]string{"-c", withFarPassword, "sh", program, "--defaults-extra-file=/dev/fd/9"}, args...)...)
			c.Env = []string{"IACT_PASSWORD=" + s.Password}
		}
		c.Secrets = []string{s.Password}
	}
	c.As = s.As
	return c
}

// readable says why the user who runs the client programs may not read the
// file with the password.
func (s *MariaDBServer) readable() error {
	if s.PasswordFile == "" || s.As == "" || s.Place != "" {
		return nil
	}
	u, err := user.Lookup(s.As)
	if err != nil {
		return nil //nolint:nilerr // the first program says it better
	}
	info, err := os.Stat(s.PasswordFile)
	if err != nil {
		return fmt.Errorf("read password: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && strconv.Itoa(int(st.Uid)) != u.Uid {
		return fault.New(fault.Usage, "chown "+s.As+" "+command.Quote(s.PasswordFile),
			fmt.Errorf("read password: %s does not belong to %s, who runs the programs of the source (as)", s.PasswordFile, s.As))
	}
	return nil
}

func (s *MariaDBServer) login() []string {
	var args []string
	switch {
	case s.Host != "": // localhost too: without the protocol it means the socket
		args = append(args, "--protocol=tcp", "--host="+s.Host)
		if s.Port != 0 {
			args = append(args, "--port="+strconv.Itoa(s.Port))
		}
	case s.Socket != "":
		args = append(args, "--protocol=socket", "--socket="+s.Socket)
	}
	if s.User != "" {
		args = append(args, "--user="+s.User)
	}
	return args
}

// Origin is the server for people: HOST:PORT, or the path of its socket.
func (s *MariaDBServer) Origin() string {
	switch {
	case s.Host != "" && s.Port != 0:
		return at(s.Place, s.Host) + ":" + strconv.Itoa(s.Port)
	case s.Host != "":
		return at(s.Place, s.Host)
	case s.Socket != "":
		return at(s.Place, s.Socket)
	}
	return at(s.Place, "local")
}

// Query runs statements that only read and returns their rows. database may be
// empty. Names go in as Literal.
func (s *MariaDBServer) Query(ctx context.Context, door *command.Door, database, sql string) ([][]string, error) {
	program := "mariadb"
	if _, err := door.Look(ctx, program); err != nil {
		program = "mysql"
		if _, err := door.Look(ctx, program); err != nil {
			return nil, fault.New(fault.Missing, installClient, &command.NotFound{Program: "mariadb"})
		}
	}
	if err := s.readable(); err != nil {
		return nil, err
	}
	args := []string{"--batch", "--skip-column-names", "--default-character-set=utf8mb4", "--connect-timeout=10", "--execute=" + sql}
	if database != "" {
		args = append(args, "--database="+database)
	}
	out, err := door.Text(ctx, s.Client(program, args...)).String()
	if err != nil {
		return nil, fmt.Errorf("ask MariaDB at %s: %w", s.Origin(), s.explain(program, err))
	}
	unescape := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\0`, "\x00")
	var rows [][]string
	for line := range strings.Lines(out) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i := range row {
			row[i] = unescape.Replace(row[i])
		}
		rows = append(rows, row)
	}
	return rows, nil
}

const installClient = "install it: apt-get install mariadb-client"

// Literal is a text as a value of SQL, whatever the SQL mode.
func Literal(text string) string { return fmt.Sprintf("CONVERT(x'%x' USING utf8mb4)", text) }

// Databases lists the databases that the login may see, without those of the
// server itself. A server that tells case apart may hold one named Sys, too.
func (s *MariaDBServer) Databases(ctx context.Context, door *command.Door) ([]string, error) {
	rows, err := s.Query(ctx, door, "", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"+
		" WHERE CAST(SCHEMA_NAME AS BINARY) NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY SCHEMA_NAME")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, row := range rows {
		all = append(all, row[0])
	}
	return all, nil
}

// MariaDBSocket is the server at the default socket, or at the one that
// MYSQL_UNIX_PORT names, nil when there is no such file. The login is that of
// the user who runs this, by unix_socket or ~/.my.cnf.
func MariaDBSocket(socket string, getenv func(string) string) *MariaDBServer {
	if named := getenv("MYSQL_UNIX_PORT"); named != "" {
		return &MariaDBServer{Socket: named} // there should be one
	}
	if _, err := os.Stat(socket); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &MariaDBServer{Socket: socket}
}
