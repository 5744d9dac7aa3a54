package vm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

func TestAProjectWithoutAVagrantfileGetsOursAndASecondFetchChangesNothing(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.config = "memory: 1024, postgresql_port: 25432, logins: secret/vm.env"
	before := r.picture()
	r.good("vm:fetch")
	var got map[string]any
	r.must(json.Unmarshal([]byte(r.read("vm.json")), &got))
	if got["memory"] != 1024.0 || got["postgresql_port"] != 25432.0 || got["logins"] != "../secret/vm.env" || got["box"] != "debian/bookworm64" {
		t.Errorf("settings %v", got)
	}
	if r.read("Vagrantfile") != r.read("config/Vagrantfile") {
		t.Error("the Vagrantfile is not ours")
	}
	after := r.picture()
	if said := r.good("vm:fetch"); !strings.Contains(said, "already done") || r.picture() != after {
		t.Errorf("a second time:\n%s", said)
	}
	r.config = "memory: 2048"
	r.good("vm:fetch")
	if !strings.Contains(r.read("vm.json"), `"memory": 2048`) {
		t.Errorf("another configuration does not reach it: %s", r.read("vm.json"))
	}
	r.undo()
	if r.picture() != after {
		t.Errorf("after undoing the second run:\n%s\nwant\n%s", r.picture(), after)
	}
	r.must(os.Remove(r.at("Vagrantfile")))
	r.must(os.Remove(r.at("vm.json")))
	r.must(os.Remove(r.at("vm")))
	r.good("vm:fetch")
	r.undo()
	if r.picture() != before {
		t.Errorf("after undoing all:\n%s\nwant\n%s", r.picture(), before)
	}
}

func TestWhatAPersonHasChangedIsNeitherOverwrittenNorTakenAway(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.good("vm:fetch")
	r.write("Vagrantfile", r.read("Vagrantfile")+"# mine\n")
	edited := strings.Replace(r.read("vm.json"), `"cpus": 2`, `"cpus": 3`, 1)
	r.write("vm.json", edited)
	r.config = "memory: 1024"
	if said := r.good("vm:fetch"); !strings.Contains(said, "vm.json was changed by hand") {
		t.Errorf("nothing is said of the change:\n%s", said)
	}
	if r.read("vm.json") != edited {
		t.Error("the settings were overwritten")
	}
	if said := r.undo(); !strings.Contains(said, "was changed since and stays") {
		t.Errorf("undo says\n%s", said)
	}
	if !r.exists("Vagrantfile") || r.read("vm.json") != edited {
		t.Error("a person's work is gone")
	}
}

func TestAVagrantfileThatIsThereIsLeftAloneAndJudged(t *testing.T) {
	t.Parallel()
	theirs := "DB_PASSWORD = \"django_pass\"\nVagrant.configure('2') do |config|\n  config.vm.box = \"ubuntu/focal64\"\nend\n"
	for _, test := range []struct {
		name, text, vagrant string
		code                int // 0: it is good
		want, hint          string
	}{
		{"a good one", theirs, validFile, 0, "line 1: a password stands here in clear", ""},
		{
			"one that installs a plugin", "unless system('vagrant plugin install vagrant-goodhosts')\nend\nexit\n", "echo asked; exit 1", fault.Missing,
			"line 1 installs vagrant-goodhosts whenever Vagrant reads it, even to look, and ends Vagrant with exit code 0", "vagrant plugin install vagrant-goodhosts",
		},
		{"one that Vagrant refuses", theirs, "echo 'There is a syntax error in the following Vagrantfile' >&2; exit 1", fault.Invalid, "There is a syntax error", "mended"},
		{"one that ends by itself", theirs, "echo 'Run again, please'", fault.Invalid, "did not say that it is valid", "exit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newFetchRig(t)
			r.vagrant = test.vagrant
			r.write("Vagrantfile", test.text)
			before := r.picture()
			if test.code == 0 {
				if said := r.good("vm:fetch"); !strings.Contains(said, test.want) {
					t.Errorf("says\n%s", said)
				}
			} else {
				r.refused("vm:fetch", test.code, test.want, test.hint)
			}
			if r.picture() != before {
				t.Errorf("it changed something:\n%s", r.picture())
			}
		})
	}
}

func TestAPluginThatIsInstalledIsNotInstalledAgain(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.env["VAGRANT_HOME"] = r.at("home")
	r.write("home/plugins.json", `{"version":"1","installed":{"vagrant-goodhosts":{"ruby_version":"3"}}}`)
	r.write("Vagrantfile", "system('vagrant plugin install vagrant-goodhosts') unless Vagrant.has_plugin?('vagrant-goodhosts')\n")
	r.good("vm:fetch")
}

func TestAVagrantfileElsewhereInTheProjectIsNamedWithItsKey(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"infraestructura/vagrant", "infrastructure/vagrant", "db"} {
		r := newFetchRig(t)
		r.project = r.at("iact")
		r.write("iact/"+dir+"/Vagrantfile", "Vagrant.configure('2') { }\n")
		r.refused("vm:fetch", fault.Usage, "the project has one in "+r.at("iact/"+dir), "vm: {dir: "+r.at("iact/"+dir)+"}")
		r.config = "dir: " + r.at("iact/"+dir)
		r.good("vm:fetch")
		r.config = "dir: " + r.at("ours")
		r.good("vm:fetch")
		if !r.exists("ours/Vagrantfile") || !r.exists("ours/vm.json") {
			t.Error("a directory that was chosen has none of ours")
		}
		r.undo()
		if r.exists("ours") {
			t.Error("the directory that was made is left")
		}
	}
}

// cloned is a rig whose project follows a remote that has a branch with a
// Vagrantfile, and a newer main.
func cloned(t *testing.T, on string) *fetchRig {
	t.Helper()
	r := newFetchRig(t)
	r.must(os.MkdirAll(r.at("origin"), 0o755))
	r.git("origin", "init", "-q")
	r.write("origin/a", "1\n")
	r.git("origin", "add", ".")
	r.git("origin", "commit", "-qm", "one")
	r.git(".", "clone", "-q", r.at("origin"), r.at("iact"))
	if on != "main" {
		r.git("origin", "checkout", "-qb", on)
	}
	r.write("origin/infraestructura/vagrant/Vagrantfile", "Vagrant.configure('2') { |c| c.vm.provision 'shell', path: 'bootstrap.sh' }\n")
	r.write("origin/infraestructura/vagrant/bootstrap.sh", "#!/bin/bash\necho hello\n")
	r.must(os.Chmod(r.at("origin/infraestructura/vagrant/bootstrap.sh"), 0o755))
	r.git("origin", "add", ".")
	r.git("origin", "commit", "-qm", "vagrant")
	r.project = r.at("iact")
	r.config = "dir: " + r.at("iact/infraestructura/vagrant")
	return r
}

func TestAVagrantfileOnAnotherBranchIsTakenFromThere(t *testing.T) {
	t.Parallel()
	r := cloned(t, "feature/vagrant-setup")
	head := r.git("iact", "rev-parse", "HEAD")
	if said := r.good("vm:fetch"); !strings.Contains(said, "show origin/feature/vagrant-setup:infraestructura/vagrant/Vagrantfile") {
		t.Errorf("the command is not named:\n%s", said)
	}
	info, err := os.Stat(r.at("iact/infraestructura/vagrant/bootstrap.sh"))
	r.must(err)
	if info.Mode().Perm() != 0o755 || r.git("iact", "rev-parse", "HEAD") != head || r.git("iact", "branch", "--show-current") != "main" {
		t.Error("the branch was changed, or a mode is wrong")
	}
	r.undo()
	if r.exists("iact/infraestructura") {
		t.Error("something is left")
	}
}

func TestABranchThatIsBehindGoesForwardAndBack(t *testing.T) {
	t.Parallel()
	r := cloned(t, "main")
	head := r.git("iact", "rev-parse", "HEAD")
	r.good("vm:fetch")
	if r.git("iact", "rev-parse", "HEAD") != r.git("origin", "rev-parse", "HEAD") || r.git("iact", "status", "--porcelain") != "" {
		t.Error("it did not go forward")
	}
	r.undo()
	if r.git("iact", "rev-parse", "HEAD") != head || r.exists("iact/infraestructura") {
		t.Error("it did not go back")
	}
}

func TestATreeWithChangesIsNotTouched(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"main", "feature/vagrant-setup"} {
		r := cloned(t, on)
		r.write("iact/a", "changed\n")
		before := r.picture()
		r.refused("vm:fetch", fault.Usage, "has changes that are not committed, and is not touched", "git -C "+r.at("iact")+" stash")
		if r.picture() != before {
			t.Error("it was touched")
		}
	}
}

func TestAVagrantfileInAnotherDirectoryOfABranchIsNamed(t *testing.T) {
	t.Parallel()
	r := cloned(t, "develop")
	r.config = ""
	r.root, r.project = r.at("iact"), ""
	for _, name := range []string{"config/Vagrantfile", "scripts/bootstrap.sh", "scripts/bootstrap/servers.sh", "scripts/bootstrap/stages.sh"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		r.must(err)
		r.write(name, string(text))
	}
	r.refused("vm:fetch", fault.Usage, "origin/develop has one in infraestructura/vagrant", "vm: {dir: "+r.at("infraestructura/vagrant")+"}")
}

func TestARemoteThatDoesNotAnswerStopsNothing(t *testing.T) {
	t.Parallel()
	r := cloned(t, "develop")
	r.must(os.RemoveAll(r.at("origin")))
	if said := r.good("vm:fetch"); !strings.Contains(said, "does not answer") || !strings.Contains(r.read("iact/infraestructura/vagrant/Vagrantfile"), "forwarded_port") {
		t.Errorf("says\n%s", said)
	}
}

func TestAPlanOfStepsTwoAndThreeNamesTheLinesAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	r.write("config/iact.yaml", "")
	before := r.picture()
	p := r.process(true, "vm:fetch", "vm:bootstrap")
	defer func() { r.must(p.Close()) }()
	r.must(p.Target(t.Context(), "vm:fetch"))
	r.must(p.Target(t.Context(), "vm:bootstrap"))
	said := p.out.String() + p.said.String()
	for _, want := range []string{"cp -n " + r.at("config/Vagrantfile") + " " + r.at("Vagrantfile"), "cat >" + r.at("vm.json"), "vagrant validate", "install -m 755", "cat >" + r.at("bootstrap.sh"), "umask 077", ">" + r.at("config/vm.env")} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan lacks %s:\n%s", want, said)
		}
	}
	if r.picture() != before {
		t.Errorf("the plan changed something:\n%s", r.picture())
	}
}

func TestAFetchThatVagrantRefusesOrThatWasCutOffLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newFetchRig(t)
	before := r.picture()
	r.vagrant = "echo 'The provider is not usable' >&2; exit 1"
	r.refused("vm:fetch", fault.Invalid, "validate ", "mended")
	if r.picture() != before {
		t.Errorf("after a refusal:\n%s", r.picture())
	}
	r.vagrant = validFile
	r.good("vm:fetch")
	r.must(os.Remove(r.at("vm.json"))) // as if it had been killed before the second file
	r.undo()
	if r.picture() != before {
		t.Errorf("after undoing half of it:\n%s", r.picture())
	}
}

func TestRealVagrantFindsOurFileValidWithAndWithoutItsPasswords(t *testing.T) {
	t.Parallel()
	testbed.Program(t, "vagrant")
	r := newFetchRig(t)
	r.vagrant = ""
	r.env = map[string]string{"HOME": os.Getenv("HOME"), "VAGRANT_HOME": os.Getenv("VAGRANT_HOME")}
	r.good("vm:fetch")
	r.good("vm:bootstrap")
	if said := r.good("vm:fetch"); !strings.Contains(said, "iact-devbox") {
		t.Errorf("says\n%s", said)
	}
	r.write("Vagrantfile", "Vagrant.configure('2') do |config|\n  config.vm.bos = 'x'\nend end\n")
	said, err := r.run("vm:fetch")
	if fault.Code(err) != fault.Invalid || !strings.Contains(said, "There is a syntax error in the following Vagrantfile") {
		t.Errorf("%v\n%s", err, said)
	}
}
