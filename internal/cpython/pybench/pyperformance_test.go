package pybench_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/cpython/pybench"
	"iact-infra/internal/fault"
)

// standIn speaks the command line of pyperformance: what it refuses, the two
// forms in which pyperf writes a file, a run without values that calibrates, and
// a name that stands for two benchmarks. The interpreter called new is slower.
const standIn = `
import argparse, json, os, sys
parser = argparse.ArgumentParser()
sub = parser.add_subparsers(dest="action", required=True)
for name in ("list", "run"):
    cmd = sub.add_parser(name)
    cmd.add_argument("-b", "--benchmarks", default="<default>")
    cmd.add_argument("-p", "--python", default=sys.executable)
run = sub.choices["run"]
run.add_argument("-o", "--output")
run.add_argument("-f", "--fast", action="store_true")
o = parser.parse_args()
if o.action == "list":
    print("'<default>' benchmarks:\n- chaos\n- logging\n- broken\n\nTotal: 3 benchmarks")
    sys.exit()
if os.path.exists(o.output):
    sys.exit("ERROR: the output file already exists!")
if not os.path.isabs(o.python) or not os.environ.get("PIP_FIND_LINKS"):
    sys.exit("ERROR: pip would not find its packages")
if o.benchmarks == "broken" or os.path.exists(os.path.join(os.path.dirname(o.python), "all-broken")):
    print("ERROR: No benchmark was run")
    sys.exit(1)
speed = 0.003 if o.python.endswith("new") else 0.002
runs = [{"warmups": [[1, 9.0]], "metadata": {"mem_max_rss": 1}}] + [
    {"values": [speed, speed * 1.01, 9.0][:2 + n % 2], "metadata": {"mem_max_rss": 10000000 + n}} for n in range(3)]
if o.benchmarks == "chaos":
    suite = {"benchmarks": [{"runs": runs}], "metadata": {"name": "chaos", "unit": "second"}, "version": "1.0"}
else:
    suite = {"benchmarks": [{"metadata": {"name": "logging_" + n}, "runs": runs} for n in ("format", "silent")],
             "metadata": {"unit": "second"}, "version": "1.0"}
with open(o.output, "w") as f:
    json.dump(suite, f)
`

// wheel writes the stand-in as a wheel.
func (r *rig) wheel() {
	r.t.Helper()
	const info = "pyperformance-1.11.0.dist-info/"
	contents := [][2]string{
		{"pyperformance/__init__.py", ""},
		{"pyperformance/__main__.py", standIn},
		{info + "METADATA", "Metadata-Version: 2.1\nName: pyperformance\nVersion: 1.11.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", "pyperformance/__init__.py,,\npyperformance/__main__.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, one := range contents {
		w, err := z.Create(one[0])
		must(r.t, err)
		_, err = w.Write([]byte(one[1]))
		must(r.t, err)
	}
	must(r.t, z.Close())
	must(r.t, os.WriteFile(filepath.Join(r.Wheels, "pyperformance-1.11.0-py3-none-any.whl"), b.Bytes(), 0o644))
}

// offline is a rig whose only index is a directory.
func offline(t *testing.T, suite pybench.Suite, only ...string) *rig {
	t.Helper()
	r := newRig(t, only...)
	r.Suite, r.Quick, r.Rounds = suite, false, 2
	r.Work, r.Wheels = filepath.Join(r.dir, "work"), filepath.Join(r.dir, "wheels")
	must(t, os.Mkdir(r.Wheels, 0o755))
	return r
}

func TestSlowPyperformanceIsUsedWhereItCanBeInstalled(t *testing.T) {
	t.Parallel()
	r := offline(t, pybench.Auto)
	r.wheel()
	report := r.run()
	if report.Suite != pybench.Pyperformance {
		t.Fatalf("the %s suite ran: %v", report.Suite, report.Notes)
	}
	if got := names(report); got != "chaos logging_format logging_silent startup memory_imports memory_data" {
		t.Errorf("measured %s", got)
	}
	if ratio := report.Results[0].Ratio; math.Abs(ratio.Value-1.5) > 1e-6 || report.Results[0].Old.PeakBytes != 10000002 {
		t.Errorf("chaos: %+v", report.Results[0])
	}
	if len(report.Unmeasured) != 1 || report.Unmeasured[0].Name != "broken" || !strings.HasSuffix(report.Unmeasured[0].Old, "ERROR: No benchmark was run") {
		t.Errorf("not measured: %v", report.Unmeasured)
	}
	var order []string
	for _, e := range r.ran {
		if strings.Contains(e.Command, "--benchmarks=chaos") {
			_, after, _ := strings.Cut(e.Command, "--python="+r.dir+"/")
			order = append(order, after[:3])
		}
	}
	if want := []string{"old", "new", "new", "old"}; !slices.Equal(order, want) {
		t.Errorf("order: %v", order)
	}
}

func TestSlowWithoutPyperformanceTheShippedSuiteRunsAndSaysWhy(t *testing.T) {
	t.Parallel()
	r := offline(t, pybench.Auto, "calls")
	report := r.run()
	if report.Suite != pybench.Shipped || names(report) != "calls" {
		t.Errorf("the %s suite measured %q", report.Suite, names(report))
	}
	if len(r.warned) == 0 || !strings.Contains(r.warned[0], "No matching distribution found for pyperformance") || strings.Contains(r.warned[0], "\n") {
		t.Errorf("warned: %q", r.warned)
	}
	if !slices.Contains(report.Notes, r.warned[0]) {
		t.Errorf("the report does not say why: %q", report.Notes)
	}
}

func TestSlowPyperformanceThatRunsNothingIsGivenUpSoon(t *testing.T) {
	t.Parallel()
	r := offline(t, pybench.Auto, "calls", "nbody", "regex", "pickle", "csv")
	r.wheel()
	must(t, os.WriteFile(filepath.Join(r.dir, "all-broken"), nil, 0o644))
	report := r.run()
	if report.Suite != pybench.Shipped || len(report.Results) != 5 || len(report.Unmeasured) != 0 {
		t.Errorf("the %s suite measured %q, not %v", report.Suite, names(report), report.Unmeasured)
	}
	tried := 0
	for _, e := range r.ran {
		if strings.Contains(e.Command, "-m pyperformance run") {
			tried++
		}
	}
	if tried != 6 {
		t.Errorf("pyperformance ran %d times", tried)
	}
}

func TestPyperformanceThatWasAskedForIsMissedAloud(t *testing.T) {
	t.Parallel()
	r := offline(t, pybench.Pyperformance)
	r.Work = ""
	r.New.Program = r.script("new", `case "$*" in *venv*) echo "No module named venv" >&2; exit 1;; esac`)
	_, err := r.Run(t.Context())
	if fault.Code(err) != fault.Missing || fault.Hint(err) == "" || !strings.HasSuffix(err.Error(), "No module named venv") {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
}

func TestCancellingAnInstallationIsNoReasonToFallBack(t *testing.T) {
	t.Parallel()
	r := offline(t, pybench.Auto)
	r.New.Program = r.script("new", `case "$*" in *venv*) sleep 60;; esac`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for ; ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(r.Work, "pyperformance")); err == nil {
				cancel()
				return
			}
		}
	}()
	_, err := r.Run(ctx)
	<-stop
	if !errors.Is(err, context.Canceled) || len(r.warned) > 0 {
		t.Errorf("error %v, warned %q", err, r.warned)
	}
}

func TestAFileOfPyperfIsReadInBothForms(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.json")
	write := func(text string) { must(t, os.WriteFile(file, []byte(text), 0o644)) }
	write(`{"benchmarks": [{"metadata": {"name": "mem", "unit": "byte"}, "runs": [{"values": [5, 7, 6]}]}, {"metadata": {"name": "cpu"}, "runs": [{"warmups": [[1, 2.5]]}, {"values": [1, 2, 3]}, {"values": [4]}]}], "metadata": {"unit": "second"}}`)
	values, units, _, err := pybench.Seam{}.Pyperf(file)
	must(t, err)
	if values["mem"] != 6 || units["mem"] != "byte" || values["cpu"] != 3 || units["cpu"] != "second" {
		t.Errorf("read %v %v", values, units)
	}
	for _, text := range []string{`{"benchmarks": []}`, `{"benchmarks": [{"runs": [{"values": []}]}]}`, `not JSON`} {
		write(text)
		if _, _, _, err := (pybench.Seam{}).Pyperf(file); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}
