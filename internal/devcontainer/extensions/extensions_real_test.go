package extensions_test

import (
	"strings"
	"testing"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/extensions"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

const (
	commit = "05047486b6df5eb8d44b2ecd70ea3bdf775fd937"
	ran    = `mkdir -p bin/` + commit + ` data/logs/20261127T101500 extensions; cd bin/` + commit + `; echo x >node; chmod +x node; echo {} >product.json; cd ../..
echo '[info] Extension host agent started.' >data/logs/20261127T101500/remoteagent.log; echo '[]' >extensions/extensions.json
touch -d '2026-01-01 00:00:00' data/logs/20261127T101500; `
	asks = `{"image": "x", "remoteUser": "dev", "customizations": {"vscode": {"extensions": ["ms-python.python"], "settings": {"python.defaultInterpreterPath": "/opt/python/bin/python3"}}}}`
	none = `{"image": "x", "remoteUser": "dev"}`
)

func TestRealWhatKeepsTheServerOfAnEditorFromWorkingIsNamed(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for _, test := range []struct {
		name, config, script, code, evidence string
		state                                doctor.State
		options                              []string
	}{
		{"an old glibc", none, `echo "error This machine does not meet Visual Studio Code Server's prerequisites, expected either..." >.` + commit + ".log", "DC-EXT-004", "does not meet", doctor.Fail, nil},
		{"a library that is too old", none, "mkdir -p /lib64; : >/lib64/libc-2.17.so", "DC-EXT-004", "glibc 2.17", doctor.Fail, nil},
		{"Alpine without libstdc++", none, "mkdir -p /lib; : >/lib/ld-musl-x86_64.so.1", "DC-EXT-004", "musl libstdc++ none", doctor.Fail, nil},
		{"an installation half-way", none, "mkdir -p bin/" + commit + "; echo {} >bin/" + commit + "/product.json; touch -d '2026-01-01 00:00:00' bin/" + commit, "DC-EXT-003", "without node", doctor.Fail, nil},
		{"a download without a program", none, `echo "Neither curl nor wget is installed - can't download the Server" >.` + commit + ".log", "DC-EXT-003", "Neither curl nor wget", doctor.Fail, nil},
		{"an archive that is none", none, `echo "ERROR: tar exited with non-0 exit code: 0" >.` + commit + ".log", "DC-EXT-003", "tar exited", doctor.Fail, nil},
		{"a folder of root", none, "mkdir bin; own=0", "DC-EXT-006", "belongs to root", doctor.Fail, nil},
		{"a folder that cannot be written", none, "", "DC-EXT-006", "read-only", doctor.Fail, []string{"--tmpfs=/home/dev/.vscode-server:ro"}},
		{"an extension host that crashes", asks, ran + `echo '[info] [127.0.0.1][2a7f][ExtensionHostConnection] <20> Extension Host Process exited with code: null, signal: SIGSEGV.' >>data/logs/20261127T101500/remoteagent.log; echo '[{"identifier":{"id":"ms-python.python"}}]' >extensions/extensions.json; mkdir -p /opt/python/bin; echo >/opt/python/bin/python3; chmod +x /opt/python/bin/python3`, "DC-EXT-003", "SIGSEGV", doctor.Warn, nil},
		{"an extension that did not come", asks, ran + "mkdir -p /opt/python/bin; echo >/opt/python/bin/python3; chmod +x /opt/python/bin/python3", "DC-EXT-007", "ms-python.python", doctor.Warn, nil},
		{"an interpreter that is not there", asks, "rm -r /home/dev/.vscode-server", "DC-EXT-009", "/opt/python/bin/python3 is not in the container", doctor.Warn, nil},
		{"no room for the server", none, "dd if=/dev/zero of=/home/dev/fill bs=1k", "DC-EXT-008", "0 B free at /home/dev", doctor.Fail, []string{"--tmpfs=/home/dev:size=2m,uid=1000"}},
		{"an extension that is asked for and left out", `{"image": "x", "customizations": {"vscode": {"extensions": ["ms-python.python", "-ms-python.python"]}}}`, "", "DC-EXT-002", `"ms-python.python" and "-ms-python.python"`, doctor.Warn, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rig := scenetest.New(t, daemon)
			rig.Config(test.config)
			name := rig.Run(append(append(test.options, image), "sleep", "600")...)
			rig.Docker("exec", name, "sh", "-c", "own=1000; mkdir -p /home/dev/.vscode-server; cd /home/dev/.vscode-server; "+test.script+"\nchown -R $own /home/dev/.vscode-server 2>/dev/null; :")
			f := rig.First(extensions.Checks())
			if f.Code != test.code || f.State != test.state || !strings.Contains(f.Evidence, test.evidence) || f.Where == "" && test.code != "DC-EXT-004" {
				t.Errorf("want %s %s with %q, got\n%s", test.state, test.code, test.evidence, scenetest.Lines(rig.Examine(extensions.Checks())))
			}
		})
	}
}

func TestRealAHealthyServerAndNoServerRaiseNothing(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for name, test := range map[string][2]string{
		"no editor has connected":         {`{"image": "x", "remoteUser": "dev", "customizations": {"vscode": {"extensions": ["ms-python.python"]}}}`, "rm -r /home/dev/.vscode-server"},
		"an editor has connected":         {`{"image": "x", "remoteUser": "dev", "customizations": {"vscode": {"extensions": ["Ms-Python.python@2026.1"]}}}`, ran + `echo '[{"identifier":{"id":"ms-python.python"}}]' >extensions/extensions.json`},
		"an installation is under way":    {none, "mkdir -p bin/" + commit},
		"a first try failed and one went": {none, ran + "echo 'wget download failed' >." + commit + ".log; touch -d '2025-01-01 00:00:00' ." + commit + ".log"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rig := scenetest.New(t, daemon)
			rig.Config(test[0])
			container := rig.Run(image, "sleep", "600")
			rig.Docker("exec", container, "sh", "-c", "mkdir -p /home/dev/.vscode-server; cd /home/dev/.vscode-server; "+test[1]+"\nchown -R 1000 /home/dev; :")
			rig.Healthy(extensions.Checks())
		})
	}
}
