package debug_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/debug"
	"iact-infra/internal/devcontainer/roomtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

func TestMain(m *testing.M) {
	if code, played := roomtest.Play(atTerminal); played {
		os.Exit(code)
	}
	m.Run()
}

const target = "devcontainer:debug"

// run runs a command of the shell in the container of the workspace, or in a copy.
func run(r *roomtest.Rig, line string) debug.Ran {
	r.T.Helper()
	var ran debug.Ran
	r.JSON(target, devcontainer.Selection{Debug: devcontainer.Debugging{Command: line}}, &ran)
	return ran
}

// left are the objects of looks at a workspace's container that were not removed.
func left(r *roomtest.Rig) []string {
	r.T.Helper()
	run := strings.ToLower(r.Newest())
	return append(strings.Fields(r.Docker.Run(r.T, "ps", "--all", "--quiet", "--filter", "name=iact-debug-"+run)),
		strings.Fields(r.Docker.Run(r.T, "image", "ls", "--quiet", "iact-debug:"+run))...)
}

func TestRealSlowTheFilesOfAContainerThatEndsAtOnceAreSeenAsItHasThem(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	volume := r.Docker.Volume(t)
	r.Ended(r.Start("-e", "PLACE=here", "-v", volume+":/data", "-v", r.Workspace+":/work", r.Image, "sh", "-c", "echo made >/made; echo kept >/data/kept; exit 3"))
	r.Write(r.Workspace, "file", "of the workspace\n")
	ran := run(r, "cat /made /data/kept /work/file; echo $PLACE; pwd; id -un")
	if want := "made\nkept\nof the workspace\nhere\n/work\nroot\n"; ran.Output != want || !ran.Copy || ran.Exit != 0 {
		t.Errorf("%+v, want %q", ran, want)
	}
	if all := left(r); len(all) > 0 {
		t.Errorf("left are %v", all)
	}
}

func TestRealWhatACommandSaysAndHowItEndsIsPassedOn(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Config(`{"image": "x", "remoteUser": "1234", "workspaceFolder": "/tmp"}`)
	r.Start(r.Image, "sleep", "1000")
	if ran := run(r, "pwd; id -u; echo late >&2"); ran.Output != "/tmp\n1234\nlate\n" || ran.Copy {
		t.Errorf("%+v", ran)
	}
	said, err := r.Run(target, devcontainer.Selection{Debug: devcontainer.Debugging{Command: "echo before; exit 7"}})
	if fault.Code(err) != fault.Failed || !strings.Contains(err.Error(), "it ended with 7") || said.Out != "before\n" {
		t.Errorf("%v, %q", err, said.Out)
	}
}

func TestRealSlowAnImageWithoutAShellIsLookedIntoByTheBusyboxOfThisMachine(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	dir := t.TempDir()
	r.Write(dir, "Dockerfile", "FROM scratch\nCOPY greeting /greeting\nENTRYPOINT [\"/absent\"]\n")
	r.Write(dir, "greeting", "hello\n")
	image := r.Docker.Name(t)
	r.Docker.Run(t, "build", "--quiet", "--tag", image, dir)
	t.Cleanup(func() { _, _ = r.Docker.Try(t, "image", "rm", "--force", image) })
	name := r.Docker.Name(t)
	t.Cleanup(func() { _, _ = r.Docker.Try(t, "rm", "--force", name) })
	_, _ = r.Docker.Try(t, "run", "--detach", "--name", name, "--label", "devcontainer.local_folder="+r.Workspace, image)
	ran := run(r, "cat /greeting")
	if ran.Output != "hello\n" || !slices.ContainsFunc(ran.Notes, func(n string) bool { return strings.Contains(n, "busybox") }) {
		t.Errorf("%+v", ran)
	}
}

func TestRealABindSourceThatIsMissingIsToldAndNotMade(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	source := filepath.Join(t.TempDir(), "gone")
	r.Must(os.Mkdir(source, 0o755))
	r.Ended(r.Start("-v", source+":/src", r.Image, "true"))
	r.Must(os.Remove(source))
	ran := run(r, "ls -d /src")
	if ran.Exit != 0 || len(ran.Notes) != 1 || !strings.Contains(ran.Notes[0], source+" is not there") {
		t.Errorf("%+v", ran)
	}
	if _, err := os.Stat(source); err == nil {
		t.Error("the source was made")
	}
}

func TestWholeAUserThatTheImageLacksIsToldAndRootTakesItsPlace(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Config(`{"image": "x", "remoteUser": "nobodyknows"}`)
	r.Ended(r.Start(r.Image, "true"))
	if ran := run(r, "id -u"); ran.Output != "0\n" || !strings.Contains(strings.Join(ran.Notes, "\n"), "nobodyknows") {
		t.Errorf("%+v", ran)
	}
}

func TestRealSlowWhatAKilledLookHasLeftIsRemovedByARollbackAndByTheNextLook(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Ended(r.Start(r.Image, "true"))
	pick := devcontainer.Selection{Debug: devcontainer.Debugging{Command: "true"}}
	for _, words := range []string{"docker commit", "docker start"} {
		r.Killed(target, pick, words)
		if len(left(r)) == 0 {
			t.Errorf("killed at %s: nothing is left to remove", words)
		}
		r.Rollback()
		r.Killed(target, pick, words)
		killed := strings.ToLower(r.Newest())
		run(r, "true")
		if all := r.Docker.Run(t, "ps", "--all", "--quiet", "--filter", "name="+killed) + r.Docker.Run(t, "image", "ls", "--quiet", "--filter", "reference=iact-debug:"+killed); all != "" {
			t.Errorf("killed at %s: left are %s", words, all)
		}
	}
	if all := r.Docker.Run(t, "image", "ls", "--quiet", "--filter", "label="+debug.LabelRun+"="+r.Newest()); all != "" {
		t.Errorf("left are %s", all)
	}
}

func TestRealAShellWithoutATerminalIsRefusedWithWhatToType(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	name := r.Start(r.Image, "sleep", "1000")
	r.Refused(target, devcontainer.Selection{Debug: devcontainer.Debugging{Shell: true}}, fault.Usage, "docker exec --interactive --tty "+name)
	r.Refused(target, devcontainer.Selection{Debug: devcontainer.Debugging{Shell: true, Command: "x"}}, fault.Usage, "each a look of their own")
}

func TestRealSlowLogsOfSeveralSourcesStandInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Config(`{"image": "x", "remoteUser": "root"}`)
	at := time.Now().UTC().Add(time.Hour).Format("2006-01-02 15:04:05.000") // of the server: in an hour
	name := r.Start(r.Image, "sh", "-c", "mkdir -p /root/.vscode-server/data/logs/x /root/.devcontainer; echo '"+at+" [info] the server began' >/root/.vscode-server/data/logs/x/remoteagent.log;"+
		"touch /root/.devcontainer/.postCreateCommandMarker; echo one; sleep 0.1; echo 'two' >&2; sleep 0.1; echo three; sleep 0.1; echo 'write /data: no space left on device' >&2; exit 1")
	r.Ended(name)
	var all []debug.Entry
	r.JSON(target, devcontainer.Selection{Debug: devcontainer.Debugging{Since: 10 * time.Minute}}, &all)
	if !slices.IsSortedFunc(all, func(a, b debug.Entry) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("out of order: %+v", all)
	}
	var told []string
	for _, e := range all {
		if e.Source == "container "+name {
			told = append(told, e.Stream+" "+e.Line)
		}
	}
	if want := "out one, err two, out three, err write /data: no space left on device"; strings.Join(told, ", ") != want {
		t.Errorf("%q, want %q", told, want)
	}
	find := func(source, part string) int {
		return slices.IndexFunc(all, func(e debug.Entry) bool { return strings.HasPrefix(e.Source, source) && strings.Contains(e.Line, part) })
	}
	created, one, died, server := find("events", "container create"), find("container", "one"), find("events", "container die"), find("server remoteagent", "the server began")
	if created < 0 || created > one || one > died || died > server || find("lifecycle", "postCreateCommand began") < 0 {
		t.Errorf("created %d, one %d, died %d, server %d: %+v", created, one, died, server, all)
	}
	if e := all[find("container", "no space left")]; e.Symptom == nil || e.Symptom.ID == "" || e.Symptom.Fix == "" {
		t.Errorf("%+v is not recognised", e)
	}
	said, err := r.Run(target, devcontainer.Selection{Debug: devcontainer.Debugging{Since: 10 * time.Minute, Lines: 2}})
	if err != nil || !strings.Contains(said.Out, "earlier lines are left out") || !strings.Contains(said.Out, "fix:") {
		t.Errorf("%v\n%s", err, said.Out)
	}
}

func TestWholeTheLogOfAnEngineThatHangsIsThere(t *testing.T) {
	t.Parallel()
	r := roomtest.On(t, testbed.OwnDocker(t))
	r.Docker.Hang(t)
	defer r.Docker.Continue(t)
	var all []debug.Entry
	r.JSON(target, devcontainer.Selection{}, &all)
	if len(all) == 0 || slices.ContainsFunc(all, func(e debug.Entry) bool { return e.Source != "engine" || !strings.Contains(e.Line, "level=") }) {
		t.Errorf("%+v", all)
	}
	r.Refused(target, devcontainer.Selection{Debug: devcontainer.Debugging{Command: "true"}}, fault.Missing, "gives no answer")
}
