package release_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

func TestAReleaseIsFetchedOnceAndThenIsHere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	first := r.fetched("3.11.9")
	if got, err := os.ReadFile(first.Path); err != nil || !bytes.Equal(got, text) || filepath.Base(first.Path) != "Python-3.11.9.tar.xz" {
		t.Errorf("%s holds other bytes than the mirror: %v", first.Path, err)
	}
	if first.SHA256 != digest(text) || first.Level != "openpgp" || !strings.Contains(first.By, "Release Manager <manager@example.org>") || first.Bytes != int64(len(text)) || first.Resumed != 0 || first.From != r.url {
		t.Errorf("fetched: %+v", first)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Dir, "3.11.9", "*")); len(left) != 1 {
		t.Errorf("the directory holds %v", left)
	}
	r.server.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		t.Error("the mirror is asked again")
		w.WriteHeader(http.StatusTeapot)
		return true
	})
	if again := r.fetched("3.11.9"); again.Bytes != 0 || again.Path != first.Path || again.Level != "openpgp" || again.By != first.By {
		t.Errorf("fetched again: %+v", again)
	}
}

func TestAHalfDownloadIsContinuedAndNotStartedOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	// The server dies twenty times: more often than a place may fail in a row, but each time something came.
	r.server.misbehave(dying(r.server, len(text)/20))
	got := r.fetched("3.11.9")
	if sent, asked := r.server.total("3.11.9"); sent != int64(len(text)) || asked < 20 {
		t.Errorf("%d bytes were sent in %d answers, the file has %d", sent, asked, len(text))
	}
	if got.SHA256 != digest(text) || got.Bytes != int64(len(text)) {
		t.Errorf("fetched: %+v", got)
	}
}

func TestADownloadThatWasCutOffIsContinuedByTheNextRun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.server.misbehave(dying(r.server, len(text)/2))
	ctx, cancel := context.WithCancel(t.Context())
	r.Say = func(done, _ int64) {
		if done == int64(len(text)/2) {
			cancel()
		}
	}
	if got, err := r.Fetch(ctx, version(t, "3.11.9")); !errors.Is(err, context.Canceled) || len(got) != 0 {
		t.Fatalf("fetched %v, %v", got, err)
	}
	if info, err := os.Stat(r.file("3.11.9", ".part")); err != nil || info.Size() != int64(len(text)/2) {
		t.Fatalf("the part: %v, %v", info, err)
	}
	r.server.misbehave(nil)
	r.Say = nil
	got := r.fetched("3.11.9")
	if got.Resumed != int64(len(text)/2) || got.Bytes != int64(len(text)-len(text)/2) {
		t.Errorf("%d were here, %d came", got.Resumed, got.Bytes)
	}
}

func TestADownloadStartsOverWhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(r *rig, text []byte){
		"the server ignores ranges": func(r *rig, text []byte) {
			r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				q.Header.Del("Range")
				return false
			})
		},
		"the server sends another range than asked for": func(r *rig, text []byte) {
			r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				if q.Header.Get("Range") != "" {
					q.Header.Set("Range", "bytes=7-")
				}
				return false
			})
		},
		"the server knows no such range": func(r *rig, text []byte) {
			r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				if q.Header.Get("Range") != "" {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
					return true
				}
				return false
			})
		},
		"the file is another one by now": func(r *rig, text []byte) {
			r.server.put("3.11.9", "Python-3.11.9.tar.xz", text)
			other := append([]byte{}, text...)
			other[10] ^= 1 // the part is of this one
			must(r.t, os.WriteFile(r.file("3.11.9", ".part"), other[:1000], 0o600))
			must(r.t, os.WriteFile(r.file("3.11.9", ".part.json"), []byte(`{"mark":"\"`+digest(other)[:16]+`\"","total":`+strconv.Itoa(len(text))+`}`), 0o600))
		},
		"the server continues another file unasked": func(r *rig, text []byte) {
			must(r.t, os.WriteFile(r.file("3.11.9", ".part.json"), []byte(`{"mark":"\"x\"","total":`+strconv.Itoa(len(text))+`}`), 0o600))
			r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
				q.Header.Del("If-Range")
				return false
			})
		},
		"the length is another one by now": func(r *rig, text []byte) {
			must(r.t, os.WriteFile(r.file("3.11.9", ".part.json"), []byte(`{"mark":"\"`+digest(text)[:16]+`\"","total":300000}`), 0o600))
		},
		"nothing tells what the part is of": func(r *rig, _ []byte) {
			must(r.t, os.Remove(r.file("3.11.9", ".part.json")))
		},
		"what tells it is torn": func(r *rig, _ []byte) {
			must(r.t, os.WriteFile(r.file("3.11.9", ".part.json"), []byte(`{"mark":"`), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			text := r.release("3.11.9")
			must(t, os.MkdirAll(filepath.Join(r.Dir, "3.11.9"), 0o755))
			must(t, os.WriteFile(r.file("3.11.9", ".part"), text[:1000], 0o600))
			must(t, os.WriteFile(r.file("3.11.9", ".part.json"), []byte(`{"mark":"\"`+digest(text)[:16]+`\"","total":`+strconv.Itoa(len(text))+`}`), 0o600))
			change(r, text)
			if got := r.fetched("3.11.9"); got.SHA256 != digest(text) || got.Resumed != 0 {
				t.Errorf("fetched: %+v", got)
			}
		})
	}
}

func TestAnAnswerWithoutALengthIsTakenToItsEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
		if strings.HasSuffix(q.URL.Path, ".tar.xz") {
			_ = http.NewResponseController(w).Flush() // no length can be told any more
			_, _ = w.Write(text)                      // a failure shows in what was fetched
			return true
		}
		return false
	})
	if got := r.fetched("3.11.9"); got.SHA256 != digest(text) {
		t.Errorf("fetched: %+v", got)
	}
}

func TestAServerInTroubleIsAskedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	var asked atomic.Int32
	r.server.misbehave(func(w http.ResponseWriter, _ *http.Request) bool {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			return false
		}
		return true
	})
	r.fetched("3.11.9")
}

func TestAMirrorTakesOverWhere(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(w http.ResponseWriter, q *http.Request) bool{
		"the first place is down":          func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true },
		"the first place forbids it":       func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true },
		"the first place does not have it": func(w http.ResponseWriter, q *http.Request) bool { http.NotFound(w, q); return true },
		"a login page answers": func(w http.ResponseWriter, _ *http.Request) bool {
			_, err := w.Write([]byte("<html>log in"))
			return err == nil
		},
		"the first place falls silent before all": func(_ http.ResponseWriter, q *http.Request) bool { <-q.Context().Done(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			text := r.release("3.11.9")
			bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if strings.HasSuffix(q.URL.Path, ".tar.xz") {
					trouble(w, q)
					return
				}
				http.NotFound(w, q)
			}))
			t.Cleanup(bad.Close)
			r.Source.From, r.Source.Mirrors = bad.URL, []string{r.url}
			if strings.Contains(name, "silent") {
				r.Source.Patience = 200 * time.Millisecond
			}
			if got := r.fetched("3.11.9"); got.SHA256 != digest(text) || got.From != r.url {
				t.Errorf("fetched: %+v", got)
			}
		})
	}
}

func TestAServerThatFallsSilentInTheMiddleIsAskedForTheRest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.Source.Patience = 500 * time.Millisecond
	var asked atomic.Int32
	r.server.misbehave(func(w http.ResponseWriter, q *http.Request) bool {
		if !strings.HasSuffix(q.URL.Path, ".tar.xz") || asked.Add(1) > 1 {
			return false
		}
		w.Header().Set("ETag", `"`+digest(text)[:16]+`"`)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text[:1000]) // a failure shows in what was fetched
		_ = http.NewResponseController(w).Flush()
		<-q.Context().Done()
		return true
	})
	r.fetched("3.11.9")
	if sent, _ := r.server.total("3.11.9"); sent != int64(len(text)) {
		t.Errorf("%d bytes were sent, the file has %d", sent, len(text))
	}
}

func TestWhenNoPlaceAnswersTheErrorNamesThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.server.misbehave(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true })
	err := r.refused(fault.Failed, "3.11.9", r.url, "502 Bad Gateway", "after 5 attempts", "mirror")
	if strings.Contains(err.Error(), "no source has it") {
		t.Errorf("%v: that a server is down does not say that the version is not there", err)
	}
}

func TestADiskThatFillsUpLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	must(t, os.MkdirAll(filepath.Join(r.Dir, "3.11.9"), 0o755))
	// Who may mount gets a disk of 64 KiB; for others every write of the part fails as on a full disk.
	small := unix.Mount("none", filepath.Join(r.Dir, "3.11.9"), "tmpfs", 0, "size=64k") == nil
	if small {
		t.Cleanup(func() { must(t, unix.Unmount(filepath.Join(r.Dir, "3.11.9"), unix.MNT_DETACH)) })
	} else {
		must(t, os.Symlink("/dev/full", r.file("3.11.9", ".part")))
	}
	r.refused(fault.Failed, "3.11.9", "no space left on device", "free space")
	if _, asked := r.server.total("3.11.9"); asked != 1 {
		t.Errorf("the mirror was asked %d times: asking again makes no room", asked)
	}
	if small {
		must(t, unix.Mount("none", filepath.Join(r.Dir, "3.11.9"), "tmpfs", unix.MS_REMOUNT, "size=1m"))
	} else {
		must(t, os.Remove(r.file("3.11.9", ".part")))
	}
	got := r.fetched("3.11.9")
	if got.SHA256 != digest(text) || small && (got.Resumed == 0 || got.Resumed+got.Bytes != int64(len(text))) {
		t.Errorf("fetched: %+v", got)
	}
}
