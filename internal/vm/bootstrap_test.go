package vm_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"iact-infra/internal/fault"
)

func TestOurMachineGetsItsScriptAndPasswordsThatNobodySees(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.must(os.MkdirAll(r.at("config"), 0o755))
	r.good("vm:fetch")
	before := r.picture()
	said := r.good("vm:bootstrap")
	env := r.read("config/vm.env")
	found := regexp.MustCompile(`(?m)^(?:POSTGRESQL|MARIADB)_PASSWORD=([A-Za-z0-9_-]{32})$`).FindAllStringSubmatch(env, -1)
	if len(found) != 2 || found[0][1] == found[1][1] {
		t.Fatalf("no two random passwords in %d bytes", len(env))
	}
	info, err := os.Stat(r.at("config/vm.env"))
	r.must(err)
	script, err := os.Stat(r.at("bootstrap.sh"))
	r.must(err)
	for _, part := range []string{"\nstages=(", "\nrepository() {", "\nsetup_postgres_database() {", "\nfor stage in "} {
		if strings.Count(r.read("bootstrap.sh"), part) != 1 || strings.Contains(r.read("bootstrap.sh"), "$parts/") {
			t.Errorf("the script is not whole: look for %q", part)
		}
	}
	if info.Mode().Perm() != 0o600 || script.Mode().Perm() != 0o755 {
		t.Errorf("modes %o and %o", info.Mode().Perm(), script.Mode().Perm())
	}
	journals, err := os.ReadDir(r.at(".iact/journal"))
	r.must(err)
	for _, one := range journals {
		said += r.read(".iact/journal/" + one.Name())
	}
	for _, one := range found {
		if strings.Contains(said, one[1]) {
			t.Error("a password was shown, or is in the journal")
		}
	}
	if said := r.good("vm:bootstrap"); !strings.Contains(said, "already done") || r.read("config/vm.env") != env {
		t.Errorf("a second time:\n%s", said)
	}
	r.undo()
	if r.picture() != before {
		t.Errorf("after undoing:\n%s\nwant\n%s", r.picture(), before)
	}
}

func TestPasswordsThatWereThereStay(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.write("config/vm.env", "POSTGRESQL_PASSWORD=mine-and-mine\nMARIADB_PASSWORD=mine-as-well\n")
	r.must(os.Chmod(r.at("config/vm.env"), 0o600))
	r.good("vm:fetch")
	r.good("vm:bootstrap")
	r.undo()
	if !strings.Contains(r.read("config/vm.env"), "mine-and-mine") || r.exists("bootstrap.sh") {
		t.Error("they are gone, or the script is left")
	}
}

func TestAFileOfPasswordsThatIsNotSafeIsRefused(t *testing.T) {
	t.Parallel()
	good := "POSTGRESQL_PASSWORD=12345678\nMARIADB_PASSWORD=12345678\n"
	for _, test := range []struct {
		name, text string
		mode       os.FileMode
		what, hint string
	}{
		{"others can read it", good, 0o640, "has mode 0640", "chmod 600"},
		{"a line is missing", "POSTGRESQL_PASSWORD=12345678\n", 0o600, "MARIADB_PASSWORD is missing", "MARIADB_PASSWORD=…"},
		{"one is short", strings.Replace(good, "12345678", "hunter2", 1), 0o600, "POSTGRESQL_PASSWORD has to have 8 to 128", "new one"},
		{"one would need quotes", strings.Replace(good, "12345678", "it's-mine", 1), 0o600, "may only have", "new one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newFetchRig(t)
			r.good("vm:fetch")
			r.write("config/vm.env", test.text)
			r.must(os.Chmod(r.at("config/vm.env"), test.mode))
			r.refused("vm:bootstrap", fault.Usage, test.what, test.hint)
			if said, _ := r.run("vm:bootstrap"); strings.Contains(said, "hunter2") || strings.Contains(said, "it's-mine") {
				t.Errorf("the password is shown:\n%s", said)
			}
		})
	}
}

func TestPasswordsThatGitWouldTakeAreNotMade(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.git(".", "init", "-q")
	r.good("vm:fetch")
	r.good("vm:bootstrap") // it is ignored
	r.config = "logins: other/vm.env"
	r.good("vm:fetch")
	r.refused("vm:bootstrap", fault.Usage, "git would take the passwords in it", ".gitignore")
	if r.exists("other") {
		t.Error("they were made")
	}
}

func TestAProjectsScriptsAreJudgedBeforeTheMachineSeesThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script string
		code         int
		want, hint   string
	}{
		{"a good one", "#!/bin/bash\necho good\n", 0, "made", ""},
		{"with a password", "#!/bin/bash\n\nDB_ROOT_PASSWORD=rootpass123\n", 0, "in clear in line 3", ""},
		{"of Windows", "#!/bin/bash\necho good\r\n", fault.Invalid, "line 2 ends as in Windows", "sed -i"},
		{"with a fault", "#!/bin/bash\nif true; then\n", fault.Invalid, "syntax error", "mend"},
		{"missing", "", fault.Missing, "and it is not there", "get it from the project"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newFetchRig(t)
			r.write("Vagrantfile", "Vagrant.configure('2') { |c|\n c.vm.provision 'shell', path: 'bootstrap.sh'\n}\n")
			if test.script != "" {
				r.write("bootstrap.sh", test.script)
			}
			before := r.picture()
			if test.code != 0 {
				r.refused("vm:bootstrap", test.code, test.want, test.hint)
				return
			}
			if said := r.good("vm:bootstrap"); !strings.Contains(said, test.want) {
				t.Errorf("says\n%s", said)
			}
			if r.exists("config/vm.env") {
				t.Error("passwords were made that its databases do not have")
			}
			r.undo()
			if r.picture() != before {
				t.Error("undo left a mode")
			}
		})
	}
}
