package command_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
)

func stream(t *testing.T, ctx context.Context, script string) *command.Stream {
	t.Helper()
	s, err := local().Stream(ctx, sh(script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Abort)
	return s
}

func TestAStreamThatEndsWellIsWhole(t *testing.T) {
	t.Parallel()
	s := stream(t, t.Context(), "head -c 5000000 /dev/zero; echo note >&2")
	n, err := io.Copy(io.Discard, s)
	if n != 5000000 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.Stderr() != "note\n" {
		t.Errorf("stderr %q", s.Stderr())
	}
}

func TestAProducerThatFailsAfterPartOfItsOutputIsNeverAtItsEnd(t *testing.T) {
	t.Parallel()
	s := stream(t, t.Context(), "echo half a dump; echo 'connection lost' >&2; exit 2")
	out, err := io.ReadAll(s)
	if string(out) != "half a dump\n" {
		t.Errorf("got %q", out)
	}
	var e *command.Error
	if !errors.As(err, &e) || e.Exit != 2 {
		t.Errorf("read: %v, want the program's error and not the end", err)
	}
	if err := s.Close(); !errors.As(err, &e) || err.Error() != "sh: exit 2: connection lost" {
		t.Errorf("close: %v", err)
	}
}

func TestAReaderThatStopsEarlyIsToldSo(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"while the program writes":    "cat /dev/zero",
		"when the program has ended":  "echo one; echo two",
		"while the program is asleep": "echo one; echo two; exec sleep 60",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stream(t, t.Context(), script)
			if _, err := io.ReadFull(s, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); !errors.Is(err, command.ErrCutShort) {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func TestAbortEndsTheProgramAndIsNoError(t *testing.T) {
	t.Parallel()
	s := stream(t, t.Context(), "echo $$; exec sleep 60")
	line, err := bufio.NewReader(s).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s.Abort()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(line)); err == nil {
		t.Error("the program still runs")
	}
	if err := s.Close(); err != nil {
		t.Errorf("close after abort: %v", err)
	}
}

func TestCancellingAStreamIsAnErrorEvenAtTheRightMoment(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// It ends well on SIGTERM: only who sent it tells that this is half.
	s := stream(t, ctx, "trap 'exit 0' TERM; echo half; while :; do sleep 0.05; done")
	if _, err := io.ReadFull(s, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(s); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := s.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
}

func TestTheEndOfTheContextFreesAReaderFromAnEscapedProgram(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	s := stream(t, ctx, "setsid sleep 20 & wait")
	began := time.Now()
	if _, err := io.ReadAll(s); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestSlowServiceThatKeepsTheOutputOpenIsNamed(t *testing.T) {
	t.Parallel()
	_, err := local().Text(t.Context(), sh("sleep 20 & echo started")).String()
	if !errors.Is(err, command.ErrHeld) {
		t.Errorf("got %v", err)
	}
}

func TestSlowReaderLosesNothing(t *testing.T) {
	t.Parallel()
	s := stream(t, t.Context(), "echo all of it")
	time.Sleep(command.Grace + 500*time.Millisecond)
	out, err := io.ReadAll(s)
	if string(out) != "all of it\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
