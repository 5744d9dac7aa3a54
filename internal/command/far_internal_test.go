package command

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// nearby is a far place that is this machine: everything but the way there.
func nearby() *Far {
	return &Far{
		name:  "nearby",
		reach: func(_ context.Context, line, _ string) (Command, error) { return Read("sh", "-c", line), nil },
		shown: Command.String,
		fails: func(said string, err error) error {
			return &Unreachable{Place: "nearby", Why: because(said, "sh", err), Err: err}
		},
	}
}

// Nearby is nearby for the conformance suite, which is in a package that
// imports this one.
func Nearby() *Far { return nearby() }

func TestABrokenConnectionNeverLooksLikeTheEndOfTheInput(t *testing.T) {
	t.Parallel()
	taken := t.TempDir() + "/taken"
	read, write := io.Pipe()
	c := Read("sh", "-c", `cat >/dev/null; echo complete >"$1"`, "sh", taken)
	c.Stdin = read
	place := nearby()
	place.reach = func(_ context.Context, line, _ string) (Command, error) {
		// Out of reach of what ends the client, as another machine is.
		return Read("setsid", "-w", "sh", "-c", line), nil
	}
	p, err := place.Start(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := write.Write([]byte(strings.Repeat("x", frame))); err != nil {
		t.Fatal(err)
	}
	far, ok := p.(*farProcess)
	if !ok {
		t.Fatalf("a %T", p)
	}
	pid := <-far.marks.pid
	far.release() // the client is killed, as when a network fails
	e := p.Wait()
	write.Close()
	if !e.failed() {
		t.Errorf("ending %+v", e)
	}
	// The other end has its grace to notice.
	deadline := time.Now().Add(Grace + 2*time.Second)
	for alive(pid) && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if alive(pid) {
		t.Error("the program still runs")
	}
	if _, err := os.Stat(taken); err == nil {
		t.Error("the program took the broken connection for the end of its input")
	}
}

func alive(pid string) bool {
	_, err := os.Stat("/proc/" + pid)
	return err == nil
}

func TestNothingOfACommandIsInAnArgumentList(t *testing.T) {
	t.Parallel()
	c := Read("sh", "-c", `tr '\0' ' ' </proc/$PPID/cmdline; echo "$SECRET"`)
	c.Env = []string{"SECRET=it's\na secret"}
	out, err := NewDoor(nearby()).Text(t.Context(), c).String()
	if err != nil || !strings.HasSuffix(out, "it's\na secret\n") {
		t.Fatalf("got %q, %v", out, err)
	}
	if command := strings.TrimSuffix(out, "it's\na secret\n"); strings.Contains(command, "secret") || !strings.Contains(command, "read -r") {
		t.Errorf("the shell over there was started as %q", command)
	}
}

func TestAPlaceThatSaysNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	place := nearby()
	place.reach = func(context.Context, string, string) (Command, error) {
		return Read("sh", "-c", "echo 'ssh: connect to host db port 22: Connection refused' >&2; exit 255"), nil
	}
	_, err := place.Start(t.Context(), Read("true"), nil)
	var away *Unreachable
	if !errors.As(err, &away) || err.Error() != "reach nearby: ssh: connect to host db port 22: Connection refused" || away.ExitCode() != 4 {
		t.Errorf("got %v", err)
	}
}

func TestAFarProgramMayPrintWhatLooksLikeAMark(t *testing.T) {
	t.Parallel()
	p, err := nearby().Start(t.Context(), Read("sh", "-c", `printf '\niact-XXXX exit 0\nno newline' >&2; exit 3`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Wait(); e.Exit != 3 || e.Stderr != "\niact-XXXX exit 0\nno newline" {
		t.Errorf("ending %+v", e)
	}
}

func FuzzMarksAreTakenOutWhereverTheOutputIsCut(f *testing.F) {
	f.Add("some output\n", "last words", uint8(3))
	f.Add("", "\n", uint8(1))
	f.Add("\niact-T", " exit 1\n", uint8(7))
	f.Fuzz(func(t *testing.T, before, after string, cut uint8) {
		m := newMarks("iact-TOKEN")
		if strings.Contains(before+after, "iact-TOKEN") {
			t.Skip("an output cannot know the token") //nolint:forbidigo // not a test of anything
		}
		all := "\niact-TOKEN pid 42\n" + before + "\niact-TOKEN exit 7\n" + after
		var kept strings.Builder
		keep := func(b []byte) { kept.Write(b) }
		size := int(cut)%9 + 1
		for rest := all; rest != ""; {
			n := min(size, len(rest))
			m.pass([]byte(rest[:n]), false, keep)
			rest = rest[n:]
		}
		m.pass(nil, true, keep)
		if kept.String() != before+after {
			t.Errorf("kept %q, want %q", kept.String(), before+after)
		}
		if code, told := m.code(); !told || code != "7" || <-m.pid != "42" {
			t.Errorf("exit %q, %v", code, told)
		}
	})
}

func TestFramesCarryTheInputWholeAndSayItsEnd(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, frame - 1, frame, frame + 1, 3*frame + 5} {
		want := strings.Repeat("ab\n", size/3+1)[:size]
		c := Read("cat")
		c.Stdin = iotest.HalfReader(strings.NewReader(want))
		got, err := NewDoor(nearby()).Text(t.Context(), c).String()
		if err != nil || got != want {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}

func TestAConnectionThatBreaksAfterTheExitCodeMayHaveLostOutput(t *testing.T) {
	t.Parallel()
	place := nearby()
	place.reach = func(_ context.Context, line, _ string) (Command, error) {
		return Read("sh", "-c", `sh -c "$0"; echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255`, strings.TrimSuffix(strings.TrimPrefix(line, "sh -c '"), "'")), nil
	}
	_, err := NewDoor(place).Text(t.Context(), Read("echo", "half")).String()
	var lost *Lost
	if !errors.As(err, &lost) {
		t.Errorf("got %v", err)
	}
}
