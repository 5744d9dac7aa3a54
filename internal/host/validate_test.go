package host_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
	"iact-infra/internal/journal"
	"iact-infra/internal/testbed"
)

// alone asks for nothing outside of the machine.
const alone = ", hello: '127.0.0.1:1/hello-world', network: {outside: [], image: none, writes: 1}"

// compose gives the client a plugin that says a version, as Compose does.
func (r *rig) compose(version string) {
	r.t.Helper()
	const plugin = `#!/bin/sh
case "$1" in
docker-cli-plugin-metadata) echo '{"SchemaVersion": "0.1.0", "Vendor": "Docker Inc.", "Version": "VERSION"}' ;;
*) echo VERSION ;;
esac
`
	dir := filepath.Join(r.docker.Dir, "config/cli-plugins")
	must(r.t, os.MkdirAll(dir, 0o755))
	must(r.t, os.WriteFile(filepath.Join(dir, "docker-compose"), []byte(strings.ReplaceAll(plugin, "VERSION", version)), 0o755))
}

func TestRealAHostIsValidWhenAllOfItIsAndTheReportTellsWhatWasDone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.more += alone
	said, err := r.run("", "host:validate")
	if fault.Code(err) != fault.Invalid || !strings.Contains(said, "HV-SET-001") || !strings.Contains(err.Error(), "HV-CMP-001: docker has no Compose") || !strings.Contains(err.Error(), "HV-SET-001: not done yet") {
		t.Fatalf("without Compose and settings: %v\n%s", err, said)
	}
	r.compose("2.40.3")
	said = r.good("", "host:daemon", "host:network", "host:validate")
	for _, part := range []string{"compose 2.40.3", "Hello from a container", "settings are seen in effect", "HN-VOL-001", "0 failures"} {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said:\n%s", part, said)
		}
	}

	p := r.process()
	defer func() { must(t, p.engine.Close()) }()
	runs, err := journal.List(filepath.Join(r.root, ".iact/journal"))
	must(t, err)
	told, err := p.room.Report(t.Context(), command.NewDoor(command.Local()), runs, "en")
	must(t, err)
	if told.State != "ok" || len(told.Runs) != 1 || len(told.Runs[0].Steps) != 1 || told.Runs[0].Undo == "" {
		t.Fatalf("the report is %+v", told)
	}
	step := told.Runs[0].Steps[0]
	if step.Target != "host:daemon" || step.Outcome != journal.OK || !strings.Contains(strings.Join(step.Changes, "\n"), "daemon.json: live-restore: (none) → true") || len(step.Commands) == 0 {
		t.Errorf("the step is %+v", step)
	}
	file := filepath.Join(r.root, "host.md")
	must(t, told.Save(file, "en"))
	text, err := os.ReadFile(file)
	must(t, err)
	for _, part := range []string{"# Docker host: local", "| ok | HV-CMP-001 | Compose | compose 2.40.3 |", "live-restore: (none) → true", "Undo: `procedure:rollback -run=" + told.Runs[0].Run + "`"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	r.undo("host:daemon")
	runs, err = journal.List(filepath.Join(r.root, ".iact/journal"))
	must(t, err)
	told, err = p.room.Report(t.Context(), command.NewDoor(command.Local()), runs, "en")
	must(t, err)
	var lines strings.Builder
	told.Write(&lines, "en")
	if len(told.Runs) != 1 || told.Runs[0].State != "rolled back" || told.Runs[0].Undo != "" || !strings.Contains(lines.String(), "undone") {
		t.Errorf("after the undo it tells\n%s", lines.String())
	}
	if document, err := json.Marshal(told); err != nil || !strings.Contains(string(document), `"undone":true`) {
		t.Errorf("got %s, %v", document, err)
	}
}

func TestWholeTheNetworkOfAnotherMachineIsMeasured(t *testing.T) {
	t.Parallel()
	server := testbed.SSHD(t)
	r := newRig(t)
	r.ssh = server.ConfigFile
	r.more += alone
	on := "ssh:" + testbed.SSHAlias
	if said := r.good(on, "host:network"); !strings.Contains(said, on) || !strings.Contains(said, "64 KiB came whole") {
		t.Errorf("it said\n%s", said)
	}
	r.docker.Stop(t)
	r.refused(on, "host:network", fault.Missing, "ask the docker daemon")
}

func TestAReportOfAnotherMachineLeavesOutTheRunsOfThisOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		runs int
	}{{nil, 1}, {[]string{"host:group", "-on=local"}, 1}, {[]string{"host:group", "-on=ssh:ana@devbox"}, 0}} {
		run := journal.Run{Header: journal.Header{Run: "r", Args: c.args}, Entries: []journal.Entry{
			{Event: journal.Intent, Procedure: "PROCED-INFRA-002", Step: "host:group"},
			{Event: journal.Record, Procedure: "PROCED-INFRA-002", Step: "host:group", Key: "group", Value: json.RawMessage(`{"user": "ana", "made": true}`)},
			{Event: journal.Command, Procedure: "PROCED-INFRA-002", Step: "host:group", Command: "usermod --append ana", Changes: true},
		}}
		told := host.Told([]journal.Run{run})
		if len(told) != c.runs {
			t.Errorf("%q: %+v", c.args, told)
		}
		if len(told) == 1 {
			step := told[0].Steps[0]
			if step.Outcome != journal.Broken || strings.Join(step.Changes, "; ") != "user ana into group docker; group docker made" || len(step.Commands) != 1 {
				t.Errorf("the step is %+v", step)
			}
		}
	}
}

func TestAVersionIsComparedByNumbers(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.29.2": true, "2.0.0": false, "2.40.3-desktop.1": false, "10.1": false, "3": false, "dev": true, "": true} {
		if got := host.Older(version, "2.0"); got != want {
			t.Errorf("%q is older than 2.0: %t", version, got)
		}
	}
	if !host.Older("20.9.1", "20.10") || host.Older("20.10.24+dfsg1", "20.10") {
		t.Error("20.9 is older than 20.10")
	}
}
