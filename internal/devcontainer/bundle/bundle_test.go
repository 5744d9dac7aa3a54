package bundle_test

import (
	"archive/tar"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/bundle"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/redact"
	"iact-infra/internal/testbed"
)

// unpacked is an archive by the names of its entries.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	all := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(header.Name, "/")
		all[name] = string(text)
	}
}

// TestRealNoPlantedSecretIsInABundle, wherever it was planted: the environment,
// a log, a .env file, the configuration, a file of the server, a label.
func TestRealSlowNoPlantedSecretIsInABundle(t *testing.T) {
	t.Parallel()
	docker, workspace := testbed.Docker(t), t.TempDir()
	secrets := map[string]string{
		"env": "En7-vironment", "dotenv": "d0t.Env/Value", "config": "c0nfig-Secret", "compose": "Comp0se-pass", "log": "l0gged-Elsewhere", "build": "buildArg-99",
		"server": "ghp_abcdefghij0123456789", "url": "Pa55-in-url", "label": "lab3l-Token",
	}
	write := func(name, text string) {
		path := filepath.Join(workspace, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".devcontainer/devcontainer.json", `{ "image": "x", "containerEnv": {"API_KEY": "`+secrets["config"]+`"}, "build": {"args": {"NPM_TOKEN": "`+secrets["build"]+`"}} }`)
	write("docker-compose.yml", "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: "+secrets["compose"]+"\n")
	write(".env", "DJANGO_SECRET_KEY='"+secrets["dotenv"]+"'\nDEBUG=1\n")
	write("id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\nkeykeykey\n-----END OPENSSH PRIVATE KEY-----\n")
	name := docker.Container(t, "--label", "devcontainer.local_folder="+workspace, "--label", "deploy.token="+secrets["label"],
		"--env", "DB_PASSWORD="+secrets["env"], "--env", "LATER_TOKEN="+secrets["log"], docker.Busybox(t),
		"sh", "-c", "mkdir -p /root/.vscode-server; echo 'login "+secrets["server"]+"' >/root/.vscode-server/a.log; echo connected to postgres://u:"+secrets["url"]+"@db/x; echo said $LATER_TOKEN and $DB_PASSWORD; printf %s \"$DB_PASSWORD\" | base64; echo ready; sleep 1000")
	for {
		if said := docker.Run(t, "logs", name); strings.Contains(said, "ready") {
			break
		}
	}
	s := scene.New(t.Context(), scene.Options{
		Door: command.NewDoor(commandtest.ReadOnly(t, command.Local())), Workspace: workspace, Docker: docker.Env(), Environ: os.Environ(), Now: time.Now, Patience: 5,
	})
	entries, redactor, err := bundle.Gather(t.Context(), s, bundle.Entry{Name: "findings.txt", Text: "seen " + secrets["dotenv"]})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "b.tar.zst")
	done, err := bundle.Write(path, entries, redactor, time.Unix(1796000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	all := unpacked(t, path)
	for place, secret := range secrets {
		coded := base64.StdEncoding.EncodeToString([]byte(secret))
		for entry, text := range all {
			if strings.Contains(text, secret) || strings.Contains(text, coded[:len(coded)-4]) {
				t.Errorf("%s shows the secret of %s", entry, place)
			}
		}
	}
	for entry, word := range map[string]string{
		"containers/" + name + "/inspect.json": "DB_PASSWORD=***", "containers/" + name + "/log.txt": "said *** and ***", "workspace/.env": "DJANGO_SECRET_KEY=***",
		"workspace/.devcontainer/devcontainer.json": `"API_KEY": ***`, "workspace/docker-compose.yml": "POSTGRES_PASSWORD: ***", "inside.txt": "ghp_***", "machine.txt": "Linux",
		"findings.txt": "seen ***", "engine/info.json": "ServerVersion",
	} {
		if !strings.Contains(all[entry], word) {
			t.Errorf("%s does not hold %s:\n%.400s", entry, word, all[entry])
		}
	}
	if _, packed := all["workspace/id_rsa"]; packed || done.Hidden < 10 || len(done.Entries) != len(all) {
		t.Errorf("packed %v, %d hidden", done.Entries, done.Hidden)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestABundleThatCannotBeWrittenLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "absent")
	if _, err := bundle.Write(filepath.Join(dir, "b.tar.zst"), []bundle.Entry{{Name: "a", Text: "b"}}, redact.New(), time.Now()); err == nil {
		t.Error("it was written into a folder that is not there")
	}
}
