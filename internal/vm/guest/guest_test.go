package guest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/guest"
	"iact-infra/internal/vm/vmtest"
)

// ask is a machine that tells these facts, changed by pairs of old and new lines.
func ask(t *testing.T, clock time.Time, changes ...string) *guest.Facts {
	t.Helper()
	text := strings.Replace(vmtest.Facts(), "NOW", fmt.Sprintf("%d.5", clock.Unix()), 1)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]+"\n") {
			t.Fatalf("the facts have no line %q", changes[i])
		}
		text = strings.Replace(text, changes[i]+"\n", changes[i+1], 1)
	}
	var input bytes.Buffer
	fake := commandtest.New(t, commandtest.Expect("bash", "-c", commandtest.Any).As("root").Reading().Reads(&input).Prints(text))
	f, err := guest.Ask(t.Context(), command.NewDoor(fake), guest.Asked{Analytics: "iact_analytics", Legacy: "ivr_legacy", User: "django_user", PostgreSQLPassword: "pg-secret-1", MariaDBPassword: "my-secret-1"})
	if err != nil {
		t.Fatal(err)
	}
	if seen := fake.Seen()[0]; strings.Contains(strings.Join(append(seen.Args, seen.Env...), " "), "secret") || !strings.Contains(input.String(), "POSTGRESQL_PASSWORD=pg-secret-1\n") {
		t.Error("a password is somewhere else than in the input")
	}
	return f
}

func wanted() guest.Machine {
	return guest.Machine{Name: "box", State: "running", CPUs: 2, Memory: 1 << 30, Wanted: 1024, WantedCPU: 2, Addresses: []string{"192.168.56.10"}, Timezone: "UTC", Shared: true}
}

func service() guest.Service {
	return guest.Service{
		Role:              guest.Role{PostgreSQL: true, MariaDB: true},
		Asked:             guest.Asked{Analytics: "iact_analytics", Legacy: "ivr_legacy", User: "django_user", PostgreSQLPassword: "pg-secret-1", MariaDBPassword: "my-secret-1"},
		PostgreSQLVersion: "15", MariaDBVersion: "10.11", Timezone: "UTC", Remote: true, Staged: true,
	}
}

// unwell are the findings that are no pass, as "fail processors: 1 of 2".
func unwell(all []guest.Finding) string {
	var said []string
	for _, f := range all {
		if f.State != guest.Pass {
			said = append(said, fmt.Sprintf("%s %s: %s", f.State, f.Name, f.Seen))
		}
		if f.State != guest.Pass && f.Fix == "" {
			said = append(said, "no fix")
		}
		if f.Check.ES == "" || f.Check.EN == "" || f.Seen == "" || f.Machine != "box" {
			said = append(said, fmt.Sprintf("an incomplete finding: %+v", f))
		}
	}
	return strings.Join(said, "; ")
}

func TestASystemIsJudgedByWhatItTells(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, new, want string }{
		{"cpus=2", "cpus=2\n", ""},
		{"cpus=2", "cpus=1\n", "fail processors: 1 of 2"},
		{"memory_kib=1000000", "memory_kib=500000\n", "fail memory: 488 MiB of 1.0 GiB"},
		{"memory_kib=1000000", "memory_kib=930000\n", ""}, // the kernel keeps some
		{"available_kib=700000", "available_kib=9000\n", "warn memory available: 8.8 MiB"},
		{"addresses=192.168.121.5 192.168.56.10", "addresses=192.168.121.5\n", "fail private address: 192.168.56.10"},
		{"addresses=192.168.121.5 192.168.56.10", "addresses=\n", "fail addresses: -; fail private address: 192.168.56.10"},
		{"route=default via 192.168.121.1 dev eth0", "route=\n", "warn default route: -"},
		{"dns=192.168.121.1", "dns=\n", "warn name server: -"},
		{"names=yes", "names=\n", "warn its name resolves: iact-devbox"},
		{"shared=yes", "shared=\n", "warn /vagrant is there: empty or not there"},
		{"disk=8000000 6000000", "disk=8000000 70000\n", "fail free space: 0 %"},
		{"disk=8000000 6000000", "disk=8000000 700000\n", "warn free space: 8 %"},
		{"inodes=500000 450000", "inodes=500000 0\n", "fail free inodes: 0 %"},
		{"inodes=500000 450000", "inodes=0 0\n", ""}, // btrfs counts none
		{"readonly=0", "readonly=1\n", "fail the disk can be written: /"},
		{"zone=Etc/UTC", "zone=America/Bogota\n", "fail time zone: America/Bogota"},
	} {
		if got := unwell(guest.System(wanted(), ask(t, time.Now(), test.old, test.new))); got != test.want {
			t.Errorf("%q: %s, want %s", test.new, got, test.want)
		}
	}
}

func TestAClockThatIsLateIsAWarningWithAWayOut(t *testing.T) {
	t.Parallel()
	found := guest.System(wanted(), ask(t, time.Now().Add(-time.Hour)))
	if got := unwell(found); !strings.HasPrefix(got, "warn clock: 1h0m0s off") && !strings.HasPrefix(got, "warn clock: 59m59s off") {
		t.Errorf("got %s", got)
	}
	if last := found[len(found)-1]; !strings.Contains(last.Fix, "date -s") {
		t.Errorf("the fix is %s", last.Fix)
	}
}

func TestAFixIsTypedOnThisHostAndNamesTheMachine(t *testing.T) {
	t.Parallel()
	for _, f := range guest.System(wanted(), ask(t, time.Now(), "names=yes", "")) {
		if f.State == guest.Pass {
			continue
		}
		if !strings.Contains(f.Fix, "-machine=box -c='echo 127.0.1.1 $(hostname) | sudo tee -a /etc/hosts'") {
			t.Errorf("the fix is %s", f.Fix)
		}
	}
}

func TestServicesAreJudgedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, new, want string }{
		{"== failed", "== failed\n", ""},
		{"postgresql@15-main.service active enabled-runtime", "postgresql.service active enabled\n", "fail service PostgreSQL: no unit"}, // the umbrella proves nothing
		{"postgresql@15-main.service active enabled-runtime", "postgresql@15-main.service failed enabled\n", "fail service PostgreSQL: postgresql@15-main.service failed enabled"},
		{"mariadb.service active enabled", "mariadb.service activating enabled\n", "fail service MariaDB: mariadb.service activating enabled"},
		{"mariadb.service active enabled", "mariadb.service active disabled\n", "warn MariaDB starts with the machine: mariadb.service active disabled"},
		{"== failed", "== failed\nssh.service\n", "warn failed units: ssh.service"},
		{"postgres-configured", "", "fail stages that have ended: postgres-configured"},
		{"log=/var/log/iact/bootstrap-20260301.log", "log=x\n[ERROR] mariadb_install.sh failed with code: 1\n", "warn log of provisioning: [ERROR] mariadb_install.sh failed with code: 1"},
		{"answer=15.10 (Debian 15.10-0+deb12u1)", "answer=13.2\n", "fail PostgreSQL answers: 13.2"},
		{"database=django_user UTF8", "", "fail database iact_analytics: there is none"},
		{"database=django_user UTF8", "database=postgres UTF8\n", "warn django_user owns it: postgres"},
		{"login=true", "login=false\n", "fail user django_user: may not log in"},
		{"beyond=", "beyond=superuser pg_execute_server_program\n", "fail no rights beyond its own: superuser pg_execute_server_program"},
		{"listen=*", "listen=localhost\n", "fail PostgreSQL listens to the outside: localhost"},
		{"answer=10.11.6-MariaDB-0+deb12u1", "answer=10.5.1-MariaDB\n", "fail MariaDB answers: 10.5.1-MariaDB"},
		{"zone=SYSTEM UTC", "zone=-05:00 UTC\n", "warn time zone of MariaDB: -05:00 UTC"},
		{"zone=SYSTEM UTC", "zone=+00:00 CST\n", ""},
		{"database=utf8mb4", "database=latin1\n", "warn character set: latin1"},
		{"account=localhost", "account=%\n", "warn accounts of known networks alone: 10.0.2.0/255.255.255.0 %"},
		{`schema=ivr\_legacy`, "schema=mysql\n", "warn its own database alone: mysql"},
		{"account=localhost", "account=localhost\nglobal=SUPER to 'django_user'@'localhost'\n", "fail no global rights: SUPER to 'django_user'@'localhost'"},
	} {
		if got := unwell(guest.Services("box", service(), ask(t, time.Now(), test.old, test.new))); got != test.want {
			t.Errorf("%q: %s, want %s", test.new, got, test.want)
		}
	}
}

func TestAnErrorOfTheApplicationsSessionIsQuoted(t *testing.T) {
	t.Parallel()
	f := ask(t, time.Now(), "query=django_user", "psql: error: FATAL:  password authentication failed for user \"django_user\"\n")
	if got := unwell(guest.Services("box", service(), f)); got != `fail query as django_user in PostgreSQL: psql: error: FATAL:  password authentication failed for user "django_user"` {
		t.Errorf("got %s", got)
	}
}

func TestAMachineIsJudgedByItsNameAndByWhatIsInIt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]guest.Role{"postgresql": {PostgreSQL: true}, "MariaDB": {MariaDB: true}, "mysql-1": {MariaDB: true}, "adminer": {Web: true}, "other": {}} {
		if got := guest.RoleOf(name, false); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := guest.RoleOf("other", true); got != (guest.Role{PostgreSQL: true, MariaDB: true}) {
		t.Errorf("one alone: %+v", got)
	}
	if got := ask(t, time.Now()).Role(); got != (guest.Role{PostgreSQL: true, MariaDB: true}) {
		t.Errorf("by what is in it: %+v", got)
	}
}

func TestAServerThatTheMachineIsNotThereForIsNotAskedForData(t *testing.T) {
	t.Parallel()
	maria := service()
	maria.Role = guest.Role{MariaDB: true}
	f := ask(t, time.Now(), "database=django_user UTF8", "", "postgres-configured", "")
	maria.Staged = false
	if got := unwell(guest.Services("box", maria, f)); got != "warn PostgreSQL runs as well: 15.10 (Debian 15.10-0+deb12u1)" {
		t.Errorf("got %s", got)
	}
	nameless := service()
	nameless.Role, nameless.Staged = guest.Role{}, false
	if got := unwell(guest.Services("box", nameless, f)); got != "fail database iact_analytics: there is none" {
		t.Errorf("by what is in it: %s", got)
	}
}

func TestATableFailsWithACodeAndIsSafeToPrint(t *testing.T) {
	t.Parallel()
	f := ask(t, time.Now(), "hostname=iact-devbox", "hostname=a\x1b[31mb\n", "cpus=2", "cpus=1\n")
	table := guest.NewTable(guest.System(wanted(), f))
	var es bytes.Buffer
	table.Write(&es, "es")
	if said := es.String(); strings.Contains(said, "\x1b") || !strings.Contains(said, "[FAIL]  box  procesadores") || !strings.Contains(said, "[PASS]  box  memoria") {
		t.Errorf("the table is\n%q", said)
	}
	if err := table.Err("en"); fault.Code(err) != fault.Invalid || err.Error() != "box: processors: 1 of 2" || fault.Hint(err) != "go tool mage vm:reload -machine=box" {
		t.Errorf("got %d %v, %s", fault.Code(err), err, fault.Hint(err))
	}
}

func FuzzFactsOfAnyKindAreJudged(f *testing.F) {
	f.Add("== system\ncpus=x\ndisk=1\nclock=1e400\n== postgres\nanswer=\n")
	f.Add("=\n== \n==  units\n= =\nx")
	f.Fuzz(func(t *testing.T, text string) {
		fake := commandtest.New(t, commandtest.Expect("bash", "-c", commandtest.Any).Prints(text))
		facts, err := guest.Ask(t.Context(), command.NewDoor(fake), guest.Asked{})
		if err != nil {
			return
		}
		for _, one := range append(guest.System(wanted(), facts), guest.Services("box", service(), facts)...) {
			if one.State == guest.Fail && one.Fix == "" || one.Name == "" || one.Seen == "" {
				t.Errorf("an incomplete finding: %+v", one)
			}
		}
	})
}
