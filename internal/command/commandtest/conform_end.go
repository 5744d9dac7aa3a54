package commandtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/command"
)

// soon is well below what sleeping programs of the suite would take and above
// what a busy machine needs.
const soon = 15 * time.Second

func conformFailingInput(t *testing.T, tr command.Transport) {
	c := sh("cat >/dev/null; echo complete")
	broken := errors.New("disk gone")
	c.Stdin = io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
	out, e := run(t, t.Context(), tr, c)
	if out != "" {
		t.Errorf("the program took the failed input for complete: %q", out)
	}
	if !errors.Is(e.Err, broken) {
		t.Errorf("cause = %v", e.Err)
	}
}

func conformUnread(t *testing.T, tr command.Transport) {
	c := command.Read("head", "-c", "10")
	c.Stdin = struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 8<<20))}
	out, e := run(t, t.Context(), tr, c)
	if len(out) != 10 || e.Exit != 0 || !errors.Is(e.Err, command.ErrUnread) {
		t.Errorf("got %d bytes, %+v", len(out), e)
	}
	c = sh("echo 'bad header' >&2; exit 3")
	c.Stdin = struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 8<<20))}
	if _, e = run(t, t.Context(), tr, c); e.Exit != 3 || e.Err != nil || e.Stderr != "bad header\n" {
		t.Errorf("an early failure must be the program's own: %+v", e)
	}
}

func conformSlowInput(t *testing.T, tr command.Transport) {
	never, write := io.Pipe()
	defer write.Close()
	c := sh("exit 3")
	c.Stdin = never
	began := time.Now()
	if _, e := run(t, t.Context(), tr, c); e.Exit != 3 {
		t.Errorf("ending %+v", e)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("a program that failed waited %s for its input", took)
	}
}

func conformCancel(t *testing.T, tr command.Transport) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	// The grandchild holds the output open for as long as it lives.
	p, read := start(t, ctx, tr, sh("(sleep 60; true) & echo ready; wait"))
	if _, err := read.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	reason := errors.New("the user said so")
	cancel(reason)
	began := time.Now()
	read.SetReadDeadline(began.Add(soon))
	if _, err := io.ReadAll(read); err != nil {
		t.Errorf("something still holds the output: %v", err)
	}
	e := p.Wait()
	if !errors.Is(e.Err, reason) || !errors.Is(e.Err, context.Canceled) {
		t.Errorf("cause = %v", e.Err)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("took %s", took)
	}
}

func conformStubborn(t *testing.T, tr command.Transport) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, read := start(t, ctx, tr, sh("trap '' TERM; echo ready; while :; do sleep 0.1; done"))
	if _, err := read.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	cancel()
	e := p.Wait()
	if took := time.Since(began); took < command.Grace || took > command.Grace+soon {
		t.Errorf("ended after %s, want a grace of %s", took, command.Grace)
	}
	if e.Signal != "SIGKILL" {
		t.Errorf("ending %+v", e)
	}
}

func conformOver(t *testing.T, tr command.Transport) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.Start(ctx, sh("echo ran"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func conformLarge(t *testing.T, tr command.Transport) {
	p, read := start(t, t.Context(), tr, command.Read("head", "-c", "67108864", "/dev/zero"))
	n, err := io.Copy(io.Discard, read)
	if e := p.Wait(); err != nil || n != 64<<20 || e.Exit != 0 {
		t.Errorf("got %d bytes, %v, %+v", n, err, e)
	}
}

func conformPipe(t *testing.T, tr command.Transport) {
	p, read := start(t, t.Context(), tr, command.Read("cat", "/dev/zero"))
	if _, err := read.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	read.Close()
	// A connection may end before it can tell that the program has.
	if e := p.Wait(); e.Signal != "SIGPIPE" && !command.IsAway(e.Err) {
		t.Errorf("ending %+v", e)
	}
}

func conformService(t *testing.T, tr command.Transport) {
	// Like a daemon: the parent ends, the child keeps standard error.
	p, err := tr.Start(t.Context(), sh("sleep 20 & echo started >&2"), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if e := p.Wait(); e.Exit != 0 || e.Err != nil || e.Stderr != "started\n" {
		t.Errorf("ending %+v", e)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("took %s", took)
	}
}
