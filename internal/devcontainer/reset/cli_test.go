package reset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/roomtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

// TestRealSlowTheOfficialCLIMakesTheContainerAnew has npm install the CLI and the
// CLI make the containers: nothing of it is a stand-in.
func TestRealSlowTheOfficialCLIMakesTheContainerAnew(t *testing.T) {
	t.Parallel()
	testbed.Node(t)
	r := roomtest.New(t)
	clearUp(r)
	home := t.TempDir()
	own := filepath.Join(home, ".iact-infra/devcontainers-cli/0.89.0")
	r.Write(own, "package.json", `{"private": true}`)
	install := command.Change("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "@devcontainers/cli@0.89.0")
	install.Dir = own
	door := command.NewDoor(command.Local())
	r.Must(door.Run(t.Context(), install))
	r.Shape = func(o *devcontainer.Options) { o.Environ = append(os.Environ(), "HOME="+home) }
	r.Config(`{"image": "` + r.Image + `", "remoteUser": "root", "postCreateCommand": "echo created >>/marks"}`)
	up := command.Change(filepath.Join(own, "node_modules/.bin/devcontainer"), "up", "--workspace-folder", r.Workspace)
	up.Env = r.Docker.Env()
	r.Must(door.Run(t.Context(), up))
	name := r.Docker.Run(t, "ps", "--format", "{{.Names}}", "--filter", "label=devcontainer.local_folder="+r.Workspace)
	inside(r, name, "echo precious >/other")
	good(r, "recreate")
	now := r.Docker.Run(t, "ps", "--format", "{{.Names}}", "--filter", "label=devcontainer.local_folder="+r.Workspace)
	if got := inside(r, now, "cat /marks; ls /other 2>/dev/null || echo gone"); got != "created\ngone" {
		t.Errorf("in %s: %q", now, got)
	}
	r.Rollback()
	if got := inside(r, name, "cat /other"); got != "precious" {
		t.Errorf("after a rollback: %q", got)
	}
	if all := r.Docker.Run(t, "ps", "--all", "--format", "{{.Names}}", "--filter", "label=devcontainer.local_folder="+r.Workspace); all != name {
		t.Errorf("there are %q", all)
	}
	r.Config(`{"image": "` + r.Image + `", "remoteUser": "root", "postCreateCommand": "exit 3"}`)
	r.Refused(target, level("recreate"), fault.Failed, "make the devcontainer")
	if got := inside(r, name, "cat /other"); got != "precious" {
		t.Errorf("after a CLI that failed: %q", got)
	}
}

// TestRealComposeMakesTheOneServiceAnew has a plugin that does by docker what
// Compose is asked, and notes it: what is sent to Compose is looked at here.
func TestWholeComposeMakesTheOneServiceAnew(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	config, said := t.TempDir(), filepath.Join(t.TempDir(), "said")
	name := r.Docker.Name(t)
	run := "run --detach --name " + name + " --label com.docker.compose.project=iact --label com.docker.compose.service=app --label com.docker.compose.project.working_dir=" + r.Workspace +
		" --label com.docker.compose.project.config_files=" + r.Workspace + "/compose.yml --label devcontainer.local_folder=" + r.Workspace + " " + r.Image + " sleep 1000"
	plugin := "#!/bin/sh\ncase \"$*\" in\ndocker-cli-plugin-metadata) echo '{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"test\",\"Version\":\"2.40.3\"}';;\n*version*) echo 2.40.3;;\n" +
		"*) echo \"$*\" >>" + said + "; [ ! -e " + said + ".fails ] || { docker rm --force " + name + "; echo 'no such service: app' >&2; exit 1; }; docker rm --force " + name + " && docker " + run + ";;\nesac\n"
	r.Write(config, "cli-plugins/docker-compose", plugin)
	r.Must(os.Chmod(filepath.Join(config, "cli-plugins/docker-compose"), 0o755))
	r.Shape = func(o *devcontainer.Options) {
		o.Environ, o.Docker = []string{"HOME=/nowhere"}, append(o.Docker, "DOCKER_CONFIG="+config)
	}
	r.Docker.Run(t, strings.Fields(run)...)
	inside(r, name, "echo precious >/other")
	good(r, "recreate")
	text, err := os.ReadFile(said)
	r.Must(err)
	says(t, string(text), "compose --project-name iact --file "+r.Workspace+"/compose.yml --project-directory "+r.Workspace+" up --detach --force-recreate --no-deps app")
	r.Write(filepath.Dir(said), "said.fails", "")
	inside(r, name, "echo again >/other")
	r.Refused(target, level("recreate"), fault.Failed, "make service app")
	if got := inside(r, name, "cat /other"); got != "again" {
		t.Errorf("after a Compose that failed: %q", got)
	}
}
