package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

// shim puts a docker before the real one that does something of its own when it
// is called with a verb. In lines, "$real" is the real client and $PPID the
// program under test.
func (r *rig) shim(d *testbed.DockerDaemon, verb, lines string) (env []string) {
	r.t.Helper()
	dir := filepath.Join(r.root, "shim-"+verb)
	r.put("shim-"+verb+"/docker", fmt.Sprintf("#!/bin/sh\nreal=%s\nif [ \"$1\" = %s ]; then\n%s\nfi\nexec \"$real\" \"$@\"\n", d.Program, verb, lines))
	must(r.t, os.Chmod(filepath.Join(dir, "docker"), 0o755))
	return []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
}

const die9 = `kill -KILL $PPID`

// TestRealSlowAKilledBackupBringsItsContainersBackWithTheNextCommand kills the
// program at every moment around a stop, and lets another command follow.
func TestRealSlowAKilledBackupBringsItsContainersBackWithTheNextCommand(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for _, test := range testbed.Sample([]struct {
		name, mode, verb, lines string
		next                    []string
		silent                  bool // nothing was stopped; or restore, which has no line to say it on here
	}{
		{"before a stop", "stop", "stop", die9, []string{"backup:volumes"}, true},
		{"in a stop", "stop", "stop", `"$real" "$@" & "$real" exec "$2" sh -c 'until grep -q ending /data/said; do sleep 0.05; done'; ` + die9 + "; wait", []string{"backup:verify"}, false},
		{"after a stop", "stop", "stop", `"$real" "$@"; ` + die9, []string{"backup:restore", "-source=config", "-to="}, true},
		{"before a start", "stop", "start", die9, []string{"backup:rotate"}, false},
		{"after a start", "stop", "start", `"$real" "$@"; ` + die9, []string{"backup:config"}, true},
		{"after a pause", "pause", "pause", `"$real" "$@"; ` + die9, []string{"backup:prepare"}, false},
		{"before an unpause", "pause", "unpause", die9, []string{"backup:volumes"}, false},
	}, 2) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name := d.Volume(t)
			slow := `trap 'echo ending >>/data/said; sleep 1; exit 0' TERM; echo began >/data/said; while :; do sleep 1 & wait $!; done`
			busy := d.Container(t, "-v", name+":/data", d.Busybox(t), "sh", "-c", slow)
			d.Run(t, "exec", busy, "sh", "-c", "until [ -s /data/said ]; do sleep 0.05; done")
			r := withDocker(t, d)
			r.good("backup:all")
			r.configure(volume("data", name, "mode: "+test.mode))
			before := r.held()
			end := r.runWith(r.shim(d, test.verb, test.lines), "backup:volumes")
			if end.signal != "SIGKILL" {
				t.Fatalf("the run was not killed: exit %d\n%s", end.code, end.said)
			}
			r.untouched(before)
			if test.next[0] == "backup:restore" {
				test.next[2] += filepath.Join(r.root, "restored")
			}
			next := r.good(test.next...)
			if is := state(t, d, busy); is != "running" {
				t.Errorf("the container is %s after %s\n%s", is, test.next[0], next.said)
			}
			if told := strings.Count(next.said, busy+" runs again"); told != 1 && !test.silent || told != 0 && test.silent {
				t.Errorf("%s says %d times that the container runs again:\n%s", test.next[0], told, next.said)
			}
			r.nothingPromised()
			r.good("backup:all")
			r.untouched(before)
		})
	}
}

func TestRealAContainerThatDoesNotComeBackFailsTheRunAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	r := withDocker(t, d, volume("data", name, "mode: stop"))
	bad := r.runWith(r.shim(d, "start", `echo "Error response from daemon: driver failed" >&2; exit 1`), "backup:volumes")
	bad.refused(1, "bring back containers "+busy, "docker start "+busy)
	if set := r.newest(); source(t, set, "data").State == "failed" {
		t.Errorf("the set lacks the volume, which was read well: %+v", set)
	}
	// Who cannot bring it back warns, and does its own work.
	if warned := r.runWith(r.shim(d, "start", "exit 1"), "backup:verify").ends(0); !strings.Contains(warned.said, "docker start "+busy) {
		t.Errorf("nothing says what to type:\n%s", warned.said)
	}
	if next := r.good("backup:verify"); state(t, d, busy) != "running" || !strings.Contains(next.said, busy+" runs again") {
		t.Errorf("the container is %s after the next command:\n%s", state(t, d, busy), next.said)
	}
	r.nothingPromised()
}

func TestRealACancelledBackupBringsItsContainersBack(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for mode, verb := range map[string]string{"stop": "stop", "pause": "pause"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			name := d.Volume(t)
			busy := user(t, d, name)
			r := withDocker(t, d, volume("data", name, "mode: "+mode))
			end := r.runWith(r.shim(d, verb, `"$real" "$@"; kill -TERM $PPID; exit 0`), "backup:volumes")
			if end.code == 0 || state(t, d, busy) != "running" {
				t.Errorf("exit %d, the container is %s after a cancelled run:\n%s", end.code, state(t, d, busy), end.said)
			}
			r.nothingPromised()
		})
	}
}

// TestWholeARunThatIsCancelledInTheMiddleOfAStopWaitsForItsEnd: docker goes on
// stopping a container whose client is gone, and it would stay down.
func TestWholeARunThatIsCancelledInTheMiddleOfAStopWaitsForItsEnd(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	for _, target := range []string{"backup:volumes", "backup:restoreVolume"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			name := d.Volume(t)
			dropVolumes(t, d, name)
			slow := `trap 'echo ending >>/data/said; sleep 2; exit 0' TERM; echo began >/data/said; while :; do sleep 1 & wait $!; done`
			busy := d.Container(t, "-v", name+":/data", d.Busybox(t), "sh", "-c", slow)
			d.Run(t, "exec", busy, "sh", "-c", "until [ -s /data/said ]; do sleep 0.05; done")
			r := withDocker(t, d, volume("data", name, "mode: live"))
			r.good("backup:volumes")
			r.configure(volume("data", name, "mode: stop"))
			inTheMiddle := `"$real" "$@" & "$real" exec "$2" sh -c 'until grep -q ending /data/said; do sleep 0.05; done'; kill -TERM $PPID; wait`
			args := []string{target}
			if target == "backup:restoreVolume" {
				args = append(args, "-yes=true")
			}
			end := r.runWith(r.shim(d, "stop", inTheMiddle), args...)
			if is := state(t, d, busy); end.code == 0 || is != "running" {
				t.Errorf("exit %d, the container is %s:\n%s", end.code, is, end.said)
			}
			if said := d.Run(t, "exec", busy, "cat", "/data/said"); !strings.HasPrefix(said, "began") || strings.Contains(said, "ending") {
				t.Errorf("the container was not started anew: %q", said) // it writes its file anew when it begins
			}
			r.nothingPromised()
		})
	}
}

func TestWholeOthersLeaveTheContainersOfARunAtWorkAlone(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	r := withDocker(t, d)
	r.good("backup:all")
	r.configure(volume("data", name, "mode: stop"))
	stand := filepath.Join(r.root, "go-on")
	env := r.shim(d, "stop", fmt.Sprintf(`"$real" "$@"; touch %[1]s.there; until [ -e %[1]s ]; do sleep 0.02; done; exit 0`, stand))
	done := make(chan ended)
	go func() { done <- r.runWith(env, "backup:volumes") }()
	ask(t, `until [ -e "$1.there" ]; do sleep 0.02; done`, stand)
	r.good("backup:verify")
	if is := state(t, d, busy); is != "exited" {
		t.Errorf("the container is %s while a backup has it stopped", is)
	}
	// Somebody else starts it, and somebody removes another one: both are told.
	d.Run(t, "start", busy)
	must(t, os.WriteFile(stand, nil, 0o600))
	end := (<-done).ends(0)
	if !strings.Contains(end.said, "somebody has started container "+busy+" again while the volume was read") {
		t.Errorf("nothing says that the container was started meanwhile:\n%s", end.said)
	}
	r.nothingPromised()
}

func TestWholeAContainerThatIsRemovedWhileItsVolumeIsReadIsNoFailure(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name)
	r := withDocker(t, d, volume("data", name, "mode: stop"))
	r.runWith(r.shim(d, "stop", `"$real" "$@"; "$real" rm "$2"; exit 0`), "backup:all").ends(0)
	if out, err := d.Try(t, "inspect", busy); err == nil {
		t.Errorf("the container is there again: %s", out)
	}
	r.nothingPromised()
}

func TestRealWhatStoppingWouldHarmIsNotStopped(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	name := d.Volume(t)
	busy := user(t, d, name, "--rm")
	r := withDocker(t, d, volume("data", name, "mode: stop"))
	r.run("backup:volumes").refused(4, "stop container "+busy+" for volume "+name+": it was started with --rm", "mode: pause")
	if is := state(t, d, busy); is != "running" {
		t.Errorf("the container is %s", is)
	}
	r.configure(volume("data", name, "mode: pause"))
	r.good("backup:all")
	if is := state(t, d, busy); is != "running" {
		t.Errorf("the container is %s after a pause", is)
	}
}

func TestWholeContainersOfVolumesThatTheyShareAreStoppedOnce(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	one, two, three := d.Volume(t), d.Volume(t), d.Volume(t)
	first := user(t, d, one, "-v", two+":/two")
	second := user(t, d, two, "-v", three+":/three")
	r := withDocker(t, d, volume("a", one, "mode: stop"), volume("z", three, "mode: stop"), volume("m", two, "mode: pause"))
	calls := filepath.Join(r.root, "calls")
	env := r.shim(d, "stop", fmt.Sprintf(`echo "$@" >>%s`, calls))
	r.runWith(env, "backup:all").ends(0)
	if lines := strings.Fields(strings.ReplaceAll(read(t, calls), "stop", "")); len(lines) != 2 {
		t.Errorf("%q was stopped, want each of two containers once", lines)
	}
	for _, c := range []string{first, second} {
		if is := state(t, d, c); is != "running" {
			t.Errorf("container %s is %s", c, is)
		}
	}
	if said := r.inSet(t, "m", "said"); !strings.Contains(said, "ended") {
		t.Errorf("the shared volume was read with %q in it: its containers had not ended", said)
	}
}
