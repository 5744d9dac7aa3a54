package house_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

func TestRealStatusBringsBackWhatAKilledBackupHasStopped(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	stopped := d.Container(t, "--init", d.Busybox(t), "sleep", "1000000")
	d.Run(t, "stop", stopped)
	promise, err := json.Marshal(map[string]any{
		"run": "20261123T151648Z-box-k3f", "written": "2026-11-23T15:16:48Z", "via": "local", "env": d.Env(),
		"containers": []map[string]any{{"id": stopped, "name": stopped, "action": "start", "grace_seconds": 10}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, map[string]string{"IACT_PLAN": "1"}, map[string]string{".iact/stopped/20261123T151648Z-box-k3f-x.json": string(promise)})
	state := func() string { return d.Run(t, "inspect", "--format", "{{.State.Status}}", stopped) }
	if err := r.ProcedureStatus(); err != nil || state() != "exited" {
		t.Errorf("the container is %s after a plan, %v", state(), err)
	}
	r = open(t, r.root, demo, nil, nil)
	if err := r.ProcedureStatus(); err != nil || state() != "running" {
		t.Errorf("the container is %s, %v", state(), err)
	}
	if told := said(t, r.err); !strings.Contains(told, "the run that made set 20261123T151648Z-box-k3f was killed while containers were stopped or paused: "+stopped+" runs again") {
		t.Errorf("procedure:status says %q", told)
	}
	if left, _ := filepath.Glob(filepath.Join(r.root, ".iact/stopped/*")); len(left) > 0 {
		t.Errorf("%v is left over", left)
	}
	if _, err := os.Stat(filepath.Join(r.root, ".iact")); err != nil {
		t.Error(err)
	}
}
