package pybench_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/pybench"
	"iact-infra/internal/fault"
)

func TestSlowAnInterpreterIsNoRegressionOfItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	done, total := 0, 0
	r.Progress = func(d, of int) { done, total = d, of }
	report := r.run()
	want := "calls classes containers strings generators exceptions sorting nbody pidigits json_dumps json_loads regex pickle datetime template csv sqlite startup memory_imports memory_data"
	if got := strings.Fields(names(report)); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(strings.Fields(want)))) {
		t.Errorf("measured %s, want %s", got, want)
	}
	if worse := report.Regressions(report.Threshold); len(worse) > 0 || len(report.Unmeasured) > 0 {
		t.Errorf("regressions: %v, not measured: %v", worse, report.Unmeasured)
	}
	if done == 0 || done != total {
		t.Errorf("the progress ended at %d of %d", done, total)
	}
	if report.Suite != pybench.Shipped || report.Mean == nil || !strings.HasPrefix(report.Old.Version, "3.") {
		t.Errorf("the report is not filled: %+v", report)
	}
}

func TestSlowARegressionBeyondTheThresholdIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, "calls", "startup")
	r.Rounds = 6
	r.New.Program = r.script("new", `if [ "$1" = -I ]; then sleep 0.1; fi
if [ "$4" = - ]; then { echo 'import sys; sys.setprofile(lambda *a: None)'; cat; } | `+system+` "$@"; exit; fi`)
	report := r.run()
	var worse []string
	for _, one := range report.Regressions(0.10) {
		worse = append(worse, one.Name)
	}
	if got := strings.Join(worse, " "); got != "calls startup" {
		t.Errorf("regressions: %q of %v", got, report.Results)
	}
	if len(r.warned) != 2 || !strings.Contains(r.warned[0], "calls") {
		t.Errorf("warned: %q", r.warned)
	}
}

func TestWholeWhatOneInterpreterLacksIsNamedAndTheRestMeasured(t *testing.T) {
	t.Parallel()
	r := newRig(t, "calls", "sqlite")
	r.New.Program = r.python("new", `import sys; sys.modules["sqlite3"] = None`)
	report := r.run()
	if names(report) != "calls" || len(report.Unmeasured) != 1 {
		t.Fatalf("measured %q, not measured %v", names(report), report.Unmeasured)
	}
	if u := report.Unmeasured[0]; u.Name != "sqlite" || u.Old != "" || !strings.Contains(u.New, "sqlite3") {
		t.Errorf("not measured: %+v", u)
	}
	if len(r.warned) != 1 || !strings.Contains(r.warned[0], "on the new interpreter: ModuleNotFoundError") {
		t.Errorf("warned: %q", r.warned)
	}
}

func TestWholeABenchmarkThatFailsLaterDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, "calls", "regex")
	fails := `case "$PYTHONHASHSEED $*" in "2 "*"run regex"*) echo "noise" >&2; echo "RuntimeError: planted" >&2; exit 1;; esac`
	r.Old.Program, r.New.Program = r.script("old", fails), r.script("new", fails)
	report := r.run()
	if names(report) != "calls" || len(report.Unmeasured) != 1 {
		t.Fatalf("measured %q, not measured %v", names(report), report.Unmeasured)
	}
	u := report.Unmeasured[0]
	if !strings.HasSuffix(u.Old, "RuntimeError: planted") || !strings.HasSuffix(u.New, "RuntimeError: planted") {
		t.Errorf("not measured: %+v", u)
	}
	if got := r.jobs("run regex"); len(got) != 4 {
		t.Errorf("regex ran %d times: it is out after its second round", len(got))
	}
}

func TestWholeTwoThatComputeDifferentThingsAreNotCompared(t *testing.T) {
	t.Parallel()
	r := newRig(t, "template")
	r.New.Program = r.python("new", `import html; html.escape = lambda s, quote=True: s`)
	report := r.run()
	if names(report) != "" || len(report.Unmeasured) != 1 || !strings.HasPrefix(report.Unmeasured[0].New, "it computes ") {
		t.Errorf("measured %q, not measured %v", names(report), report.Unmeasured)
	}
	if report.Mean != nil {
		t.Errorf("the mean of nothing is %s", report.Mean)
	}
}

func TestAnInterpreterThatDoesNotStartIsNamedBeforeAnythingIsMeasured(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]func(r *rig) string{
		"missing": func(r *rig) string { return r.dir + "/none" },
		"broken":  func(r *rig) string { return r.script("new", "echo 'libpython3.so: cannot open' >&2; exit 127") },
		"other":   func(r *rig) string { return r.script("new", "echo hello; exit") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.New.Program = program(r)
			_, err := r.Run(t.Context())
			if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "start the new interpreter "+r.New.Program) {
				t.Errorf("error %v with code %d", err, fault.Code(err))
			}
			if measured := append(r.jobs("run "), r.jobs("calibrate ")...); len(measured) > 0 {
				t.Errorf("measured: %v", measured)
			}
		})
	}
}

func TestAWrongChoiceIsToldBeforeAnythingIsMeasured(t *testing.T) {
	t.Parallel()
	r := newRig(t, "calls", "pystones")
	_, err := r.Run(t.Context())
	if fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), `"pystones"`) || !strings.Contains(fault.Hint(err), "startup, calls") {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
	if got := r.jobs("run "); len(got) > 0 {
		t.Errorf("measured: %v", got)
	}
	r.Suite = "other"
	if _, err := r.Run(t.Context()); fault.Code(err) != fault.Usage {
		t.Errorf("a suite that is none: %v", err)
	}
}

func TestWholeTheOrderTurnsAroundWithEachRoundAndASeedBelongsToARound(t *testing.T) {
	t.Parallel()
	r := newRig(t, "calls", "nbody", "memory_data", "startup")
	r.Rounds = 4
	r.run()
	want := []string{"old", "new", "new", "old", "old", "new", "new", "old"}
	for _, name := range []string{"run calls", "run nbody"} {
		if got := r.jobs(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
		if got := r.jobs("calibrate " + strings.Fields(name)[1]); !slices.Equal(got, want[:1]) {
			t.Errorf("%s was calibrated by %v", name, got)
		}
	}
	if got := r.jobs("memory memory_data"); !slices.Equal(got, want[:6]) {
		t.Errorf("memory: %v", got)
	}
	if got := slices.Compact(r.jobs("-c pass")); !slices.Equal(got, slices.Compact(slices.Clone(want))) {
		t.Errorf("startup: %v", got)
	}
	var seeds, loops []string
	for _, e := range r.ran {
		if found := regexp.MustCompile(`PYTHONHASHSEED=(\d+) .* run calls (\d+) `).FindStringSubmatch(e.Command); found != nil {
			seeds, loops = append(seeds, found[1]), append(loops, found[2])
		}
	}
	if got := strings.Join(seeds, " "); got != "1 1 2 2 3 3 4 4" {
		t.Errorf("seeds: %s", got)
	}
	if len(slices.Compact(loops)) != 1 {
		t.Errorf("both did not do the same work: %v loops", loops)
	}
}

func TestWholeThePeakIsThatOfTheInterpreterAndNotOfItsParent(t *testing.T) {
	t.Parallel()
	ballast := make([]byte, 256<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	report := newRig(t, "memory_imports").run()
	if len(report.Results) != 1 {
		t.Fatalf("not measured: %v", report.Unmeasured)
	}
	if got := report.Results[0].Old.Median; got < 1<<20 || got > 100<<20 {
		t.Errorf("the peak is %.0f bytes", got)
	}
	if ballast[0] != 1 {
		t.Error("the ballast was thrown away")
	}
}

func TestACancelledRunStopsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Quick, r.Rounds = false, 1000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at time.Time
	r.Progress = func(int, int) {
		time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel() })
		r.Progress = nil
	}
	_, err := r.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if took := time.Since(at); took > 3*time.Second {
		t.Errorf("it took %s to stop", took)
	}
}

func TestAPlanMeasuresNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Door = command.NewDoor(command.Local(), command.Planning(t.Output()))
	if _, err := r.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}
