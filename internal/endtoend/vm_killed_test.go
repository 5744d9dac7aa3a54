package endtoend_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// blankLife is a checkout of its own with a machine that has no system and runs:
// QEMU has its disk, half of which is random.
type blankLife struct {
	*life
	testbed.BlankMachine
	temp string // of the program: what it leaves there is seen
}

func newBlankLife(t *testing.T) *blankLife {
	t.Helper()
	l := &blankLife{life: &life{t: t, root: t.TempDir(), daemon: testbed.Libvirt(t)}}
	l.BlankMachine = l.daemon.BlankAt(t, l.root)
	var err error
	l.temp, err = os.MkdirTemp("", "k") //nolint:usetesting // the path of a socket is short
	l.must(err)
	t.Cleanup(func() { _ = os.RemoveAll(l.temp) })
	random := filepath.Join(l.root, "random")
	l.must(command.NewDoor(command.Local()).Run(t.Context(), command.Change("sh", "-ec",
		`head -c 24M /dev/urandom >"$1" && truncate -s 64M "$1" && qemu-img convert -O qcow2 "$1" "$2" && rm "$1"`, "sh", random, l.Disk)))
	at := filepath.Join(l.root, ".vagrant/machines/blank/libvirt")
	l.must(os.MkdirAll(at, 0o755))
	l.must(os.MkdirAll(filepath.Join(l.root, "config"), 0o755))
	for name, text := range map[string]string{
		filepath.Join(at, "id"):                   l.ID,
		filepath.Join(l.root, "go.mod"):           "module iact-infra\n",
		filepath.Join(l.root, "config/iact.yaml"): fmt.Sprintf("vm: {dir: %s, provider: libvirt, machines: [blank]}\nbackup:\n  store: %[1]s/sets\n  sources: [{name: blank, kind: vm, machine: blank}]\n", l.root),
	} {
		l.must(os.WriteFile(name, []byte(text), 0o600))
	}
	l.env = []string{"IACT_DIR=" + l.root, "IACT_CONFIG=", "IACT_LANG=en", "NO_COLOR=1", "TMPDIR=" + l.temp}
	l.daemon.Virsh(t, "start", l.ID)
	return l
}

// killing puts a program before the one that it stands for, which kills the run
// with SIGKILL at a moment: before or after the program has done what a word of its
// arguments asks for, or, beside all that follows, once a file is there.
func (l *blankLife) killing(program, word, moment string) (dir string) {
	l.t.Helper()
	dir = l.t.TempDir()
	script := fmt.Sprintf(`#!/bin/bash
case " $* " in *' %[1]s '*) ;; *) exec %[2]s "$@" ;; esac
run=$PPID
while [ "$(cat /proc/$run/comm)" = sh ]; do run=$(ps -o ppid= -p $run | tr -d ' '); done
case '%[3]s' in
before) kill -KILL $run; exit 1 ;;
after) %[2]s "$@"; code=$?; kill -KILL $run; exit $code ;;
esac
(until compgen -G '%[3]s' >/dev/null; do [ -d /proc/$run ] || exit 0; done; kill -KILL $run) </dev/null >/dev/null 2>&1 &
exec %[2]s "$@"
`, word, l.which(program), moment)
	l.must(os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755))
	return dir
}

// which is where a program is.
func (l *blankLife) which(program string) string {
	l.t.Helper()
	path, err := command.NewDoor(command.Local()).Text(l.t.Context(), command.Read("which", program)).String()
	l.must(err)
	return strings.TrimSpace(path)
}

// before has the programs of a directory found before all others.
func before(dir string) (env []string) { return []string{"PATH=" + dir + ":" + os.Getenv("PATH")} }

// clean makes sure that the machine runs, and that nothing of a capture is left.
func (l *blankLife) clean() {
	l.t.Helper()
	l.runs()
	if job, err := l.daemon.Try(l.t, "backup-dumpxml", l.ID); err == nil {
		l.t.Errorf("a backup of it still runs: %s", job)
	}
	for _, glob := range []string{l.root + "/.iact-blank-*", l.root + "/.iact/capture/*", l.temp + "/iact-vm-*"} {
		if left, _ := filepath.Glob(glob); len(left) > 0 {
			l.t.Errorf("it leaves %v", left)
		}
	}
}

func (l *blankLife) runs() {
	l.t.Helper()
	if state := l.daemon.Virsh(l.t, "domstate", l.ID); state != "running" {
		l.t.Errorf("the machine is %s", state)
	}
}

// TestRealSlowAKilledRunLeavesAMachineThatRunsAndTheNextOneCleansUp kills backup:vm
// and vm:export of a machine that QEMU runs, the latter gone on with by
// procedure:resume.
func TestRealSlowAKilledRunLeavesAMachineThatRunsAndTheNextOneCleansUp(t *testing.T) {
	t.Parallel()
	for _, one := range testbed.Sample([]struct{ target, program, word, moment string }{
		{"backup:vm", "virsh", "backup-begin", "before"},
		{"backup:vm", "virsh", "backup-begin", "after"},
		{"backup:vm", "virsh", "backup-begin", "ROOT/sets/*/vm-blank/*.zst"},
		{"backup:vm", "virsh", "domjobabort", "before"},
		{"backup:vm", "virsh", "domjobabort", "after"},
		{"vm:export", "virsh", "backup-begin", "after"},
		{"vm:export", "virsh", "backup-begin", "ROOT/out/.scratch-*/vda.raw"},
		{"vm:export", "virsh", "domjobabort", "before"},
		{"vm:export", "qemu-img", "convert", "before"},
	}, 3) {
		t.Run(one.target+" "+one.word+" "+one.moment, func(t *testing.T) {
			t.Parallel()
			l := newBlankLife(t)
			again, begin := words(one.target), words(one.target)
			if one.target == "vm:export" {
				again, begin = words("procedure:resume"), append(begin, "-to="+filepath.Join(l.root, "out"))
			}
			said, code := l.run(before(l.killing(one.program, one.word, strings.Replace(one.moment, "ROOT", l.root, 1))), begin...)
			if code != 137 && code != -1 {
				t.Fatalf("the run was not killed but ended with %d:\n%s", code, said)
			}
			l.runs()
			_, err := l.daemon.Try(t, "backup-dumpxml", l.ID)
			says := []string{one.target + "  ok"}
			if err == nil { // its job is still there
				says = append(says, "a backup of it that was killed still held its disks, and was ended")
			}
			l.good(again, says...)
			l.clean()
			l.good(words("backup:vm"), "backup:vm  ok")
			l.clean()
		})
	}
}

// agent is a directory with a virsh that tells of an agent in the guest, which writes
// down that it froze and thaws by a line of the shell. All else is done by the virsh
// behind it.
func (l *blankLife) agent(behind, thaws string) (dir string) {
	l.t.Helper()
	dir = l.t.TempDir()
	l.must(os.WriteFile(filepath.Join(dir, "virsh"), fmt.Appendf(nil, `#!/bin/bash
case " $* " in
*' domfsfreeze '*) echo frozen >>%[1]s ;;
*' domfsthaw '*) %[3]s ;;
*' dumpxml '*) %[2]s "$@"; code=$?; echo "<!-- name='org.qemu.guest_agent.0' state='connected' -->"; exit $code ;;
*) exec %[2]s "$@" ;;
esac
`, filepath.Join(l.root, "told"), l.which(behind), thaws), 0o755))
	return dir
}

// TestRealSlowAGuestIsThawedThoughTheRunWasKilledWhileItWasFrozen has an agent that
// only writes down what it is told: the machine has no system.
func TestRealSlowAGuestIsThawedThoughTheRunWasKilledWhileItWasFrozen(t *testing.T) {
	t.Parallel()
	l := newBlankLife(t)
	killer := l.killing("virsh", "backup-begin", "before")
	told := filepath.Join(l.root, "told")
	agent := l.agent(filepath.Join(killer, "virsh"), "echo thawed >>"+told)
	said, code := l.run(before(agent), words("backup:vm")...)
	if code != 137 && code != -1 {
		t.Fatalf("the run was not killed but ended with %d:\n%s", code, said)
	}
	var text []byte
	for range 200 { // the killed run is not waited for by what it started
		if text, _ = os.ReadFile(told); strings.HasSuffix(string(text), "thawed\n") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if string(text) != "frozen\nthawed\n" {
		t.Errorf("the agent was told %q", text)
	}
}

// TestRealSlowAGuestThatStaysFrozenFailsItsBackup has an agent that does not thaw.
func TestRealSlowAGuestThatStaysFrozenFailsItsBackup(t *testing.T) {
	t.Parallel()
	l := newBlankLife(t)
	said, code := l.run(before(l.agent("virsh", `echo "error: internal error: the agent hangs" >&2; exit 1`)), words("backup:vm")...)
	if code == 0 || !strings.Contains(said, "the agent hangs") {
		t.Errorf("it ends with %d:\n%s", code, said)
	}
	l.clean()
}

// TestRealSlowTheLinesOfRestoreMdMakeAMachineOfTheSameDisk types what RESTORE.md of
// a set says, and nothing else.
func TestRealSlowTheLinesOfRestoreMdMakeAMachineOfTheSameDisk(t *testing.T) {
	t.Parallel()
	l := newBlankLife(t)
	l.good(words("backup:vm"), "backup:vm  ok")
	sets, err := filepath.Glob(filepath.Join(l.root, "sets/*/RESTORE.md"))
	l.must(err)
	if len(sets) != 1 {
		t.Fatalf("there are %v", sets)
	}
	text, err := os.ReadFile(sets[0])
	l.must(err)
	_, of, _ := strings.Cut(string(text), "The machine "+l.Domain)
	of, _, _ = strings.Cut(of, "\n## ")
	var lines []string
	for _, line := range regexp.MustCompile(`(?m)^    (.*)$`).FindAllStringSubmatch(of, -1) {
		lines = append(lines, line[1])
	}
	restored := l.Domain + "-restored"
	if !slices.Contains(lines, "virsh start "+restored) {
		t.Fatalf("no line starts it:\n%s", of)
	}
	t.Cleanup(func() {
		_, _ = l.daemon.Try(t, "destroy", restored)
		_, _ = l.daemon.Try(t, "undefine", restored)
	})
	set := filepath.Dir(sets[0])
	// The machine that was backed up lets go of its disk, so that both can be read.
	l.daemon.Virsh(t, "destroy", l.ID)
	c := command.Change("bash", "-ec", strings.Join(lines, "\n"))
	c.Dir = set
	l.must(command.NewDoor(command.Local()).Run(t.Context(), c))
	if state := l.daemon.Virsh(t, "domstate", restored); state != "running" {
		t.Errorf("the machine is %s", state)
	}
	list := l.daemon.Virsh(t, "domblklist", restored, "--details")
	fields := strings.Fields(list)
	disk := fields[len(fields)-1]
	if !strings.HasPrefix(disk, set) {
		t.Errorf("its disk is %s:\n%s", disk, list)
	}
	l.daemon.Virsh(t, "destroy", restored)
	same := command.Read("qemu-img", "compare", "-f", "qcow2", "-F", "raw", l.Disk, disk)
	var failed *command.Error
	if err := command.NewDoor(command.Local()).Run(t.Context(), same); errors.As(err, &failed) || err != nil {
		t.Errorf("the disks are not the same: %v", err)
	}
}
