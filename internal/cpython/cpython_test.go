package cpython_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython"
	"iact-infra/internal/fault"
)

func TestEverythingIsMadeOnceAndASecondTimeChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.good("3.13.5", "cpython:all")
	if r.leads("python") != "python-3.13.5" || r.leads("python-3.13") != "python-3.13.5" || r.made() != 1 {
		t.Errorf("python leads to %q, 3.13 to %q, made %d times", r.leads("python"), r.leads("python-3.13"), r.made())
	}
	if info, err := os.ReadFile(r.path("opt/python-3.13.5/.build-info")); err != nil || !strings.Contains(string(info), "version: 3.13.5\n") || !strings.Contains(string(info), "source: Python-3.13.5.tgz") {
		t.Errorf("the note of the build is %s, %v", info, err)
	}
	before := r.snapshot()
	said := r.good("3.13.5", "cpython:all")
	if after := r.snapshot(); after != before {
		t.Errorf("the second run has changed\n%s\nto\n%s", before, after)
	}
	if n := strings.Count(said, "skipped  already done"); n != 10 {
		t.Errorf("%d steps were skipped:\n%s", n, said)
	}
}

func TestWhatWasBuiltOnceComesOutOfTheCache(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.good("3.13.5", "cpython:install")
	must(t, os.RemoveAll(r.path("opt/python-3.13.5")))
	must(t, os.RemoveAll(r.path("work"))) // another machine
	said := r.good("3.13.5", "cpython:all")
	if r.made() != 1 || !strings.Contains(said, "from the cache") {
		t.Errorf("made %d times:\n%s", r.made(), said)
	}
	if text, err := os.ReadFile(r.path("opt/python-3.13.5/lib/where")); err != nil || strings.TrimSpace(string(text)) != r.path("opt/python-3.13.5") {
		t.Errorf("unpacked is %q, %v", text, err)
	}
}

func TestACacheThatWasTamperedWithIsNotUsedAndTheBuildIsMadeAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.good("3.13.5", "cpython:install")
	archives, err := filepath.Glob(r.path("cache/*.tar.zst"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("the cache holds %v, %v", archives, err)
	}
	text, err := os.ReadFile(archives[0])
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.Chmod(archives[0], 0o644))
	must(t, os.WriteFile(archives[0], text, 0o644))
	must(t, os.RemoveAll(r.path("opt/python-3.13.5")))
	must(t, os.RemoveAll(r.path("work")))
	said := r.good("3.13.5", "cpython:all")
	if r.made() != 2 || !strings.Contains(said, "cache entry refused") || !strings.Contains(said, "built anew") {
		t.Errorf("made %d times:\n%s", r.made(), said)
	}
}

func TestTheVersionBeforeIsBackInNoTimeAndTheNewOneStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.2")
	r.release("3.13.5")
	r.refused("", "cpython:rollback", fault.Missing, "no other version was in use before", "cpython:list")
	r.good("3.11.2", "cpython:install", "cpython:use")
	r.good("3.13.5", "cpython:install", "cpython:use")
	r.good("", "cpython:rollback")
	if r.leads("python") != "python-3.11.2" || r.leads("python-3.11") != "python-3.11.2" {
		t.Errorf("python leads to %q, 3.11 to %q", r.leads("python"), r.leads("python-3.11"))
	}
	if _, err := os.Stat(r.path("opt/python-3.13.5/bin/python3.13")); err != nil {
		t.Error(err)
	}
	r.good("", "cpython:rollback") // and forth
	if r.leads("python") != "python-3.13.5" {
		t.Errorf("python leads to %q", r.leads("python"))
	}
	must(t, os.RemoveAll(r.path("opt/python-3.11.2")))
	r.refused("", "cpython:rollback", fault.Missing, "go back to python-3.11.2: it is gone", "cpython:all -version=3.11.2")
}

func TestALinkThatIsNoneIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.refused("3.13.5", "cpython:use", fault.Missing, "is no interpreter of ours", "cpython:all -version=3.13.5")
	r.good("3.13.5", "cpython:install")
	put(t, r.path("opt/python/bin/python3"), "somebody else's")
	r.refused("3.13.5", "cpython:use", fault.Missing, "is no link of this toolkit", "move it away")
}

func TestAVersionThatIsNoneIsRefusedWithARule(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.refused("3.13", "cpython:fetch", fault.Usage, `parse version "3.13"`, "three numbers")
	r.refused("3.13.6", "cpython:fetch", fault.Usage, "does not pin it", "-verify=pinned")
	r.refused("3.13.5", "cpython:none", fault.Usage, "cpython:none", "")
}

func TestSeveralVersionsAreFetchedInOneGoAndTheNextTargetIsAboutTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.2")
	r.release("3.13.5")
	r.release("3.12.4")
	r.good("3.13.5", "cpython:fetch")
	said := r.good("3.11.2,3.13.5,3.12.4", "cpython:fetch", "cpython:install")
	for _, version := range []string{"3.11.2", "3.12.4"} {
		if !strings.Contains(said, "Python-"+version+".tgz: ") {
			t.Errorf("%s was not fetched:\n%s", version, said)
		}
	}
	if strings.Contains(said, "Python-3.13.5.tgz: ") {
		t.Errorf("3.13.5 was fetched again:\n%s", said)
	}
	if all := r.installed(); !slices.Equal(all, []string{"python-3.11.2"}) {
		t.Errorf("installed: %q", all)
	}
	r.refused("3.11.2,3.13", "cpython:fetch", fault.Usage, `parse version "3.13"`, "three numbers")
	if said := r.good("3.11.2,3.13.5", "cpython:fetch"); strings.Contains(said, "received") {
		t.Errorf("what is here was fetched again:\n%s", said)
	}
}

func TestSourcesThatAreNotThoseOfTheLockAreNeverBuilt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	file := r.path("src/Python-3.13.5.tgz")
	text, err := os.ReadFile(file)
	must(t, err)
	text[len(text)-9] ^= 1
	must(t, os.WriteFile(file, text, 0o644))
	said, err := r.run("3.13.5", "cpython:all")
	if err == nil || !strings.Contains(err.Error(), "SHA-256") || r.made() != 0 {
		t.Errorf("got %v, made %d times\n%s", err, r.made(), said)
	}
}

func TestAFailingProfileFallsBackOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	// With a profile this make fails as that of 3.13 does.
	dir := r.path("making/Python-3.13.5")
	configure, err := os.ReadFile(filepath.Join(dir, "configure"))
	must(t, err)
	put(t, filepath.Join(dir, "configure"), string(configure)+"case \"$*\" in *--enable-optimizations*) printf 'all:\\n\\t@echo \"test test_re failed\"; echo \"make: *** [Makefile:845: profile-run-stamp] Error 2\"; exit 2\\n' >Makefile;; esac\n")
	must(t, os.Remove(r.path("lock")))
	r.repack("3.13.5")
	r.more = ", pgo: stop, optimizations: true"
	r.refused("3.13.5", "cpython:build", fault.Failed, "a test of the profile failed: test_re", "-pgo=fallback")
	r.more = ", pgo: fallback, optimizations: true"
	if said := r.good("3.13.5", "cpython:install"); !strings.Contains(said, "building without the profile") || r.made() != 1 {
		t.Errorf("made %d times\n%s", r.made(), said)
	}
}

func TestAResumedRunIsAboutTheVersionThatTheFirstOneWasAbout(t *testing.T) {
	t.Parallel()
	got := cpython.Asked([]string{"cpython:all", "-version=3.11.2", "-pgo=fallback", "backup:db", "-verify=pinned", "-version=3.13.5"})
	if want := (cpython.Selection{Version: "3.11.2", PGO: "fallback", Verify: "pinned"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestASwitchThatWasCutOffBetweenItsLinksIsUndone puts one of the two links back,
// which is what a kill between them leaves.
func TestASwitchThatWasCutOffBetweenItsLinksIsUndone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.4")
	r.release("3.13.5")
	r.good("3.13.4", "cpython:install", "cpython:use")
	r.good("3.13.5", "cpython:install")
	r.good("3.13.5", "cpython:use")
	must(t, os.Remove(r.path("opt/python")))
	must(t, os.Symlink("python-3.13.4", r.path("opt/python")))
	p := r.process()
	if err := p.engine.Rollback(t.Context(), r.newest("cpython:use"), false); err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	if r.leads("python") != "python-3.13.4" || r.leads("python-3.13") != "python-3.13.4" {
		t.Errorf("python leads to %q, 3.13 to %q", r.leads("python"), r.leads("python-3.13"))
	}
}

func TestAnInvocationIsAboutOneVersion(t *testing.T) {
	t.Parallel()
	p := newRig(t).process()
	must(t, p.room.Select(cpython.Selection{Version: "3.11.2", PGO: "fallback"}))
	must(t, p.room.Select(cpython.Selection{})) // cpython:build -version=3.11.2 cpython:test
	if err := p.room.Select(cpython.Selection{Version: "3.13.5"}); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "are about 3.11.2") {
		t.Errorf("got %v", err)
	}
}
