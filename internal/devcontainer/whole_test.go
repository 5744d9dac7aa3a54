package devcontainer_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// picture is all that a check could change: the workspace with its times, and what
// the engine has.
func picture(t *testing.T, r *scenetest.Rig, daemon *testbed.DockerDaemon, container string) string {
	t.Helper()
	files, err := command.NewDoor(command.Local()).Text(t.Context(),
		command.Read("find", r.Workspace, "-printf", "%P %y %m %U:%G %s %T@ %C@\n")).String()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{
		files,
		sorted(r.Docker("diff", container)),
		r.Docker("inspect", "--format", "{{json .Config}} {{json .HostConfig}} {{json .NetworkSettings}} {{.State.Pid}} {{.State.Status}} {{.RestartCount}}", container),
		sorted(r.Docker("inspect", "--format", "{{range .Mounts}}{{json .}}\n{{end}}", container)),
		r.Docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}}"),
		r.Docker("image", "ls", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
		r.Docker("volume", "ls"), r.Docker("network", "ls", "--no-trunc"),
	}, "\n")
}

func sorted(lines string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(lines, "\n")), "\n")
}

// alarms are the findings that a person has to see. The daemons of the testbed
// touch no firewall, so that their containers have no way out: that much is true.
func alarms(found []doctor.Finding) []doctor.Finding {
	return slices.DeleteFunc(scenetest.Bad(found), func(f doctor.Finding) bool { return f.Code == "DC-NET-003" })
}

// healthy is a workspace with a container, and nothing wrong with it.
func healthy(t *testing.T, daemon *testbed.DockerDaemon) (*scenetest.Rig, string) {
	t.Helper()
	r := scenetest.New(t, daemon)
	image := daemon.Busybox(t)
	r.Config(`{"image": "` + image + `", "workspaceFolder": "/work", "workspaceMount": "source=${localWorkspaceFolder},target=/work,type=bind"}`)
	r.Write("src/main.py", "print('hello')\n")
	return r, r.Run("--init", "--volume", r.Workspace+":/work", "--volume", daemon.Volume(t)+":/cache", "--workdir", "/work", image, "sleep", "600")
}

func TestRealSlowChecksOnlyRead(t *testing.T) {
	t.Parallel()
	daemon := testbed.OwnDocker(t) // what other tests make would be a difference, too
	r, name := healthy(t, daemon)
	before := picture(t, r, daemon, name)
	found := r.Examine(devcontainer.Checks("")) // through a door that refuses changes
	if after := picture(t, r, daemon, name); after != before {
		t.Errorf("the checks have changed something; before:\n%s\nafter:\n%s", before, after)
	}
	if bad := alarms(found); len(bad) > 0 {
		t.Errorf("a false alarm:\n%s", scenetest.Lines(bad))
	}

	// A daemon that hangs blocks every question. All of them end all the same.
	r.Options.Patience = 1
	daemon.Hang(t)
	began := time.Now()
	found = r.Examine(devcontainer.Checks(""))
	took := time.Since(began)
	daemon.Continue(t)
	r.Options.Patience = scenetest.Patience
	t.Logf("all checks of a daemon that hangs: %v", took)
	if took > 10*time.Second {
		t.Errorf("a daemon that hangs holds the doctor up for %v", took)
	}
	if found[0].Code != "DC-ENG-002" || len(scenetest.Bad(found)) != 1 {
		t.Errorf("a daemon that hangs:\n%s", scenetest.Lines(found))
	}
	daemon.Stop(t)
	if found := r.Examine(devcontainer.Checks("")); found[0].Code != "DC-ENG-001" || len(scenetest.Bad(found)) != 1 {
		t.Errorf("a daemon that is stopped:\n%s", scenetest.Lines(found))
	}
}

func TestRealSlowAHealthyDevcontainerRaisesNothing(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	r.Config(`{"image": "` + daemon.Busybox(t) + `", "onCreateCommand": "true", "postCreateCommand": "echo made", "postStartCommand": ["true"]}`)
	if failed := r.Up(); failed != "" {
		t.Fatal(failed)
	}
	if bad := alarms(r.Examine(devcontainer.Checks(""))); len(bad) > 0 {
		t.Errorf("a false alarm:\n%s", scenetest.Lines(bad))
	}
}

func TestRealSlowALifecycleCommandThatFailsIsFound(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	r := scenetest.New(t, daemon)
	r.Config(`{"image": "` + daemon.Busybox(t) + `", "onCreateCommand": {"a": "true", "b": ["sh", "-c", "exit 5"]}}`)
	if failed := r.Up(); failed == "" {
		t.Error("the CLI did not fail")
	}
	f := r.First(devcontainer.Checks("devcontainer:state"))
	if f.Code != "DC-STA-011" || f.State != doctor.Fail || f.Evidence != "onCreateCommand: exit code 5: sh -c exit 5" {
		t.Errorf("%s %s", f.Code, f.Evidence)
	}
}
