package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/testbed"
)

// project gives the rig a home and a repository with these files, which is
// cloned to ~/IACT there.
func (r *rig) project(files map[string]string, settings string) (home string) {
	r.t.Helper()
	home = r.t.TempDir()
	r.env = []string{"HOME=" + home}
	r.git(home, "init", "--quiet", "--bare", "--initial-branch=main", "IACT.git")
	r.git(home, "clone", "--quiet", "IACT.git", "work")
	r.commit(home, files)
	r.more = "user: root, devcontainer: {repository: '" + filepath.Join(home, "IACT.git") + "', " + settings + "}"
	return home
}

// commit puts files into the repository.
func (r *rig) commit(home string, files map[string]string) {
	r.t.Helper()
	work := filepath.Join(home, "work")
	for name, text := range files {
		must(r.t, os.MkdirAll(filepath.Dir(filepath.Join(work, name)), 0o755))
		must(r.t, os.WriteFile(filepath.Join(work, name), []byte(text), 0o644))
	}
	r.git(work, "add", "--all")
	r.git(work, "commit", "--quiet", "--message", "a change")
	r.git(work, "push", "--quiet", "origin", "HEAD:main")
}

func (r *rig) git(dir string, args ...string) string {
	r.t.Helper()
	c := command.Change("git", append([]string{"-c", "user.name=ana", "-c", "user.email=ana@example.org"}, args...)...)
	c.Dir, c.Env = dir, append([]string{"GIT_CONFIG_NOSYSTEM=1"}, r.env...)
	out, err := command.NewDoor(command.Local()).Text(r.t.Context(), c).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

// withoutDocker is a rig for what asks no daemon.
func withoutDocker(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), docker: &testbed.DockerDaemon{Host: "unix:///nowhere/docker.sock", Dir: t.TempDir()}, to: command.Local()}
	r.checkout()
	return r
}

func says(t *testing.T, said string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said:\n%s", part, said)
		}
	}
}

func TestTheProjectIsClonedCheckedAndUpdatedAndTakenAwayAgain(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{".devcontainer.json": `{"image": "busybox"}`, "a": "1"}, "cli: none")
	says(t, r.good("", "host:devcontainer"), "cloning", "IACT: main at ", "cloned and checked, and not started", "devcontainer up --workspace-folder "+home+"/IACT")
	says(t, r.good("", "host:devcontainer"), "already done")
	r.commit(home, map[string]string{"a": "2"})
	says(t, r.good("", "host:devcontainer"), "IACT: main at ")
	if text, err := os.ReadFile(filepath.Join(home, "IACT/a")); err != nil || string(text) != "2" {
		t.Errorf("a holds %q, %v", text, err)
	}
	must(t, os.WriteFile(filepath.Join(home, "IACT/a"), []byte("mine"), 0o644))
	r.commit(home, map[string]string{"a": "3"})
	says(t, r.good("", "host:devcontainer"), "already done", "is left as it is: changed or new: M a; see git -C "+home+"/IACT status")
	if text, err := os.ReadFile(filepath.Join(home, "IACT/a")); err != nil || string(text) != "mine" {
		t.Errorf("a holds %q, %v", text, err)
	}
}

func TestTheUndoOfACloneNeedsTheJournalOnly(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{".devcontainer.json": `{"image": "busybox"}`}, "cli: none")
	r.good("", "host:devcontainer")
	r.more = "user: root, devcontainer: {repository: /nowhere, dir: /nowhere/IACT}"
	r.undo("host:devcontainer")
	if _, err := os.Stat(filepath.Join(home, "IACT")); !os.IsNotExist(err) {
		t.Errorf("the clone is left: %v", err)
	}
}

func TestTheUndoLeavesACloneInWhichSomebodyWorks(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{".devcontainer.json": `{"image": "busybox"}`}, "cli: none")
	r.good("", "host:devcontainer")
	notes := filepath.Join(home, "IACT/notes.txt")
	must(t, os.WriteFile(notes, []byte("mine"), 0o644))
	r.undo("host:devcontainer")
	if _, err := os.Stat(notes); err != nil {
		t.Error(err)
	}
}

func TestAProjectWithoutAGoodDevcontainerIsClonedAndItsFaultsAreNamed(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{"a": "1"}, "cli: none")
	r.refused("", "host:devcontainer", fault.Invalid, "DC-ABSENT at .devcontainer/devcontainer.json")
	r.commit(home, map[string]string{".devcontainer/devcontainer.json": "{\n  \"image\": \"x\"\n  \"dockerFile\": \"Dockerfile\"\n}"})
	r.refused("", "host:devcontainer", fault.Invalid, `DC-SYNTAX at .devcontainer/devcontainer.json:3:3 (a comma is missing before "\""), DC-BOTH at .devcontainer/devcontainer.json:2:12`)
	r.refused("", "host:devcontainer", fault.Invalid, "DC-DOCKERFILE at .devcontainer/devcontainer.json:3:17 (.devcontainer/Dockerfile is not there)")
	r.commit(home, map[string]string{".devcontainer/devcontainer.json": `{"dockerComposeFile": "../compose.yml", "service": "app"}`, "compose.yml": "services: {db: {image: x}}"})
	r.refused("", "host:devcontainer", fault.Invalid, `no compose file has a service "app"`)
}

func TestARepositoryThatIsNotReachedIsAFailureThatLeavesNothing(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{"a": "1"}, "cli: none")
	r.more = "user: root, devcontainer: {repository: 'http://127.0.0.1:1/IACT.git', cli: none}"
	r.refused("", "host:devcontainer", fault.Failed, "clone http://127.0.0.1:1/IACT.git: fatal: unable to access")
	if names, err := filepath.Glob(filepath.Join(home, "*IACT*")); err != nil || len(names) != 1 {
		t.Errorf("left are %s, %v", names, err)
	}
}

func TestRealTheProjectIsClonedOnAnotherMachine(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	r.ssh = testbed.SSHD(t).ConfigFile
	home := r.project(map[string]string{".devcontainer.json": `{"image": "busybox"}`}, "cli: none, dir: "+filepath.Join(r.t.TempDir(), "IACT"))
	says(t, r.good("ssh:"+testbed.SSHAlias, "host:devcontainer"), "IACT: main at ")
	says(t, r.good("ssh:"+testbed.SSHAlias, "host:devcontainer"), "already done")
	r.undo("host:devcontainer")
	r.commit(home, map[string]string{"a": "2"})
	says(t, r.good("ssh:"+testbed.SSHAlias, "host:devcontainer"), "IACT: main at ")
}

// TestWholeTheDevcontainerStartsAndIsRemovedAgain has npm install the CLI and
// the CLI start a container: nothing of it is a stand-in.
func TestWholeTheDevcontainerStartsAndIsRemovedAgain(t *testing.T) {
	t.Parallel()
	testbed.Node(t)
	r := newRig(t)
	image := r.docker.Busybox(t)
	home := r.project(map[string]string{
		".devcontainer/devcontainer.json": `{"image": "` + image + `", "remoteUser": "root", "postCreateCommand": "echo made > /made"}`,
	}, "cli: npm, command: 'pwd; cat /made'")
	label := "label=devcontainer.local_folder=" + home + "/IACT"
	said := r.good("", "host:devcontainer")
	says(t, said, "npm installs @devcontainers/cli 0.89.0", "pwd; cat /made: /workspaces/IACT made", "its devcontainer runs")
	says(t, r.good("", "host:devcontainer"), "already done", "its devcontainer runs")
	r.undo("host:devcontainer")
	if left := r.docker.Run(t, "ps", "--all", "--quiet", "--filter", label); left != "" {
		t.Errorf("left are the containers %s", left)
	}
	if names, err := filepath.Glob(filepath.Join(home, "*")); err != nil || len(names) != 2 {
		t.Errorf("left are %s, %v", names, err)
	}
	// A failure inside is told with what the CLI says, and the container stays to be looked at.
	r.commit(home, map[string]string{".devcontainer/devcontainer.json": `{"image": "` + image + `", "postCreateCommand": "exit 3"}`})
	r.refused("", "host:devcontainer", fault.Failed, "postCreateCommand from devcontainer.json failed with exit code 3")
	if left := r.docker.Run(t, "ps", "--quiet", "--filter", label); left == "" {
		t.Error("the container is gone")
	}
	r.undo("host:devcontainer")
	if left := r.docker.Run(t, "ps", "--all", "--quiet", "--filter", label); left != "" {
		t.Errorf("left are the containers %s", left)
	}
}

func TestLookingWhetherTheProjectIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	r := withoutDocker(t)
	home := r.project(map[string]string{".devcontainer.json": `{"image": "busybox"}`}, "cli: installed")
	done := func() error {
		steps := r.process().room.Procedure().Steps
		i := slices.IndexFunc(steps, func(s procedure.Step) bool { return s.Target == "host:devcontainer" })
		_, err := steps[i].Done(t.Context(), &procedure.Work{Door: command.NewDoor(commandtest.ReadOnly(t, command.Local()))})
		return err
	}
	if err := done(); !errors.Is(err, procedure.ErrNotDone) {
		t.Errorf("without a clone: %v", err)
	}
	r.more = strings.Replace(r.more, "cli: installed", "cli: none", 1)
	r.good("", "host:devcontainer")
	if err := done(); err != nil {
		t.Errorf("with a clone: %v", err)
	}
	r.commit(home, map[string]string{"a": "1"})
	if err := done(); !errors.Is(err, procedure.ErrNotDone) {
		t.Errorf("with an old clone: %v", err)
	}
}
