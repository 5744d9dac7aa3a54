package release_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
)

func TestAVersionThatDoesNotExistGetsTheNearestThatDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, v := range []string{"3.13.5", "3.13.11", "3.14.0"} {
		r.release(v)
	}
	r.server.put("3.15.0", "Python-3.15.0a1.tar.xz", tarball("3.15.0a1", 1000)) // python.org lists 3.15.0 from then on
	for wrong, near := range map[string]string{"3.13.12": "3.13.11", "3.13.99": "3.13.11", "3.12.1": "3.13.5", "3.15.0": "3.14.0", "3.15.1": "3.14.0"} {
		r.refused(fault.Usage, wrong, "fetch "+wrong+": no source has it", r.url, "the nearest release is "+near)
		if _, err := os.Stat(filepath.Join(r.Dir, wrong)); err == nil {
			t.Errorf("%s: an empty directory is left", wrong)
		}
	}
}

func TestADirectoryIsASourceInEveryLayout(t *testing.T) {
	t.Parallel()
	for path, v := range map[string]string{
		"Python-3.11.9.tar.xz":              "3.11.9",
		"3.11.9/Python-3.11.9.tar.xz":       "3.11.9",
		"python3.11_3.11.9.orig.tar.xz":     "3.11.9",
		"python3.13_3.13.0~rc2.orig.tar.xz": "3.13.0rc2",
		"3.13.0/Python-3.13.0rc2.tar.xz":    "3.13.0rc2",
		"Python-3.11.9.tgz":                 "3.11.9",
		"python3.11_3.11.9.orig.tar.gz":     "3.11.9",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			dir := filepath.Join(t.TempDir(), "a [dir]*")
			text := tarball(v, 1000)
			if !strings.HasSuffix(path, ".xz") {
				text = tgz(v, 1000)
			}
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, path), text, 0o644))
			must(t, os.WriteFile(filepath.Join(dir, path+".asc"), sign(t, r.key, text, someTimeAgo()), 0o644))
			r.Source = release.Source{From: dir}
			got := r.fetched(v)
			if got.SHA256 != digest(text) || got.From != dir || !strings.HasPrefix(filepath.Base(got.Path), "Python-"+v+".t") {
				t.Errorf("fetched: %+v", got)
			}
			r.refused(fault.Usage, "3.11.10", "no source has it", "the nearest release is "+v)
		})
	}
}

func TestASourceDirectoryThatIsNotThereIsNoMissingVersion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	r.Source.From, r.Source.Mirrors = filepath.Join(t.TempDir(), "nowhere"), []string{r.url}
	if got := r.fetched("3.11.9"); got.From != r.url {
		t.Errorf("fetched: %+v", got)
	}
	r.Source.Mirrors = nil
	r.refused(fault.Failed, "3.11.10", r.Source.From, "there is no such directory")
}

func TestAPasswordInTheAddressOfAMirrorShowsNowhere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	r.Source.From = strings.Replace(r.url, "http://", "http://user:hush@", 1)
	if got := r.fetched("3.11.9"); strings.Contains(got.From, "hush") {
		t.Errorf("fetched: %+v", got)
	}
	down := func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true }
	for _, trouble := range []func(http.ResponseWriter, *http.Request) bool{down, nil} {
		r.server.misbehave(trouble)
		if _, err := r.fetch("3.11.10"); err == nil || strings.Contains(err.Error()+fault.Hint(err), "hush") {
			t.Errorf("the error: %v", err)
		}
	}
}

func TestSeveralAreFetchedAtOnceAndOneThatFailsStopsNoOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var size int64
	for _, v := range []string{"3.11.9", "3.12.1", "3.13.5"} {
		size += int64(len(r.release(v)))
	}
	var last, most [2]int64
	r.Say = func(done, total int64) {
		last, most = [2]int64{done, total}, [2]int64{max(most[0], done), max(most[1], total)}
	}
	got, err := r.fetch("3.11.9", "3.11.77", "3.12.1", "3.13.5", "3.11.9")
	r.complains(err, fault.Usage, "3.11.77", "the nearest release is 3.11.9")
	var versions []string
	for _, one := range got {
		versions = append(versions, one.Version.String())
	}
	if strings.Join(versions, " ") != "3.11.9 3.12.1 3.13.5" {
		t.Errorf("fetched %v", versions)
	}
	if last != [2]int64{size, size} || most != last {
		t.Errorf("progress ends at %v, at most %v", last, most)
	}
	pins, err := release.ReadLock(r.Lock)
	if err != nil || len(pins) != 3 {
		t.Errorf("the lock holds %v, %v", pins, err)
	}
}

func TestASecondRunForTheSameVersionIsTurnedAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	begun, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.server.misbehave(func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() { close(begun); <-end })
		return false
	})
	var first errgroup.Group
	first.Go(func() error {
		got, err := r.Fetch(t.Context(), release.Version{Major: 3, Minor: 11, Patch: 9})
		if err == nil && got[0].SHA256 != digest(text) {
			err = fmt.Errorf("fetched %+v", got)
		}
		return err
	})
	<-begun
	second := *r.Fetcher
	_, err := second.Fetch(t.Context(), version(t, "3.11.9"))
	r.complains(err, fault.Locked, "another run is fetching it")
	close(end)
	must(t, first.Wait())
	if sent, _ := r.server.total("3.11.9"); sent != int64(len(text)) {
		t.Errorf("%d bytes were sent", sent)
	}
	r.fetched("3.11.9")
}

func TestAWrongLevelIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	r.Verify = "openpgp"
	r.refused(fault.Usage, "3.11.9", `"openpgp"`, "pinned")
	if _, asked := r.server.total("3.11.9"); asked != 0 {
		t.Error("the mirror was asked")
	}
}
