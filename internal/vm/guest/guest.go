// Package guest asks a machine, from inside, whether it is what it should be.
//
// One script gathers all facts in one connection, since each costs a handshake;
// rules judge them afterwards, so that a machine that nobody has here can be
// judged in a test. The script only reads: what it tries as the application's
// user is rolled back, or seen by that connection alone.
package guest

import (
	"context"
	_ "embed" // guest.sh
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

//go:embed guest.sh
var script string

// Asked is what the script is told.
type Asked struct {
	Analytics, Legacy, User string
	// Passwords of the application's user. Without one, its queries are not tried.
	PostgreSQLPassword, MariaDBPassword string
	SystemOnly                          bool
}

// Facts are what a machine says about itself. A section that could not be had is
// empty.
type Facts struct {
	parts map[string][]string
	Began time.Time // by this host's clock
	Ended time.Time
}

// Ask gathers the facts. door leads into the machine. Root is asked for by sudo,
// which must not ask back.
func Ask(ctx context.Context, door *command.Door, a Asked) (*Facts, error) {
	c := command.Read("bash", "-c", script)
	c.As = "root"
	c.Timeout = 2 * time.Minute
	c.Secrets = []string{a.PostgreSQLPassword, a.MariaDBPassword}
	lines := []string{"ANALYTICS=" + a.Analytics, "LEGACY=" + a.Legacy, "USER=" + a.User, "POSTGRESQL_PASSWORD=" + a.PostgreSQLPassword, "MARIADB_PASSWORD=" + a.MariaDBPassword}
	if a.SystemOnly {
		lines = append(lines, "ONLY=system")
	}
	c.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	began := time.Now()
	out, err := door.Text(ctx, c).String()
	if err != nil {
		return nil, fmt.Errorf("look into the machine: %w", err)
	}
	f := parse(out)
	f.Began, f.Ended = began, time.Now()
	return f, nil
}

// parse parts what the script has printed.
func parse(out string) *Facts {
	f := &Facts{parts: map[string][]string{}}
	name := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if heading, is := strings.CutPrefix(line, "== "); is {
			name = heading
			f.parts[name] = []string{}
			continue
		}
		if line != "" {
			f.parts[name] = append(f.parts[name], line)
		}
	}
	return f
}

// lines are those of a section.
func (f *Facts) lines(part string) []string { return f.parts[part] }

// value is NAME=VALUE of a section, "" when there is none.
func (f *Facts) value(part, name string) string {
	for _, line := range f.parts[part] {
		if found, is := strings.CutPrefix(line, name+"="); is {
			return strings.TrimSpace(found)
		}
	}
	return ""
}

// values are all of a name.
func (f *Facts) values(part, name string) []string {
	var all []string
	for _, line := range f.parts[part] {
		if found, is := strings.CutPrefix(line, name+"="); is {
			all = append(all, strings.TrimSpace(found))
		}
	}
	return all
}

// number is a value of the system as a number; 0 when it is none.
func (f *Facts) number(name string) int64 {
	n, _ := strconv.ParseInt(f.value("system", name), 10, 64)
	return n
}

// complaint is what a program has said instead of NAME=VALUE, in one line; of
// the application's own session, when after is "own".
func (f *Facts) complaint(part, after string) string {
	var said []string
	begun := after == ""
	for _, line := range f.parts[part] {
		name, _, is := strings.Cut(line, "=")
		if is && name == after {
			begun = true
			continue
		}
		if !begun || is && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == "" {
			continue
		}
		said = append(said, strings.TrimSpace(line))
	}
	if len(said) == 0 {
		return ""
	}
	return said[0]
}
