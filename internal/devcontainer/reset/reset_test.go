package reset_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/roomtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// storeVariable names the directory in which a process of its own saves volumes.
const storeVariable = "RESET_TEST_STORE"

func TestMain(m *testing.M) {
	if code, played := roomtest.Play(func(o *devcontainer.Options) { store(os.Getenv(storeVariable), o) }); played {
		os.Exit(code)
	}
	m.Run()
}

const target = "devcontainer:recover"

// stays is a process that ends at once when it is asked to.
const stays = `trap 'exit 0' TERM; while :; do sleep 0.1; done`

func level(name string) devcontainer.Selection {
	return devcontainer.Selection{Yes: true, Recover: devcontainer.Recovering{Level: name}}
}

// good runs a level that has to come to a good end.
func good(r *roomtest.Rig, name string) roomtest.Said {
	r.T.Helper()
	said, err := r.Run(target, level(name))
	if err != nil {
		r.T.Fatalf("%s: %v\n%s", name, err, said.Err)
	}
	return said
}

// inside runs a shell line in a container.
func inside(r *roomtest.Rig, container, line string) string {
	r.T.Helper()
	out, err := r.Docker.Try(r.T, "exec", container, "sh", "-c", line)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return out
}

func says(t *testing.T, said string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(said, part) {
			t.Errorf("%q was not said:\n%s", part, said)
		}
	}
}

// clearUp removes the images of resets when the test ends, and containers that came
// by other names.
func clearUp(r *roomtest.Rig) {
	r.T.Cleanup(func() {
		for _, id := range strings.Fields(r.Docker.Run(r.T, "ps", "--all", "--quiet", "--filter", "label=devcontainer.local_folder="+r.Workspace)) {
			_, _ = r.Docker.Try(r.T, "rm", "--force", "--volumes", id)
		}
		for _, id := range strings.Fields(r.Docker.Run(r.T, "image", "ls", "--quiet", "--filter", "label=iact.recover.folder="+r.Workspace)) {
			_, _ = r.Docker.Try(r.T, "image", "rm", "--force", id)
		}
	})
}

func TestRealSlowEachLevelTellsItsLossAndNeedsAYes(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Shape = func(o *devcontainer.Options) { store(t.TempDir(), o) }
	volume := r.Docker.Volume(t)
	name := r.Start("-v", volume+":/data", r.Image, "sh", "-c", "echo x >/made; "+stays)
	inside(r, name, "while [ ! -e /made ]; do sleep 0.05; done")
	for level, parts := range map[string][]string{
		"restart":  {" processes of " + name + " end: ", "sh -c echo x >/made"}, // in the order of their numbers, which begin anew at times
		"recreate": {"has changed 1 files outside of its mounts", "A /made"},
		"volumes":  {"A /made", "volume " + volume + " is removed (" + name + ":/data"},
	} {
		pick := devcontainer.Selection{Recover: devcontainer.Recovering{Level: level}}
		said, err := r.Run(target, pick)
		if fault.Code(err) != fault.Usage || fault.Hint(err) != "add -yes=true" {
			t.Errorf("%s: %v", level, err)
		}
		says(t, said.Err, append(parts, "what lies in the folder of the workspace is not touched")...)
		plan, err := r.Plan(target, pick)
		if err != nil || !strings.Contains(plan, "docker ") || !strings.Contains(plan, "# ") {
			t.Errorf("%s: %v\n%s", level, err, plan)
		}
	}
	r.Refused(target, level("rebuild"), fault.Missing, "names no Dockerfile")
	r.Refused(target, level("everything"), fault.Usage, "-level=restart|recreate|rebuild|volumes")
	r.Shape = func(o *devcontainer.Options) { o.Answers = strings.NewReader("n\n") }
	r.Refused(target, devcontainer.Selection{}, fault.Failed, "not confirmed")
	if inside(r, name, "cat /made") != "x" {
		t.Error("the container was changed")
	}
}

func TestRealARestartKeepsWhatTheContainerHasWritten(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	name := r.Start(r.Image, "sh", "-c", "echo x >>/made; "+stays)
	inside(r, name, "while [ ! -e /made ]; do sleep 0.05; done")
	r.Shape = func(o *devcontainer.Options) { o.Answers = strings.NewReader("y\n") }
	said, err := r.Run(target, devcontainer.Selection{})
	if err != nil {
		t.Fatal(err, said.Err)
	}
	says(t, said.Out, name+" runs and answers", "next:            devcontainer:doctor")
	if got := inside(r, name, "while [ $(wc -l </made) -lt 2 ]; do sleep 0.05; done; cat /made"); got != "x\nx" {
		t.Errorf("made holds %q", got)
	}
}

func TestRealSlowARecreatedContainerHasTheSettingsOfTheOldOneAndARollbackItsFiles(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	network, other := r.Docker.Name(t), r.Docker.Name(t)
	for _, one := range []string{network, other} {
		r.Docker.Run(t, "network", "create", one)
		t.Cleanup(func() { _, _ = r.Docker.Try(t, "network", "rm", one) })
	}
	name := r.Start("-e", "PLACE=here", "--label", "mine=yes", "--network", network, "--network-alias", "app", "-v", "/loose", "--memory", "64m", "--tmpfs", "/quick", r.Image, "sh", "-c", "[ -e /made ] || echo first >/made; "+stays)
	r.Docker.Run(t, "network", "connect", "--alias", "far", other, name)
	t.Cleanup(func() { _, _ = r.Docker.Try(t, "rm", "--force", "--volumes", name) }) // before the networks
	inside(r, name, "while [ ! -e /made ]; do sleep 0.05; done; echo changed >/made; echo kept >/loose/kept")
	was := r.Docker.Run(t, "inspect", "--format", "{{.Id}}", name)
	said := good(r, "recreate")
	says(t, said.Out, name+" runs and answers (recreate, by docker)", "procedure:rollback -run=")
	seen := r.Docker.Run(t, "inspect", "--format", `{{.Id}} {{.Config.Env}} {{.Config.Labels.mine}} {{.HostConfig.Memory}} {{len .NetworkSettings.Networks}} {{.HostConfig.Tmpfs}}`, name)
	says(t, seen, "PLACE=here", " yes 67108864 2 map[/quick:]")
	if strings.HasPrefix(seen, was) {
		t.Error("it is the old container")
	}
	if got := inside(r, name, "while [ ! -e /made ]; do sleep 0.05; done; cat /made /loose/kept; getent hosts app >/dev/null || nslookup app >/dev/null && echo known"); !strings.HasPrefix(got, "first\nkept") {
		t.Errorf("%q", got)
	}
	if all := r.Docker.Run(t, "ps", "--all", "--quiet", "--filter", "label=devcontainer.local_folder="+r.Workspace); len(strings.Fields(all)) != 1 {
		t.Errorf("there are %q", all)
	}
	r.Rollback()
	if got := inside(r, name, "cat /made /loose/kept; echo $PLACE"); got != "changed\nkept\nhere" {
		t.Errorf("%q", got)
	}
	says(t, r.Docker.Run(t, "inspect", "--format", `{{.Config.Env}} {{.Config.Labels.mine}} {{.HostConfig.Memory}} {{len .NetworkSettings.Networks}}`, name), "PLACE=here", "yes 67108864 2")
}

func TestWholeTheOldContainerRunsAgainWhenTheNewOneDoesNot(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	name := r.Start("-v", r.Workspace+":/work", r.Image, "sh", "-c", "[ -e /made ] || [ ! -e /work/fail ] || { echo cannot >&2; exit 5; }; echo x >/made; "+stays)
	inside(r, name, "while [ ! -e /made ]; do sleep 0.05; done; echo precious >/other")
	was := r.Docker.Run(t, "inspect", "--format", "{{.Id}}", name)
	r.Write(r.Workspace, "fail", "")
	said, err := r.Run(target, level("recreate"))
	if fault.Code(err) != fault.Invalid || !strings.Contains(err.Error(), "it has ended with 5: cannot") && !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("%v\n%s", err, said.Err)
	}
	if now := r.Docker.Run(t, "inspect", "--format", "{{.Id}} {{.State.Running}}", name); now != was+" true" {
		t.Errorf("%s, it was %s\n%s", now, was, said.Err)
	}
	if got := inside(r, name, "cat /other"); got != "precious" {
		t.Errorf("%q", got)
	}
}

func TestRealSlowAResetThatWasKilledIsRolledBack(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	name := r.Start(r.Image, "sh", "-c", stays)
	inside(r, name, "echo precious >/other")
	for _, words := range []string{"docker rename", "docker start"} {
		r.Killed(target, level("recreate"), words)
		r.Rollback()
		if got := inside(r, name, "cat /other"); got != "precious" {
			t.Fatalf("killed at %s: %q", words, got)
		}
	}
}

func TestRealSlowARebuiltImageIsMadeOfTheDockerfileAndARollbackHasTheOldOne(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	image := r.Docker.Name(t)
	t.Cleanup(func() { _, _ = r.Docker.Try(t, "image", "rm", "--force", image) })
	dockerfile := func(text string) {
		r.Write(r.Workspace, ".devcontainer/Dockerfile", "FROM "+r.Image+"\nENV VERSION="+text+"\nRUN echo "+text+" >/version\n")
	}
	r.Config(`{"build": {"dockerfile": "Dockerfile", "options": ["--network=none"]}}`)
	dockerfile("old")
	r.Docker.Run(t, "build", "--quiet", "--network", "none", "--tag", image, filepath.Join(r.Workspace, ".devcontainer"))
	name := r.Start("-e", "MINE=1", image, "sh", "-c", stays)
	dockerfile("new")
	good(r, "rebuild")
	if got := inside(r, name, "cat /version; echo $VERSION $MINE"); got != "new\nnew 1" {
		t.Errorf("%q", got)
	}
	r.Rollback()
	if got := inside(r, name, "cat /version; echo $VERSION $MINE"); got != "old\nold 1" {
		t.Errorf("%q", got)
	}
	if got := r.Docker.Run(t, "run", "--rm", image, "cat", "/version"); got != "old" {
		t.Errorf("the name of the image leads to %q", got)
	}
	dockerfile("new; exit 3")
	r.Refused(target, level("rebuild"), fault.Failed, "build the image")
	if got := inside(r, name, "cat /version"); got != "old" {
		t.Errorf("%q", got)
	}
}

// store saves volumes as tar files, where they can be seen, without the set that
// the backup procedure makes.
func store(dir string, o *devcontainer.Options) {
	if o == nil || dir == "" {
		return
	}
	run := func(ctx context.Context, w *procedure.Work, script string, args ...string) error {
		c := command.Change("sh", append([]string{"-euc", script, "store"}, args...)...)
		c.Env = o.Docker
		return w.Door.Run(ctx, c)
	}
	o.SaveVolumes = func(ctx context.Context, w *procedure.Work, volumes []string) (string, error) {
		if _, err := os.Stat(filepath.Join(dir, "full")); err == nil {
			return "", errors.New("no space left on device")
		}
		for _, v := range volumes {
			if err := run(ctx, w, `docker run --rm --volume "$1":/v busybox:testbed tar cf - -C /v . >"$2"`, v, filepath.Join(dir, v)); err != nil {
				return "", err
			}
		}
		return "a-set", nil
	}
	o.RestoreVolumes = func(ctx context.Context, w *procedure.Work, _ string, volumes []string) error {
		for _, v := range volumes {
			script := `docker volume rm "$1" || :; docker volume create "$1"; docker run --rm --interactive --volume "$1":/v busybox:testbed tar xf - -C /v <"$2"`
			if err := run(ctx, w, script, v, filepath.Join(dir, v)); err != nil {
				return err
			}
		}
		return nil
	}
}

// withVolumes is a container with a volume of its own, one without a name, and one
// that another container has, too.
func withVolumes(r *roomtest.Rig) (name, own, shared string) {
	own, shared = r.Docker.Volume(r.T, "--label", "kind=data"), r.Docker.Volume(r.T)
	r.Docker.Container(r.T, "-v", shared+":/data", r.Image, "sh", "-c", stays)
	name = r.Start("-v", own+":/own", "-v", shared+":/shared", "-v", "/loose", r.Image, "sh", "-c", stays)
	inside(r, name, "echo 1 >/own/file; echo 2 >/shared/file; echo 3 >/loose/file; echo 4 >/file")
	return name, own, shared
}

const files = "cat /own/file /shared/file /loose/file /file 2>/dev/null || :"

func TestRealSlowVolumesAreRemovedAfterABackupAndComeBack(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	clearUp(r)
	name, own, shared := withVolumes(r)
	r.Refused(target, level("volumes"), fault.Missing, "nobody to back them up")
	dir := t.TempDir()
	r.Shape = func(o *devcontainer.Options) { store(dir, o) }
	r.Write(dir, "full", "")
	r.Refused(target, level("volumes"), fault.Failed, "nothing was removed")
	if got := inside(r, name, files); got != "1\n2\n3\n4" {
		t.Fatalf("after a backup that failed: %q", got)
	}
	r.Must(os.Remove(filepath.Join(dir, "full")))
	said := good(r, "volumes")
	says(t, said.Err, "volume "+shared+" stays: container", "volume "+own+" is removed")
	says(t, said.Out, "backup:restoreVolume -set=a-set")
	if got := inside(r, name, files); got != "2" {
		t.Errorf("after it: %q", got)
	}
	if got := r.Docker.Run(t, "volume", "inspect", "--format", "{{.Labels.kind}}", own); got != "data" {
		t.Errorf("the new volume has the label %q", got)
	}
	r.Rollback()
	if got := inside(r, name, files); got != "1\n2\n3\n4" {
		t.Errorf("after a rollback: %q", got)
	}
}

func TestWholeAResetOfVolumesThatWasKilledIsRolledBack(t *testing.T) {
	r := roomtest.New(t)
	clearUp(r)
	dir := t.TempDir()
	t.Setenv(storeVariable, dir)
	r.Shape = func(o *devcontainer.Options) { store(dir, o) }
	name, _, _ := withVolumes(r)
	for _, words := range []string{"docker stop", "docker volume rm", "docker start"} {
		r.Killed(target, level("volumes"), words)
		r.Rollback()
		if got := inside(r, name, files); got != "1\n2\n3\n4" {
			t.Fatalf("killed at %s: %q", words, got)
		}
	}
}
