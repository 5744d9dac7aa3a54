package vm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/vm"
)

func TestRealTheScriptOfTheMachineIsCleanForShellcheck(t *testing.T) {
	t.Parallel()
	testbed.Program(t, "shellcheck")
	whole := filepath.Join(t.TempDir(), "bootstrap.sh")
	script, err := vm.Script("../..")
	if err == nil {
		err = os.WriteFile(whole, []byte(script), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{whole}, {"--external-sources", "--source-path=SCRIPTDIR", "../../scripts/bootstrap.sh"}, {"../../scripts/bootstrap/servers.sh", "../../scripts/bootstrap/stages.sh"},
	} {
		out, err := command.NewDoor(command.Local()).Text(t.Context(), command.Read("shellcheck", args...)).String()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

func TestTheScriptFindsItsPartsFromAnywhereAndSaysWhenTheyAreMissing(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("../../scripts/bootstrap.sh")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(script)
	alone := filepath.Join(t.TempDir(), "bootstrap.sh")
	if err == nil {
		err = os.WriteFile(alone, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, path, want string }{
		{"../../scripts", "bootstrap.sh", "use: bootstrap.sh"}, {"/", script, "use: bootstrap.sh"}, {"/", alone, "mage vm:bootstrap puts a whole one"},
	} {
		run := command.Change("bash", c.path, "--nonsense")
		run.Dir = c.dir
		if err := command.NewDoor(command.Local()).Run(t.Context(), run); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %s: %v, want %q", c.path, c.dir, err, c.want)
		}
	}
}

func TestWholeAMachineIsProvisionedStageByStageWhateverHappens(t *testing.T) {
	t.Parallel()
	g := newGuest(t)

	// Each stage that fails says so, and leaves no marker.
	g.fails("mariadb_install", "does not hold the key", "IACT_MARIADB_KEY=/srv/other.asc")
	g.fails("mariadb_install", "cannot be had from file:///srv/none", "IACT_MARIADB_KEY=/srv/none")
	g.fails("mariadb_install", "mariadb-server", "IACT_MARIADB=distribution")
	g.fails("system_prepare", "there is no time zone Mars/Olympus", "IACT_TIMEZONE=Mars/Olympus")
	if out := g.good("ls /var/iact/state"); out != "" {
		t.Errorf("markers after failures: %s", out)
	}
	g.killed("Unpacking mariadb-server ")
	g.good("perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalPort => 3306, LocalAddr => \"127.0.0.1\", ReuseAddr => 1) or die; sleep 600' >/dev/null 2>&1 </dev/null & echo $! >/tmp/taker; until (: <>/dev/tcp/127.0.0.1/3306) 2>/dev/null || bash -c ': </dev/tcp/127.0.0.1/3306' 2>/dev/null; do sleep 0.02; done")
	g.fails("mariadb_install", "port 3306 is taken by another program")
	g.good("kill $(cat /tmp/taker)")
	g.Write("etc/mysql/mariadb.conf.d/99-bad.cnf", "[mariadbd]\nno-such-option = 1\n")
	g.Write("etc/default/mariadb", "MYSQLD_STARTUP_TIMEOUT=3\n")
	g.fails("mariadb_install", "mariadb does not start")
	g.good("rm /etc/mysql/mariadb.conf.d/99-bad.cnf /etc/default/mariadb")
	g.killed("Setting up postgresql-" + g.pg)
	g.fails("setup_mariadb_database", "mage vm:bootstrap makes some")
	if out := g.good("bash /srv/bootstrap.sh --list", "SUDO_USER="); out != "done    system_prepare\ndone    mariadb_install\ndone    postgres_install\nmissing setup_mariadb_database\nmissing setup_postgres_database" {
		t.Errorf("stages:\n%s", out)
	}
	g.good("mkdir -m 0700 /root/.iact && printf 'POSTGRESQL_PASSWORD=pg-secret-1\nMARIADB_PASSWORD=my-secret-1\n' >/root/.iact/vm.env")
	g.killed("STEP 5/5")
	g.good("service mariadb start >/dev/null 2>&1 </dev/null") // as the system does when it starts
	if out := g.good("bash /srv/bootstrap.sh"); !strings.HasSuffix(out, "[SUCCESS] Bootstrap completado exitosamente") {
		t.Errorf("says\n%s", out)
	}
	g.idempotent()
	g.reachable()
	g.leastRights()
	g.again()
	g.secret()
}

// idempotent: a run of what is done changes nothing.
func (g *guest) idempotent() {
	const look = `{ find /var/iact /var/log/iact /usr/local/sbin -type f ! -name .lock -exec sha256sum {} +; ps -o pid= -C mariadbd,postgres; }`
	etc, before := g.Picture(), g.good(look)
	if out := g.good("bash /srv/bootstrap.sh"); strings.Count(out, "done already") != 5 {
		g.t.Errorf("a second run says\n%s", out)
	}
	if after := g.good(look); after != before {
		g.t.Errorf("a second run has changed\n%s\nto\n%s", before, after)
	}
	g.Same(etc)
	// Settings that were kept count for a run by hand.
	if out := g.good("env -i PATH=$PATH iact-bootstrap"); strings.Count(out, "done already") != 5 {
		g.t.Errorf("a run by hand says\n%s", out)
	}
	if out, code := g.in("flock /var/iact/state/.lock bash /srv/bootstrap.sh"); code == 0 || !strings.Contains(out, "another bootstrap.sh is at work") {
		g.t.Errorf("two at once: exit %d\n%s", code, out)
	}
	if out, code := g.in("bash /srv/bootstrap.sh", "IACT_USER=x'; DROP"); code == 0 || !strings.Contains(out, "IACT_USER is 'x'; DROP'") {
		g.t.Errorf("a name of another kind: exit %d\n%s", code, out)
	}
}

const (
	asPostgres = `PGPASSWORD=pg-secret-1 psql -w -X -At -U django_user -d iact_analytics `
	asMariaDB  = `mariadb -N -u django_user -pmy-secret-1 `
)

// reachable: from the machine and the networks of the host, and from nowhere else.
func (g *guest) reachable() {
	for from, ok := range map[string]bool{"-h 127.0.0.1": true, "-h 10.0.2.15": true, "": true, "-h 10.9.9.9": false} {
		if out, code := g.in(asPostgres + from + ` -c 'SELECT 1'`); (code == 0) != ok {
			g.t.Errorf("postgresql %q: exit %d\n%s", from, code, out)
		}
		if out, code := g.in(asMariaDB + from + ` -e 'SELECT 1' ivr_legacy`); (code == 0) != ok {
			g.t.Errorf("mariadb %q: exit %d\n%s", from, code, out)
		}
	}
	if out, code := g.in(strings.Replace(asPostgres, "pg-secret-1", "wrong", 1) + "-h 127.0.0.1 -c 'SELECT 1'"); code == 0 {
		g.t.Errorf("a wrong password is good: %s", out)
	}
}

// leastRights: the user owns its databases and nothing else.
func (g *guest) leastRights() {
	for _, test := range []struct{ script, want string }{
		{asPostgres + `-c 'CREATE TABLE t (i int); DROP TABLE t' -c 'SELECT count(*) FROM schema_version'`, "CREATE TABLE\nDROP TABLE\n1"},
		{asPostgres + `-c 'SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user'`, "f|f|f|f"},
		{asPostgres + `-c "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"`, "citext hstore pg_stat_statements pg_trgm plpgsql uuid-ossp"},
		{asPostgres + `-c 'SELECT count(*) > 0 FROM pg_stat_statements' -c 'SHOW timezone' -c 'SHOW server_encoding'`, "t\nUTC\nUTF8"},
		{`runuser -u postgres -- psql -At -c "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = 'django_user'" -c "SELECT datacl FROM pg_database WHERE datname = 'iact_analytics'"`, "SCRAM-SHA-256\n{django_user=CTc/django_user}"},
		{asMariaDB + `-e "CREATE TABLE t (i int); DROP TABLE t; SELECT COUNT(*) FROM schema_version; SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = 'ivr_legacy'" ivr_legacy`, "1\nutf8mb4"},
		{`mariadb -N -e "SHOW GRANTS FOR 'django_user'@'10.0.2.0/255.255.255.0'" | grep -v USAGE`, "GRANT ALL PRIVILEGES ON `ivr\\\\_legacy`.* TO `django_user`@`10.0.2.0/255.255.255.0`"},
		{`mariadb -N -e "SELECT COUNT(*) FROM mysql.user WHERE User = 'django_user' AND Host = '%'"`, "0"},
	} {
		if out := g.good(test.script); out != test.want {
			g.t.Errorf("%s\ngives %q\nwant  %q", test.script, out, test.want)
		}
	}
	for _, script := range []string{asMariaDB + `-e 'CREATE DATABASE ivrxlegacy'`, asMariaDB + `-e 'SELECT COUNT(*) FROM mysql.user'`, asPostgres + `-c 'CREATE DATABASE x'`} {
		if out, code := g.in(script); code == 0 {
			g.t.Errorf("%s is allowed: %s", script, out)
		}
	}
}

// again: a stage is done once more when its marker is gone, when what goes into it
// is another, or when that is asked for; and it may fail without harm.
func (g *guest) again() {
	ran := func(out string) string {
		var all []string
		for _, line := range strings.Split(out, "\n") {
			if rest, is := strings.CutPrefix(line, "[STEP "); is && !strings.HasSuffix(line, "(done already)") {
				all = append(all, rest[:1])
			}
		}
		return strings.Join(all, " ")
	}
	for _, test := range []struct{ script, env, want string }{
		{"rm /var/iact/state/mariadb-configured; bash /srv/bootstrap.sh", "IACT_TIMEZONE=UTC", "4"},
		{"bash /srv/bootstrap.sh --from=setup_mariadb_database", "IACT_TIMEZONE=UTC", "4 5"},
		{"bash /srv/bootstrap.sh", "IACT_LEGACY=ivr_other", "4"},
		{"bash /srv/bootstrap.sh", "IACT_LEGACY=ivr_legacy", "4"},
		{"bash /srv/bootstrap.sh", "IACT_TIMEZONE=America/Mexico_City", "1 2 3"},
		{"mkdir -p /root/.iact; sed 's/my-secret-1/my-secret-2/' /etc/iact/vm.env >/root/.iact/vm.env; bash /srv/bootstrap.sh", "IACT_TIMEZONE=America/Mexico_City", "4"},
	} {
		if out := g.good(test.script, test.env); ran(out) != test.want {
			g.t.Errorf("%s %s ran stages %s, want %s\n%s", test.env, test.script, ran(out), test.want, out)
		}
	}
	if out := g.good(`date +%Z; mariadb -N -u django_user -pmy-secret-2 -e 'SELECT COUNT(*) FROM schema_version' ivr_legacy; mariadb -N -e "SHOW DATABASES LIKE 'ivr%'"`); out != "CST\n1\nivr_legacy\nivr_other" {
		g.t.Errorf("after all that:\n%s", out)
	}
	full := "mount -t tmpfs -o size=4k tmpfs /etc/postgresql/" + g.pg + "/main/conf.d && head -c 4096 /dev/zero >/etc/postgresql/" + g.pg + "/main/conf.d/full; bash /srv/bootstrap.sh --from=postgres_install"
	if out, code := g.in(full); code == 0 || !strings.Contains(out, "No space left on device") || !strings.Contains(out, "postgres_install.sh failed with code: 1") {
		g.t.Errorf("a full disk: exit %d\n%s", code, out)
	}
	g.good("bash /srv/bootstrap.sh", "IACT_TIMEZONE=America/Mexico_City")
}

// secret: no password is anywhere but in its file, and that is root's.
func (g *guest) secret() {
	if out := g.good("grep -rlE '(pg|my)-secret-[12]' /var/log /var/iact /etc /root /tmp /home || :; stat -c %a:%U /etc/iact/vm.env; ls -A /root/.iact"); out != "/etc/iact/vm.env\n600:root" {
		g.t.Errorf("passwords are in\n%s", out)
	}
	if out := g.good(`runuser -u postgres -- psql -At iact_analytics -c "SELECT count(*) FROM pg_stat_statements WHERE query ILIKE '%secret%' AND query NOT ILIKE '%pg_stat_statements%'"`); out != "0" {
		g.t.Errorf("the statistics have %s statements with a password", out)
	}
}
