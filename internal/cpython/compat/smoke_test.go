package compat_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/compat"
	"iact-infra/internal/fault"
)

func TestSlowSmokeCommandsAreJudgedByTheirExitCodesOnBothSides(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.SmokeTimeout = 1500 * time.Millisecond
	r.write("which.py", "import os, sys\nassert sys.dont_write_bytecode\nprint(sys.prefix)\nprint('to stderr', file=sys.stderr)\nsys.exit('.venv.old' not in sys.prefix)\n")
	r.Smoke = []string{
		"python which.py",
		"sh -c 'exit 3'",
		"python -c 'import time; time.sleep(60)'",
		"python -c 'import os; os.abort()'",
		"LEVEL=3 sh -c 'test $LEVEL = 3'",
		"no-such-program",
		"tool",
		"sh -c 'case $PATH in *.venv.old*) exit 1; esac'",
	}
	for _, side := range []compat.Side{r.old, r.new} {
		// Both name the interpreter of the new one, as after a move.
		must(t, os.WriteFile(filepath.Join(side.Env, "bin", "tool"), []byte("#!"+r.new.Env+"/bin/python\nimport sys\nsys.exit('.venv.old' not in sys.prefix)\n"), 0o755))
	}
	report := r.check()
	for i, want := range []string{
		"ok → exit 1: broken (fail)", "exit 3 → exit 3: same (warn)", "does not end → does not end: same (warn)", "SIGABRT → SIGABRT: same (warn)",
		"ok → ok: same (ok)", "cannot run → cannot run: same (warn)", "ok → exit 1: broken (fail)", "exit 1 → ok: fixed (ok)",
	} {
		expect(t, row(t, report, r.Smoke[i]), want)
	}
	for _, f := range report.Findings {
		if strings.HasPrefix(f.Title, "python which.py") && (!strings.Contains(f.Evidence, r.new.Env) || !strings.Contains(f.Evidence, "to stderr") || !strings.Contains(f.Fix, "which.py")) {
			t.Errorf("got %+v", f)
		}
	}
}

func TestAPlanShowsConfiguredCommandsAndDoesNotRunThem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var plan bytes.Buffer
	r.Door = command.NewDoor(command.Local(), command.Planning(&plan))
	r.Smoke = []string{"touch made"}
	report := r.check()
	if _, err := os.Lstat(filepath.Join(r.Project, "made")); err == nil || !strings.Contains(plan.String(), "touch made") || report.Failed() {
		t.Errorf("got %q, %+v", plan.String(), report)
	}
}

func TestWrongUseIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, line := range []string{"a | b", "", "X=1", "'"} {
		r.Smoke = []string{line}
		if _, err := r.Check(t.Context(), r.old, r.new); fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("%q: got %v", line, err)
		}
	}
	r.Smoke, r.Project = nil, "/no/such/project"
	if _, err := r.Check(t.Context(), r.old, r.new); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "/no/such/project") {
		t.Errorf("got %v", err)
	}
}
