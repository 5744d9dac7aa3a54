package discover

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/config"
)

func TestAContainerIsTakenForAServerByItsPortsThenByItsImage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ image, ports, want string }{
		{"postgres:16", "5432/tcp", source.KindPostgres},
		{"our/thing", "127.0.0.1:15432->5432/tcp, [::1]:15432->5432/tcp", source.KindPostgres},
		{"our/thing", "33060/tcp, 0.0.0.0:13306->3306/tcp", source.KindMariaDB},
		{"mariadb@sha256:00", "", source.KindMariaDB},
		{"registry:5000/bitnami/postgresql", "", source.KindPostgres},
		{"postgrest/postgrest", "3000/tcp", ""},
		{"adminer:4", "8080/tcp", ""},
		{"dns", "5432/udp", ""},
		{"range", "0.0.0.0:5431-5433->5431-5433/tcp", ""},
		{"app", "", ""},
	} {
		if got := (Container{Image: c.image, Ports: c.ports}).hint(); got != c.want {
			t.Errorf("%s with %q is taken for %q, want %q", c.image, c.ports, got, c.want)
		}
	}
}

func TestASourceIsKnownByTheWayItTakesToTheServer(t *testing.T) {
	t.Parallel()
	s := &Server{
		Via: "docker:iact_pg", Kind: "postgres", Reached: []Address{{localhost, 15432}, {"172.17.0.2", 5432}},
		container: Container{ID: "0123456789abcdef", Name: "iact_pg", Compose: "iact/db"},
	}
	here := &Server{Via: local, Kind: "mariadb", Socket: "/run/mysqld/mysqld.sock"}
	for _, c := range []struct {
		server *Server
		source config.Source
		want   bool
	}{
		{s, config.Source{Via: "docker:iact_pg", Port: 5432}, true},
		{s, config.Source{Via: "docker:0123456789ab", Port: 5432}, true},
		{s, config.Source{Via: "compose:db", Port: 5432}, true},
		{s, config.Source{Via: "compose:iact/db", Port: 5432}, true},
		{s, config.Source{Via: "compose:other/db", Port: 5432}, false},
		{s, config.Source{Via: "docker:iact_pg", Port: 5433}, false},
		{s, config.Source{Via: "docker:other", Port: 5432}, false},
		{s, config.Source{Via: "local", Host: "127.0.0.1", Port: 15432}, true},
		{s, config.Source{Via: "local", Host: "localhost", Port: 15432}, true},
		{s, config.Source{Via: "local", Host: "172.17.0.2", Port: 5432}, true},
		{s, config.Source{Via: "local", Host: "/var/run/postgresql", Port: 5432}, false},
		{s, config.Source{Via: "docker:iact_pg", Port: 5432, Kind: "mariadb"}, false},
		{here, config.Source{Via: "local", Port: 3306}, true},
		{here, config.Source{Via: "local", Port: 3306, Socket: "/run/mysqld/mysqld.sock"}, true},
		{here, config.Source{Via: "local", Port: 3306, Host: "::1"}, true},
		{here, config.Source{Via: "local", Port: 3306, Socket: "/tmp/other.sock"}, false},
		{here, config.Source{Via: "local", Port: 3306, Host: "db.example"}, false},
	} {
		if c.source.Kind == "" {
			c.source.Kind = c.server.Kind
		}
		if got := c.server.Has(c.source); got != c.want {
			t.Errorf("%+v is of %s: %v, want %v", c.source, c.server.Via, got, c.want)
		}
	}
}

func TestTheLineForAPasswordTakesItFromWhereTheContainerHasIt(t *testing.T) {
	t.Parallel()
	c := Container{Name: "ivr"}
	s := &Server{Via: c.Via(), Kind: source.KindMariaDB, User: "root", PasswordFile: "/srv/my iact/.iact/passwords/docker-ivr-mariadb"}
	const start = "(umask 077; mkdir -p '/srv/my iact/.iact/passwords'; "
	const end = " >'/srv/my iact/.iact/passwords/docker-ivr-mariadb')"
	for variable, want := range map[string]string{
		"MARIADB_ROOT_PASSWORD":    start + "docker exec ivr printenv MARIADB_ROOT_PASSWORD" + end,
		"MYSQL_ROOT_PASSWORD_FILE": start + `docker exec ivr sh -c 'cat "$MYSQL_ROOT_PASSWORD_FILE"'` + end,
		"MARIADB_PASSWORD":         strings.TrimSuffix(start+"cat"+end, ")") + "), then type the password of root and Ctrl-D",
	} {
		if got := fetch(c, s, []string{"PATH", variable}); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", variable, got, want)
		}
	}
}

func TestMySQLClientsAndServersCountAsMariaDB(t *testing.T) {
	t.Parallel()
	there := &seen{me: "mysql", programs: []string{"mysql", "mysqldump", "psql"}}
	if missing := there.lacks(source.KindMariaDB); missing != "" {
		t.Errorf("%s is missed", missing)
	}
	if missing := there.lacks(source.KindPostgres); missing != "pg_dump" {
		t.Errorf("missing is %q", missing)
	}
	if ways := there.logins(source.KindMariaDB); !slices.Equal(ways[0][:], []string{"root", "root"}) {
		t.Errorf("the first login is %v", ways[0])
	}
}
