package ci_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/ci"
	"iact-infra/internal/command"
	"iact-infra/internal/engine"
)

// smallDisk mounts a file system of some size. Who may not mount runs the test once
// more where he may, in a user namespace, and then nothing is left to do here.
func smallDisk(t *testing.T, dir, size string) (mounted bool) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	err := unix.Mount("none", dir, "tmpfs", 0, "mode=0755,size="+size)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("unshare", "-rm", os.Args[0], "-test.run=^"+t.Name()+"$")))
		return false
	}
	must(t, err)
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return true
}

// fill leaves so many KiB of a disk free.
func fill(t *testing.T, dir string, free int64) (filler string) {
	t.Helper()
	filler = filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	must(t, err)
	defer f.Close()
	n, err := io.Copy(f, zeroes{})
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filled with %d bytes: %v", n, err)
	}
	must(t, f.Truncate(max(n-free<<10, 0)))
	return filler
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestSlowAFullDiskIsNamedAndLeavesNothingThatALaterRunTrusts(t *testing.T) {
	t.Parallel()
	for place, frees := range map[string][]int64{
		"cache": {0, 24, 150}, "checkout/.iact": {0, 12, 24, 80}, "report": {0, 12, 40}, "project/a": {0, 150}, "project/.iact-ci": {0, 4, 12, 40, 150},
	} {
		for _, free := range frees {
			t.Run(fmt.Sprintf("%s with %d KiB", filepath.Base(place), free), func(t *testing.T) {
				t.Parallel()
				fullDisk(t, place, free)
			})
		}
	}
}

func fullDisk(t *testing.T, place string, free int64) {
	r := newRig(t,
		job("unit", junitXML+", retries: 0", "seq 1 9000", suite("")),
		job("build", "outputs: [dist]", "mkdir -p dist; for i in 1 2 3 4; do head -c 40000 /dev/urandom >dist/app$i; done; cat src.txt >dist/src"),
		"stage: artifacts")
	if !smallDisk(t, r.path(place), "2m") {
		return
	}
	r.put("project/a/src.txt", "one\n")
	filler := fill(t, r.path(place), free)
	all := func() (*process, error) { return r.run(ci.Selection{To: r.path("report")}, "ci:all") }
	p, err := all()
	said := fmt.Sprintf("%+v\n", engine.NewFailure("en", err)) + p.all()
	switch place {
	case "cache":
		if err != nil || !strings.Contains(said, "its result is not in the cache") || !strings.Contains(said, r.path("cache")+"/") {
			t.Errorf("the run, or what it says of the cache, is wrong: %v\n%s", err, said)
		}
	case "checkout/.iact": // where the record of the run lies as well: the engine may be the first to say so
		if err == nil || !strings.Contains(said, "o space left on device") || !strings.Contains(said, r.path(place)+"/") {
			t.Errorf("it ended with %v\n%s", err, said)
		}
	default:
		if err == nil || !strings.Contains(said, "make room there") || !strings.Contains(said, "ci:clean") {
			t.Errorf("it ended with %v\n%s", err, said)
		}
	}
	if place != "checkout/.iact" && !regexp.MustCompile(`ENOSPC: no space left on device; `+regexp.QuoteMeta(r.path(place))+`\S* has [0-9.]+ (B|KiB) `).MatchString(said) {
		t.Errorf("it does not say which disk is full:\n%s", said)
	}
	must(t, os.Remove(filler))
	for range 2 {
		r.ran()
		if p, err = all(); err != nil {
			t.Fatalf("with room again: %v\n%s", err, p.all())
		}
	}
	r.runs("")
	r.states("a:unit=restored", "a:build=restored", "a:artifacts=restored")
	for name, size := range map[string]int64{"app1": 40000, "app4": 40000, "src": 4} {
		if info, err := os.Stat(r.path("project/a/dist/" + name)); err != nil || info.Size() != size {
			t.Errorf("%s is not whole: %v, %v", name, info, err)
		}
	}
	if got := r.read("project/.iact-ci/.gitignore"); !strings.HasSuffix(got, "*\n") {
		t.Errorf("git is told to ignore %q", got)
	}
	if !strings.HasSuffix(strings.TrimSpace(r.read("report/index.html")), "</html>") {
		t.Error("the report is not whole")
	}
}
