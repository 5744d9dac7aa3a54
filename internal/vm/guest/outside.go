package guest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Way is how this host gets to a database of a machine.
type Way struct {
	Machine  string
	Kind     string // PostgreSQL, MariaDB or web
	Address  string
	Port     int
	Database string
	User     string
	Password string // "" is not known
}

func (w Way) at() string { return net.JoinHostPort(w.Address, strconv.Itoa(w.Port)) }

// web is the kind of a web server.
const web = "web"

// Outside judges step 8 from this host: does the port answer, is it the right
// server, does the application's user get in, and what does it find? The last two
// need the client program on this host; without it they are asked inside, and the
// finding says so.
func Outside(ctx context.Context, door *command.Door, inside func() (*Facts, error), way Way) []Finding {
	j := &judge{machine: way.Machine}
	greeting, err := greet(ctx, way)
	es, en := way.Kind+" desde el anfitrión", way.Kind+" from this host"
	if err != nil {
		j.say(Fail, es, en, way.at()+": "+reason(err), "is the port forwarded? go tool mage vm:status shows it; go tool mage vm:reload -machine="+way.Machine+" forwards it anew")
		return j.found
	}
	j.say(Pass, es, en, way.at()+": "+greeting, "")
	if way.Kind == web {
		return j.found
	}
	es, en = "consulta como "+way.User+" en "+way.Kind+" desde el anfitrión", "query as "+way.User+" in "+way.Kind+" from this host"
	if way.Password == "" {
		j.say(Warn, es, en, "no password is known", strings.ToUpper(way.Kind)+"_PASSWORD=… in the file that vm.logins names")
		return j.found
	}
	seen, err := query(ctx, door, way)
	var missing *command.NotFound
	if errors.As(err, &missing) {
		j.within(inside, way, missing)
		return j.found
	}
	one, rest, _ := strings.Cut(seen, " ")
	got := err == nil && one == "1"
	if err != nil {
		one = command.Reason(err)
	}
	j.that(got, es, en, one, "may it come from here? pg_hba.conf and the accounts of MariaDB say from where: go tool mage vm:provision -machine="+way.Machine)
	if got {
		tables, version, _ := strings.Cut(rest, " ")
		j.tables(way, tables, version)
	}
	return j.found
}

// within judges what the application's user gets inside the machine.
func (j *judge) within(inside func() (*Facts, error), way Way, missing *command.NotFound) {
	part := map[string]string{"PostgreSQL": "postgres", "MariaDB": "mariadb"}[way.Kind]
	es, en := "consulta como "+way.User+" en "+way.Kind+" desde dentro", "query as "+way.User+" in "+way.Kind+" from inside"
	f, err := inside()
	if err != nil {
		j.say(Fail, es, en, command.Reason(err), missing.Hint())
		return
	}
	query := f.value(part, "query")
	j.that(query == way.User, es, en, either(query, f.complaint(part, "own"))+" (no program "+missing.Program+" here)", "go tool mage vm:provision -machine="+way.Machine)
	if query == way.User {
		j.tables(way, f.value(part, "tables"), f.value(part, "version"))
	}
}

// tables tells how many there are. Those of the catalogue do not count: they are
// in an empty database as well.
func (j *judge) tables(way Way, count, version string) {
	j.better(version != "", "tablas en "+way.Database, "tables in "+way.Database, strings.TrimSpace(count+" "+either(version, "without schema_version")), "bootstrap.sh makes schema_version: go tool mage vm:provision -machine="+way.Machine)
}

// greet asks a server who it is, as its clients do at first.
func greet(ctx context.Context, way Way) (string, error) {
	const atMost = 5 * time.Second
	conn, err := (&net.Dialer{Timeout: atMost}).DialContext(ctx, "tcp", way.at())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(atMost)); err != nil {
		return "", err
	}
	switch way.Kind {
	case "PostgreSQL":
		return greetPostgreSQL(conn)
	case web:
		return greetWeb(conn)
	}
	return greetMariaDB(conn)
}

// greetWeb asks for the head of the first page.
func greetWeb(conn io.ReadWriter) (string, error) {
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer := make([]byte, 64)
	n, err := io.ReadAtLeast(conn, answer, len("HTTP/1.1 200"))
	if err != nil {
		return "", fmt.Errorf("it closes the connection: %w", err)
	}
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	if !strings.HasPrefix(line, "HTTP/") {
		return "", errors.New("what answers there is no web server")
	}
	return line, nil
}

// greetPostgreSQL asks whether TLS is spoken, which is answered by one letter.
func greetPostgreSQL(conn io.ReadWriter) (string, error) {
	ask := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), 80877103) // SSLRequest of the protocol 3.0
	if _, err := conn.Write(ask); err != nil {
		return "", err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return "", fmt.Errorf("it closes the connection: %w", err)
	}
	switch answer[0] {
	case 'S':
		return "PostgreSQL, with TLS", nil
	case 'N':
		return "PostgreSQL", nil
	}
	return "", fmt.Errorf("what answers there is no PostgreSQL")
}

// greetMariaDB reads the first packet, which begins with the version.
func greetMariaDB(conn io.Reader) (string, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		return "", fmt.Errorf("it closes the connection: %w", err)
	}
	rest := make([]byte, 128)
	n, err := conn.Read(rest)
	if err != nil {
		return "", err
	}
	version, _, ended := bytes.Cut(rest[:n], []byte{0})
	switch {
	case head[4] == 0xff: // an error instead of a greeting
		return "", fmt.Errorf("it refuses: %s", strings.TrimSpace(string(rest[2:n])))
	case head[4] != 10 || !ended:
		return "", errors.New("what answers there is no MariaDB")
	}
	return strings.TrimPrefix(string(version), "5.5.5-"), nil // which is put before for old clients
}

// query logs in as the application does. The password is in a file of this user
// alone, for as long as it takes.
func query(ctx context.Context, door *command.Door, way Way) (string, error) {
	dir, err := os.MkdirTemp("", "iact-login-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "login")
	var c command.Command
	var text string
	if way.Kind == "PostgreSQL" {
		text = "*:*:*:*:" + strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(way.Password) + "\n"
		c = command.Read("psql", "-X", "-A", "-t", "-w", "-h", way.Address, "-p", strconv.Itoa(way.Port), "-U", way.User, "-d", way.Database, "-F", " ",
			"-c", "SELECT 1, (SELECT count(*) FROM pg_stat_user_tables), coalesce(to_regclass('schema_version')::text, '')")
		c.Env = []string{"PGPASSFILE=" + file, "PGCONNECT_TIMEOUT=10"}
	} else {
		text = fmt.Sprintf("[client]\nuser=\"%s\"\npassword=\"%s\"\n", way.User, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(way.Password))
		program := "mariadb"
		if _, err := door.Look(ctx, program); err != nil {
			program = "mysql" // as MySQL and older ones have it
		}
		c = command.Read(program, "--defaults-extra-file="+file, "--batch", "--skip-column-names", "--connect-timeout=10", "--protocol=tcp",
			"-h", way.Address, "-P", strconv.Itoa(way.Port), way.Database, "-e",
			"SELECT CONCAT_WS(' ', 1, COUNT(*), MAX(IF(table_name = 'schema_version', table_name, NULL))) FROM information_schema.tables WHERE table_schema = DATABASE()")
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	c.Secrets, c.Timeout = []string{way.Password}, time.Minute
	out, err := door.Text(ctx, c).String()
	return strings.TrimSpace(out), err
}

// reason is the end of a network error: "connection refused".
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}
