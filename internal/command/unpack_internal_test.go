package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// overNetwork is a far place that is this machine, and a door to it. between is
// a shell line that stands for the network: what it is given comes out of it.
func overNetwork(between string) *Door {
	f := nearby()
	f.packs = true
	f.reach = func(_ context.Context, line, _ string) (Command, error) {
		if between != "" {
			line = "{ " + line + "; } | { " + between + "; }"
		}
		return Read("bash", "-c", line), nil
	}
	return NewDoor(f)
}

func TestAStreamOverANetworkIsPackedOnItsWayAndComesOutWhole(t *testing.T) {
	t.Parallel()
	passed := filepath.Join(t.TempDir(), "passed")
	s, err := overNetwork("tee "+passed).Stream(t.Context(), Read("sh", "-c", "head -c 50000000 /dev/zero; echo end; echo note >&2"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(s)
	if err != nil || len(out) != 50000004 || !bytes.HasSuffix(out, []byte("\x00end\n")) {
		t.Errorf("got %d bytes, %v", len(out), err)
	}
	if err := s.Close(); err != nil || s.Stderr() != "note\n" {
		t.Errorf("close: %v, stderr %q", err, s.Stderr())
	}
	on, err := os.ReadFile(passed)
	if err != nil || len(on) > 1<<20 {
		t.Errorf("%d bytes went over the network, %v", len(on), err)
	}
}

func TestAStreamIsSentAsItIsWhereThereIsNoZstd(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	for _, program := range []string{"sh", "head", "kill", "sleep", "cat"} {
		path, err := Local().Look(t.Context(), program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	f := nearby()
	f.packs = true
	f.reach = func(_ context.Context, line, _ string) (Command, error) {
		c := Read(filepath.Join(bin, "sh"), "-c", strings.TrimSuffix(strings.TrimPrefix(line, "sh -c '"), "'"))
		c.Env = []string{"PATH=" + bin}
		return c, nil
	}
	s, err := NewDoor(f).Stream(t.Context(), Read("head", "-c", "3000000", "/dev/zero"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(s)
	if closed := s.Close(); err != nil || len(out) != 3000000 || closed != nil {
		t.Errorf("got %d bytes, %v, %v", len(out), err, closed)
	}
}

func TestALiveStreamGivesALineWhileTheProgramRuns(t *testing.T) {
	t.Parallel()
	c := Read("sh", "-c", "echo one; exec sleep 60")
	c.Live, c.Timeout = true, 20*time.Second
	s, err := overNetwork("").Stream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	line := make([]byte, 4)
	if _, err := io.ReadFull(s, line); err != nil || string(line) != "one\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestAPackedStreamThatDoesNotComeWholeIsALostConnection(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]string{
		"nothing comes":                       "cat >/dev/null",
		"it is cut":                           "head -c 20000; cat >/dev/null",
		"a byte is changed":                   `head -c 20000; head -c 1 >/dev/null; printf x; cat`,
		"its end comes late and then breaks":  "head -c 20000; cat >/dev/null; sleep 6; exit 255",
		"its end comes late and nothing says": "head -c 20000; cat >/dev/null; sleep 6",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := overNetwork(between).Stream(t.Context(), Read("head", "-c", "1000000", "/dev/urandom"))
			if err != nil {
				t.Fatal(err)
			}
			var lost *Lost
			if _, err = io.Copy(io.Discard, s); !errors.As(err, &lost) || !IsAway(err) {
				t.Errorf("read: %v", err)
			}
			if err := s.Close(); !errors.As(err, &lost) {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func TestAFailureOverThereIsTheReasonAndNotThePacking(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"after a part":   "head -c 3000000 /dev/urandom; echo 'no space' >&2; exit 7",
		"before a byte":  "echo 'no space' >&2; exit 7",
		"after an hour":  "head -c 3000000 /dev/urandom; sleep 0.2; echo 'no space' >&2; exit 7",
		"while it reads": "cat; echo 'no space' >&2; exit 7",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := overNetwork("").Stream(t.Context(), Read("sh", "-c", script))
			if err != nil {
				t.Fatal(err)
			}
			var failed *Error
			if _, err = io.Copy(io.Discard, s); !errors.As(err, &failed) || failed.Exit != 7 || IsAway(err) {
				t.Errorf("read: %v", err)
			}
			if err := s.Close(); err == nil || err.Error() != "sh: exit 7: no space" {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func TestWhoReadsOnlyABeginningOfAPackedStreamIsToldSo(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"while it comes": "cat /dev/zero",
		"when it is all": "echo one; echo two",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := overNetwork("").Stream(t.Context(), Read("sh", "-c", script))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(s, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); !errors.Is(err, ErrCutShort) {
				t.Errorf("close: %v", err)
			}
		})
	}
}

func TestCancellingAPackedStreamEndsItSoon(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := overNetwork("").Stream(ctx, Read("sh", "-c", "echo one; exec sleep 60"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := io.ReadAll(s); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := s.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(began); took > Grace+2*time.Second {
		t.Errorf("took %s", took)
	}
}

func FuzzOnlyAWholeFrameUnpacksToItsEnd(f *testing.F) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("some text that is packed"), uint(3))
	f.Add([]byte{}, uint(0))
	f.Fuzz(func(t *testing.T, plain []byte, less uint) {
		whole := pack.EncodeAll(plain, nil)
		if len(whole) == 0 { // the library makes no frame of nothing; zstd does
			return
		}
		out, err := io.ReadAll(&unpacker{from: bytes.NewReader(whole)})
		if err != nil || !bytes.Equal(out, plain) {
			t.Fatalf("whole: %d of %d bytes, %v", len(out), len(plain), err)
		}
		cut := whole[:len(whole)-1-int(less%uint(len(whole)))]
		if _, err := io.ReadAll(&unpacker{from: bytes.NewReader(cut)}); !errors.Is(err, errBrokenFrame) {
			t.Fatalf("%d of %d bytes: %v", len(cut), len(whole), err)
		}
	})
}
