package performance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/performance"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

func finding(t *testing.T, found []doctor.Finding, code string) doctor.Finding {
	t.Helper()
	for _, f := range found {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("no %s in\n%s", code, scenetest.Lines(found))
	return doctor.Finding{}
}

func TestRealSlowTheTimeOfEachLifecycleCommandIsReadFromTheMarksOfTheTools(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	rig := scenetest.New(t, daemon)
	rig.Config(`{"image": "busybox:testbed", "postCreateCommand": "npm ci"}`)
	name := rig.Run(daemon.Busybox(t), "sleep", "600")
	created := rig.Docker("inspect", "-f", "{{.Created}}", name)
	started := rig.Docker("inspect", "-f", "{{.State.StartedAt}}", name)
	at, err := time.Parse(time.RFC3339Nano, created)
	if err != nil {
		t.Fatal(err)
	}
	script := "mkdir -p /root/.devcontainer; cd /root/.devcontainer"
	for _, mark := range []struct {
		name, of string
		after    int64
	}{{"onCreate", created, 1}, {"updateContent", created, 3}, {"postCreate", created, 9}, {"postStart", started, 99}} {
		script += fmt.Sprintf("; echo %s >.%sCommandMarker; touch -d @%d .%sCommandMarker", mark.of, mark.name, at.Unix()+mark.after, mark.name)
	}
	rig.Docker("exec", name, "sh", "-c", script)
	found := rig.Examine(performance.Checks())
	if f := finding(t, found, "DC-PRF-005"); f.State != doctor.Warn || f.Evidence != "postCreateCommand took 1 min 30 s" || f.Where != ".devcontainer/devcontainer.json:1:51" {
		t.Errorf("the slow command: %+v", f)
	}
	if f := finding(t, found, "DC-PRF-004"); f.State != doctor.OK || !strings.Contains(f.Evidence, "onCreateCommand 2.0 s, updateContentCommand 6.0 s, postCreateCommand 1 min 30 s") {
		t.Errorf("the phases: %+v", f)
	}
}

func TestRealSlowAProgramThatTakesAllProcessorsForAWhileIsNamed(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	rig := scenetest.New(t, daemon)
	name := rig.Run("--cpus=0.3", daemon.Busybox(t), "sh", "-c", "while :; do :; done")
	rig.Docker("exec", name, "sleep", "5.2")
	f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-007")
	if f.State != doctor.Warn || !strings.Contains(f.Evidence, "sh (process ") || f.Where != name {
		t.Errorf("got %+v", f)
	}
}

func TestRealSlowACompilationOfAMomentIsNoFault(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	rig := scenetest.New(t, daemon)
	for i := range 300 {
		rig.Write(fmt.Sprintf("src/%d.c", i), "int x;\n")
	}
	rig.Run("--volume="+rig.Workspace+":/work", daemon.Busybox(t), "sh", "-c", "for n in 1 2; do timeout 1 sh -c 'while :; do :; done' & done; exec sleep 600")
	rig.Healthy(performance.Checks())
	if f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-006"); f.State != doctor.OK || !strings.HasPrefix(f.Evidence, "/work (") && !strings.HasPrefix(f.Evidence, "not judged") {
		t.Errorf("the mount was not measured: %+v", f)
	}
}
