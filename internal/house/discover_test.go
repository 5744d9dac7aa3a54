package house_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup"
	"iact-infra/internal/command"
	"iact-infra/internal/house"
	"iact-infra/internal/testbed"
)

// playVariable lets the test binary play the program: docker, ssh and vagrant
// are found by the environment of a process.
const playVariable = "HOUSE_TEST_PLAY"

func TestMain(m *testing.M) {
	if os.Getenv(playVariable) == "" {
		m.Run()
		return
	}
	h := house.New(house.Process())
	run := func(ctx context.Context) error { return h.Run(ctx, os.Args[1]) }
	if os.Args[1] == "backup:discover" {
		write := slices.Contains(os.Args[2:], "-write=true")
		run = func(ctx context.Context) error { return h.DiscoverSources(ctx, &write) }
	}
	message, code := shown(run(context.Background()))
	_, _ = os.Stderr.WriteString(message + "\n")
	os.Exit(code)
}

// seeker is a checkout in which backup:discover runs.
type seeker struct {
	t    *testing.T
	root string
	env  []string
}

// run starts a target and returns its outputs and its exit code.
func (s *seeker) run(env []string, args ...string) (out, said string, code int) {
	s.t.Helper()
	self, err := os.Executable()
	must(s.t, err)
	dir, err := os.MkdirTemp(s.root, "streams-")
	must(s.t, err)
	words := []string{"-c", `out=$1 said=$2; shift 2; exec "$@" >"$out" 2>"$said"`, "sh", filepath.Join(dir, "out"), filepath.Join(dir, "err"), self}
	c := command.Change("sh", append(words, args...)...)
	c.Env = slices.Concat([]string{playVariable + "=1", "IACT_DIR=" + s.root, "LANG=C.UTF-8", "NO_COLOR=1", "HOME=" + s.root, "PGHOST="}, s.env, env)
	c.Timeout = 2 * time.Minute
	var failed *command.Error
	if err := command.NewDoor(command.Local()).Run(context.Background(), c); errors.As(err, &failed) {
		code = failed.Exit
	}
	return s.read(filepath.Join(dir, "out")), s.read(filepath.Join(dir, "err")), code
}

func (s *seeker) good(env []string, args ...string) (out, said string) {
	s.t.Helper()
	out, said, code := s.run(env, args...)
	if code != 0 {
		s.t.Fatalf("%v: exit %d\n%s%s", args, code, out, said)
	}
	return out, said
}

// found is backup:discover, by place and database.
func (s *seeker) found(args ...string) map[string]backup.Found {
	s.t.Helper()
	out, _ := s.good([]string{"IACT_FORMAT=json"}, append([]string{"backup:discover"}, args...)...)
	var all []backup.Found
	must(s.t, json.Unmarshal([]byte(out), &all))
	rows := map[string]backup.Found{}
	for _, one := range all {
		rows[one.Place+"/"+one.Database] = one
	}
	return rows
}

func (s *seeker) read(path string) string {
	s.t.Helper()
	text, err := os.ReadFile(path)
	must(s.t, err)
	return string(text)
}

// shell runs a line as a person types it.
func (s *seeker) shell(line string) {
	s.t.Helper()
	c := command.Change("sh", "-c", line)
	c.Env = s.env
	must(s.t, command.NewDoor(command.Local()).Run(s.t.Context(), c))
}

// TestWholeDatabasesInContainersAreProposedAndAdded, beside what the machine
// itself has, until every one of them is backed up.
func TestWholeDatabasesInContainersAreProposedAndAdded(t *testing.T) {
	t.Parallel()
	docker, here := testbed.OwnDocker(t), testbed.OwnMariaDB(t)
	here.SQL(t, "mysql", "CREATE DATABASE `Ventas ñ`; CREATE DATABASE ivr")
	const secret, other = "s3cret-of-mariadb", "s3cret-of-postgres"
	pg := docker.Postgres(t)
	docker.Run(t, "exec", pg, "psql", "-U", "postgres", "-c", "CREATE DATABASE iact", "-c", `CREATE DATABASE "Odd, näme: #1"`, "-c", `CREATE DATABASE "a=b"`)
	maria := docker.MariaDB(t)
	docker.Run(t, "exec", maria, "mariadb", "-e", "CREATE DATABASE ivr; CREATE DATABASE Ivr; CREATE TABLE ivr.t (a int)")
	locked := docker.MariaDB(t, "--env", "MARIADB_ROOT_PASSWORD="+secret)
	docker.Run(t, "exec", locked, "mariadb", "-e", "CREATE DATABASE shop; ALTER USER root@localhost IDENTIFIED BY '"+secret+"'")
	scram := docker.Postgres(t, "--env", "POSTGRES_USER=boss", "--env", "POSTGRES_PASSWORD="+other)
	docker.Run(t, "exec", scram, "psql", "-U", "postgres", "-c", "CREATE ROLE boss SUPERUSER LOGIN PASSWORD '"+other+"'", "-c", "CREATE DATABASE till")
	docker.Run(t, "exec", scram, "sh", "-c", `sed -i 's/ trust$/ scram-sha-256/' "$PGDATA/pg_hba.conf" && kill -HUP 1`)
	unwanted := docker.Postgres(t, "--label", "iact.backup=false")
	client := docker.Container(t, "--env", "POSTGRES_PASSWORD="+other, "--expose", "5432", docker.Busybox(t), "sleep", "1000")

	s := &seeker{t: t, root: t.TempDir()}
	s.env = append(docker.Env(), "MYSQL_UNIX_PORT="+here.Socket)
	write(t, s.root, "go.mod", "module iact-infra\n")
	write(t, s.root, ".my.cnf", "[client]\nuser="+here.User+"\n")
	write(t, s.root, "project/.env", "A=1\n")
	write(t, s.root, "config/iact.yaml", "# ours\nproject: project\nbackup:\n  store: sets\n  volumes: {match: []}\n")
	local := filepath.Join(s.root, "config", "iact.local.yaml")

	_, said := s.good(nil, "backup:prepare")
	for name, told := range map[string]bool{pg: true, maria: true, locked: true, scram: true, unwanted: false, client: false} {
		if strings.Contains(said, "container "+name+" is not backed up: backup:discover -write=true") != told {
			t.Errorf("backup:prepare tells of %s: want %v\n%s", name, told, said)
		}
	}

	rows := s.found()
	for key, want := range map[string]string{
		"local/Ventas ñ": "configured", "local/ivr": "configured", "docker:" + pg + "/iact": "proposed", "docker:" + pg + "/Odd, näme: #1": "proposed",
		"docker:" + pg + "/a=b": "not possible", "docker:" + maria + "/ivr": "proposed", "docker:" + maria + "/Ivr": "proposed",
		"docker:" + locked + "/": "needs password", "docker:" + scram + "/": "needs password",
	} {
		if rows[key].State != want {
			t.Errorf("%s is %+v, want %s", key, rows[key], want)
		}
		delete(rows, key)
	}
	if len(rows) != 0 {
		t.Errorf("found besides: %v", rows)
	}
	if one := s.found()["docker:"+pg+"/iact"]; one.Kind != "postgres" || one.Name != "iact" || one.Size < 1<<20 {
		t.Errorf("iact is %+v", one)
	}

	// The plan is what a shell can do, and changes nothing itself.
	plan, _ := s.good([]string{"IACT_PLAN=1"}, "backup:discover", "-write=true")
	if _, err := os.Stat(local); err == nil {
		t.Fatal("a plan has written the configuration")
	}
	s.shell(plan)
	planned := s.read(local)
	must(t, os.Remove(local))
	shownText, _ := s.good(nil, "backup:discover")
	out, _ := s.good(nil, "backup:discover", "-write=true")
	text := s.read(local)
	if text != planned {
		t.Errorf("planned\n%s\nwritten\n%s", planned, text)
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "- {") && !strings.Contains(shownText, line) {
			t.Errorf("without -write nobody is shown %s", line)
		}
	}
	if !strings.Contains(out, "sources: auto becomes a list") {
		t.Errorf("nobody is told that auto is a list now:\n%s", out)
	}
	for _, line := range []string{
		"- {name: \"ventas--\", kind: mariadb, database: \"Ventas ñ\", socket: " + here.Socket + "}\n", "- {name: config, kind: files, path: project, exclude: [node_modules/,",
		"- {name: odd--n-me---1, kind: postgres, database: \"Odd, näme: #1\", via: docker:" + pg + ", user: postgres, as: postgres}\n",
		"- {name: ivr-3, kind: mariadb, database: ivr, via: docker:" + maria + ", user: root}\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	s.good(nil, "backup:discover", "-write=true")
	if again := s.read(local); again != text {
		t.Errorf("a second time changes\n%s\nto\n%s", text, again)
	}

	// The way out for a password is a line that works, and shows it to nobody.
	for _, key := range []string{"docker:" + locked + "/", "docker:" + scram + "/"} {
		one := s.found()[key]
		if !strings.Contains(one.Fix, "docker exec ") {
			t.Fatalf("%s: %+v", key, one)
		}
		s.shell(one.Fix)
	}
	out, said = s.good(nil, "backup:discover", "-write=true")
	text = s.read(local)
	for _, one := range []string{"{name: shop, kind: mariadb, via: docker:" + locked + ", user: root, password_file: .iact/passwords/", "{name: till, kind: postgres, via: docker:" + scram + ", user: boss, password_file: .iact/passwords/"} {
		if !strings.Contains(text, one) {
			t.Errorf("no %s in\n%s\n%s", one, text, out)
		}
	}
	for _, value := range []string{secret, other} {
		if strings.Contains(plan+out+said+text+shownText, value) {
			t.Error("a password is shown")
		}
	}

	// What was proposed is what a backup can do.
	s.good(nil, "backup:all")
	out, _ = s.good(nil, "backup:discover")
	if !strings.Contains(out, "databases configured, nothing to add") {
		t.Errorf("after all:\n%s", out)
	}
	docker.Run(t, "exec", pg, "psql", "-U", "postgres", "-c", "CREATE DATABASE later")
	if one := s.found("-write=true")["docker:"+pg+"/later"]; one.State != "added" || !strings.HasPrefix(s.read(local), text) {
		t.Errorf("later is %+v\n%s", one, s.read(local))
	}

	// A server of this machine that does not answer must not fall out of a list.
	must(t, os.Remove(local))
	s.env = append(s.env, "MYSQL_UNIX_PORT="+filepath.Join(s.root, "none.sock"))
	if _, said, code := s.run(nil, "backup:discover", "-write=true"); code != 4 || !strings.Contains(said, "turn auto into a list: the mariadb server of this machine does not show its databases") {
		t.Errorf("exit %d\n%s", code, said)
	}

	// A daemon that hangs holds nothing up.
	write(t, s.root, "config/iact.local.yaml", "backup:\n  sources:\n    - {name: config, kind: files, path: project}\n")
	docker.Hang(t)
	start := time.Now()
	_, said = s.good(nil, "backup:prepare")
	if took := time.Since(start); took > 6*time.Second || !strings.Contains(said, "docker does not answer: whether containers have databases is not known") {
		t.Errorf("with a daemon that hangs backup:prepare takes %v\n%s", took, said)
	}
	docker.Continue(t)
}

// TestRealSlowDatabasesInVagrantMachinesAreProposed: those of machines that run. One
// that does not is named, with the way to start it, and left alone. A container
// stands for the machine, reached by ssh as vagrant says.
func TestRealSlowDatabasesInVagrantMachinesAreProposed(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	machine := docker.Container(t, "--label", "iact.backup=false", "--network", "none", docker.Databases(t), "sh", "-c", "chmod 755 /root; ssh-keygen -qA; exec as postgres postgres -D /var/lib/postgresql/data -F")
	s := &seeker{t: t, root: t.TempDir()}
	s.env = append(docker.Env(), "PATH="+filepath.Join(s.root, "bin")+":"+os.Getenv("PATH"), "MYSQL_UNIX_PORT=")
	s.shell("cd " + s.root + " && mkdir bin && ssh-keygen -q -t ed25519 -N '' -f key && docker exec -i " + machine + " sh -c 'mkdir -p /root/.ssh && cat >/root/.ssh/authorized_keys' <key.pub")
	docker.Run(t, "exec", machine, "sh", "-c", "until psql -U postgres -c 'CREATE DATABASE iact_analytics' 2>/dev/null; do sleep 0.1; done")
	write(t, s.root, "go.mod", "module iact-infra\n")
	write(t, s.root, "project/.env", "A=1\n")
	write(t, s.root, "config/iact.yaml", "project: project\nbackup:\n  store: sets\n  sources: [{name: config, kind: files, path: project}]\nvm: {dir: db}\n")
	for _, name := range []string{"adminer", "postgresql"} {
		write(t, s.root, "db/.vagrant/machines/"+name+"/virtualbox/id", "4711")
	}
	write(t, s.root, "db/.vagrant/machines/never/virtualbox/index_uuid", "x")
	write(t, s.root, "bin/vagrant", `#!/bin/sh
echo "$PWD $*" >>`+s.root+`/calls
if [ "$*" = "ssh-config postgresql" ]; then cat `+s.root+`/answer; exit; fi
echo 'The provider for this Vagrant-managed machine is reporting that it
is not yet ready for SSH.' >&2
exit 1
`)
	must(t, os.Chmod(filepath.Join(s.root, "bin", "vagrant"), 0o755))
	write(t, s.root, "answer", "Host postgresql\n  HostName 127.0.0.1\n  User root\n  IdentityFile "+s.root+"/key\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel FATAL\n"+
		"  ProxyCommand docker exec -i "+machine+" /usr/sbin/sshd -i -o UseDNS=no -o UsePAM=no\n")

	rows := s.found("-write=true")
	if one := rows["vagrant:postgresql/iact_analytics"]; one.State != "added" || one.Kind != "postgres" || one.Size < 1<<20 {
		t.Errorf("the database is %+v of %v", one, rows)
	}
	if one := rows["vagrant:adminer/"]; one.State != "not running" || one.Fix != "start the machine: (cd "+s.root+"/db && vagrant up adminer)" {
		t.Errorf("the machine that does not run is %+v", one)
	}
	text := s.read(filepath.Join(s.root, "config", "iact.local.yaml"))
	for _, line := range []string{"- {name: config, kind: files, path: project}\n", "- {name: iact_analytics, kind: postgres, via: vagrant:postgresql, user: postgres, as: postgres}\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	if one := s.found()["vagrant:postgresql/iact_analytics"]; one.State != "configured" {
		t.Errorf("then it is %+v", one)
	}
	for line := range strings.Lines(s.read(filepath.Join(s.root, "calls"))) {
		if !strings.HasPrefix(line, s.root+"/db ssh-config ") {
			t.Errorf("vagrant is called: %s", line)
		}
	}

	// Only the machines that are configured, when some are.
	write(t, s.root, "config/iact.yaml", "project: project\nbackup:\n  store: sets\nvm: {dir: db, machines: [adminer]}\n")
	for key := range s.found() {
		if strings.HasPrefix(key, "vagrant:postgresql") {
			t.Errorf("%s is looked at", key)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
