package commandtest

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// Conform runs the suite that pins what command.Transport promises. The place
// that transport reaches needs sh, cat, head and sleep.
func Conform(t *testing.T, transport command.Transport) {
	t.Helper()
	for name, promise := range map[string]func(*testing.T, command.Transport){
		"it has a name":                                        conformName,
		"it finds programs":                                    conformLook,
		"a missing program is NotFound":                        conformMissing,
		"outputs stay apart and the exit code is kept":         conformOutputs,
		"the end of a long stderr is kept":                     conformTail,
		"a signal is named":                                    conformSignal,
		"the environment is added to and the language fixed":   conformEnv,
		"no input is an empty input":                           conformNoInput,
		"input reaches the program whole":                      conformInput,
		"a failing input never looks complete":                 conformFailingInput,
		"an early end leaves its input unread":                 conformUnread,
		"cancelling ends what the program started":             conformCancel,
		"a program that ignores SIGTERM is killed":             conformStubborn,
		"nothing starts once the context is over":              conformOver,
		"a stream of any size passes":                          conformLarge,
		"a reader that goes away ends the program by SIGPIPE":  conformPipe,
		"a service left behind does not hold the caller":       conformService,
		"what a stopped reader leaves does not hold the input": conformSlowInput,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			promise(t, transport)
		})
	}
}

// run starts c, reads its output to the end and waits.
func run(t *testing.T, ctx context.Context, tr command.Transport, c command.Command) (string, command.Ending) {
	t.Helper()
	p, read := start(t, ctx, tr, c)
	out, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), p.Wait()
}

func start(t *testing.T, ctx context.Context, tr command.Transport, c command.Command) (command.Process, *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	p, err := tr.Start(ctx, c, write)
	if err != nil {
		t.Fatalf("start %s: %v", c, err)
	}
	return p, read
}

func sh(script string, args ...string) command.Command {
	return command.Read("sh", append([]string{"-c", script, "sh"}, args...)...)
}

func conformName(t *testing.T, tr command.Transport) {
	if tr.Name() == "" {
		t.Error("no name")
	}
}

func conformLook(t *testing.T, tr command.Transport) {
	path, err := tr.Look(t.Context(), "sh")
	if err != nil || !strings.HasSuffix(path, "/sh") {
		t.Errorf("sh: %q, %v", path, err)
	}
	var missing *command.NotFound
	if _, err := tr.Look(t.Context(), "no-such-program-anywhere"); !errors.As(err, &missing) {
		t.Errorf("missing: %v", err)
	}
}

func conformMissing(t *testing.T, tr command.Transport) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var missing *command.NotFound
	if _, err := tr.Start(t.Context(), command.Read("no-such-program-anywhere"), write); !errors.As(err, &missing) {
		t.Errorf("got %v, want NotFound", err)
	}
	read.SetReadDeadline(time.Now().Add(command.Grace))
	if _, err := read.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("output was not closed: %v", err)
	}
}

func conformOutputs(t *testing.T, tr command.Transport) {
	out, e := run(t, t.Context(), tr, sh("echo out; echo err >&2; exit 7"))
	if out != "out\n" || e.Stderr != "err\n" || e.Exit != 7 || e.Signal != "" || e.Err != nil || e.Cut {
		t.Errorf("out %q, ending %+v", out, e)
	}
}

func conformTail(t *testing.T, tr command.Transport) {
	_, e := run(t, t.Context(), tr, sh(`i=0; while [ $i -lt 5000 ]; do echo "line $i of many"; i=$((i+1)); done >&2; echo last >&2`))
	if !strings.HasSuffix(e.Stderr, "line 4999 of many\nlast\n") || len(e.Stderr) < command.StderrKept || !e.Cut {
		t.Errorf("kept %d bytes, cut %v, end %q", len(e.Stderr), e.Cut, e.Stderr[max(0, len(e.Stderr)-40):])
	}
}

func conformSignal(t *testing.T, tr command.Transport) {
	_, e := run(t, t.Context(), tr, sh("kill -s USR1 $$"))
	if e.Signal != "SIGUSR1" || e.Exit != -1 {
		t.Errorf("ending %+v", e)
	}
}

func conformEnv(t *testing.T, tr command.Transport) {
	c := sh(`printf '%s|%s|' "$ADDED" "$LC_ALL"; [ -n "$PATH" ] && pwd`)
	c.Env, c.Dir = []string{"ADDED=a b'c"}, "/"
	if out, _ := run(t, t.Context(), tr, c); out != "a b'c|C|/\n" {
		t.Errorf("got %q", out)
	}
}

func conformNoInput(t *testing.T, tr command.Transport) {
	if out, e := run(t, t.Context(), tr, sh("cat; echo end")); out != "end\n" || e.Err != nil {
		t.Errorf("got %q, %+v", out, e)
	}
}

func conformInput(t *testing.T, tr command.Transport) {
	c := sh("cat")
	want := strings.Repeat("0123456789abcde\n", 200_000)
	c.Stdin = struct{ io.Reader }{strings.NewReader(want)}
	if out, e := run(t, t.Context(), tr, c); out != want || e.Err != nil || e.Exit != 0 {
		t.Errorf("got %d of %d bytes, %+v", len(out), len(want), e)
	}
}
