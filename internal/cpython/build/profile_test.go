package build_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/build"
	"iact-infra/internal/fault"
)

func TestAFailingTestOfTheProfileIsNamed(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n\t@echo 'test test_re failed -- Traceback'; echo 'test test_bisect crashed -- x'; echo 'make: *** [Makefile:845: profile-run-stamp] Error 2'; exit 2\n")
	held(t, b)
	b.Optimized, b.Profile = true, true
	must(t, b.Configure(t.Context()))
	err := b.Make(t.Context())
	if !errors.Is(err, build.ErrProfile) || !strings.Contains(err.Error(), "test_re, test_bisect") || !strings.Contains(fault.Hint(err), "-pgo=fallback") {
		t.Fatalf("got %v, hint %s", err, fault.Hint(err))
	}
	must(t, b.GiveUpProfile())
	if flags := b.Flags(); slices.Contains(flags, "--enable-optimizations") || !slices.Contains(flags, "--with-lto") || !b.WithoutProfile() {
		t.Errorf("without a profile the flags are %v", flags)
	}
}

func TestATestOfTheProfileThatTakesTheInterpreterWithItIsNamed(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n\t@echo '0:00:01 load avg: 1.00 [ 1/44] test_array'; echo '0:00:12 load avg: 1.02 [12/44/1] test_datetime'; echo 'Fatal Python error: Segmentation fault'; echo 'make: *** [Makefile:845: profile-run-stamp] Error 139'; exit 2\n")
	held(t, b)
	b.Optimized, b.Profile = true, true
	must(t, b.Configure(t.Context()))
	if err := b.Make(t.Context()); !errors.Is(err, build.ErrProfile) || !strings.Contains(err.Error(), "test_datetime, in which it died") {
		t.Errorf("got %v", err)
	}
}

func TestATestOfTheProfileThatDiesBesideOthersIsNamedAndNotTheLastOneToEnd(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n\t@echo '0:00:01 load avg: 1.00 [ 1/44/1] test_re worker non-zero exit code (Exit code -11 (SIGSEGV))'; echo '0:00:12 load avg: 1.02 [12/44/2] test_bisect failed (1 failure)'; echo 'test test_bisect failed'; "+
		"echo '0:00:13 load avg: 1.02 [13/44/2] test_datetime passed'; echo 'make: *** [Makefile:845: profile-run-stamp] Error 2'; exit 2\n")
	held(t, b)
	b.Optimized, b.Profile = true, true
	must(t, b.Configure(t.Context()))
	if err := b.Make(t.Context()); !errors.Is(err, build.ErrProfile) || !strings.Contains(err.Error(), ": test_re, test_bisect: ") {
		t.Errorf("got %v", err)
	}
}

func TestTheTestsOfTheProfileRunOnAllCoresUnlessTheMakefileSaysHowMany(t *testing.T) {
	t.Parallel()
	for task, want := range map[string]string{
		"\t-m test --pgo --timeout=$(TESTTIMEOUT)": "-m test --pgo --timeout=20 -j3",
		"-m test --pgo -j2":                        "-m test --pgo -j2",
	} {
		b := toy(t, works, "TESTTIMEOUT=20\nPROFILE_TASK="+task+"\nall:\n\techo '$(PROFILE_TASK)' >../task\n")
		held(t, b)
		b.Optimized, b.Profile, b.Jobs = true, true, 3
		must(t, b.Configure(t.Context()))
		must(t, b.Make(t.Context()))
		if got, err := os.ReadFile(filepath.Join(b.Work, "task")); err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%q ran %q, %v; want %q", task, got, err, want)
		}
	}
}
