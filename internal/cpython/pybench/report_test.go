package pybench_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"iact-infra/internal/cpython/pybench"
)

const hostile = "<b>&amp;\"'\x00\x1b[2J\u0085\xff\tÑandú ]]> --> " + "very long name"

// told is a report with everything in it that is hard to show.
func told() *pybench.Report {
	one := func(name, unit, verdict string, value, low, high float64) pybench.Result {
		side := pybench.Sample{Median: 0.00123, Spread: 0.01, N: 2, Values: []float64{0.00122, 0.00124}, PeakBytes: 12 << 20}
		return pybench.Result{Name: name, Unit: unit, Old: side, New: side, Ratio: pybench.Ratio{Value: value, Low: low, High: high}, Verdict: verdict}
	}
	return &pybench.Report{
		Schema: 1, Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), DurationSeconds: 61.5,
		Suite: pybench.Shipped, Rounds: 12, Threshold: 0.10,
		Machine: pybench.Machine{CPUs: 2, Model: "A <fast> & cheap one", Load: 0.1},
		Old:     pybench.Identity{Name: "3.11.2", Program: "/opt/old", Version: "3.11.2", Compiler: "GCC 12", Build: []string{"pgo"}},
		New:     pybench.Identity{Name: hostile, Program: hostile, Version: "3.12.1", Compiler: hostile, Build: []string{}},
		Results: []pybench.Result{
			one("calls", "second", pybench.Slower, 1.25, 1.2, 1.31),
			one(hostile, "second", pybench.Faster, 0.5, 0.48, 0.52),
			one("wild", "second", pybench.Unclear, 1, 1e-130, 1e130),
			one("far", "byte", pybench.Slower, 40, 30, 50),
			one("odd", "second", hostile, 0.99, 0.98, 1.01),
			one("memory_data", "byte", pybench.Same, 1, 1, 1),
		},
		Unmeasured: []pybench.Unmeasured{{Name: hostile, Old: "", New: hostile}},
		Mean:       &pybench.Ratio{Value: 0.9, Low: 0.85, High: 0.96},
		Notes:      []string{hostile},
	}
}

func TestAReportSurvivesJSON(t *testing.T) {
	t.Parallel()
	report := told()
	for _, text := range []*string{&report.New.Name, &report.New.Program, &report.New.Compiler, &report.Results[1].Name, &report.Results[4].Verdict, &report.Unmeasured[0].Name, &report.Unmeasured[0].New, &report.Notes[0]} {
		*text = strings.ToValidUTF8(*text, "?") // JSON has no other
	}
	var b bytes.Buffer
	must(t, report.JSON(&b))
	got, err := pybench.Read(bytes.NewReader(b.Bytes()))
	must(t, err)
	if !reflect.DeepEqual(got, report) {
		t.Errorf("got %+v\nwant %+v", got, report)
	}
	var again bytes.Buffer
	must(t, got.JSON(&again))
	if again.String() != b.String() {
		t.Error("written again it is another text")
	}
	if _, err := pybench.Read(strings.NewReader(`{"schema": 2}`)); err == nil {
		t.Error("a later schema is read")
	}
}

func TestTheNamesInTheJSONStay(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	must(t, told().JSON(&b))
	var top map[string]any
	must(t, json.Unmarshal(b.Bytes(), &top))
	results, _ := top["results"].([]any)
	result, _ := results[0].(map[string]any)
	for _, c := range []struct {
		what string
		in   any
		want string
	}{
		{"report", top, "duration_seconds machine mean new notes old results rounds schema started suite threshold unmeasured"},
		{"result", result, "name new old ratio unit verdict"},
		{"sample", result["old"], "median n peak_bytes spread values"},
		{"ratio", result["ratio"], "high low value"},
		{"machine", top["machine"], "cpus load model"},
		{"identity", top["old"], "build compiler name program version"},
	} {
		in, _ := c.in.(map[string]any)
		var keys []string
		for key := range in {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// elements reads XML strictly, and fails on anything that would be fetched.
func elements(t *testing.T, text string, see func(xml.StartElement, string)) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	depth := 0
	var open []xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			open = append(open, e.Copy())
			for _, a := range e.Attr {
				if a.Name.Local == "href" || a.Name.Local == "src" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "url(") {
					t.Errorf("<%s %s=%q> would be fetched or run", e.Name.Local, a.Name.Local, a.Value)
				}
			}
			if slices.Contains([]string{"script", "link", "iframe", "img", "b"}, e.Name.Local) {
				t.Errorf("there is a <%s>", e.Name.Local)
			}
			see(e, "")
		case xml.EndElement:
			depth--
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				see(open[len(open)-1], string(e))
			}
		}
	}
	if depth != 0 {
		t.Errorf("%d elements are not closed", depth)
	}
}

func TestThePlotIsSoundAndAllOfItIsInSight(t *testing.T) {
	t.Parallel()
	empty := told()
	empty.Results, empty.Mean = nil, nil
	for name, report := range map[string]*pybench.Report{"full": told(), "empty": empty} {
		var b bytes.Buffer
		must(t, report.SVG(&b))
		var width, height float64
		dots := 0
		inside := func(value string, most float64, where string) {
			if n, err := strconv.ParseFloat(value, 64); err != nil || n < 0 || n > most {
				t.Errorf("%s: %s is at %s of %g", name, where, value, most)
			}
		}
		elements(t, b.String(), func(e xml.StartElement, text string) {
			if text != "" {
				return
			}
			at := map[string]string{}
			for _, a := range e.Attr {
				at[a.Name.Local] = a.Value
			}
			switch e.Name.Local {
			case "svg":
				if _, err := fmt.Sscanf(at["viewBox"], "0 0 %g %g", &width, &height); err != nil {
					t.Fatal(err)
				}
			case "circle":
				dots++
			case "polygon":
				for point := range strings.FieldsSeq(at["points"]) {
					x, y, _ := strings.Cut(point, ",")
					inside(x, width, "polygon")
					inside(y, height, "polygon")
				}
			}
			for _, key := range []string{"x", "x1", "x2", "cx"} {
				if value, ok := at[key]; ok {
					inside(value, width, e.Name.Local+" "+key)
				}
			}
			for _, key := range []string{"y", "y1", "y2", "cy"} {
				if value, ok := at[key]; ok {
					inside(value, height, e.Name.Local+" "+key)
				}
			}
		})
		if dots != len(report.Results) {
			t.Errorf("%s: %d dots for %d results", name, dots, len(report.Results))
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Errorf("%s: a number is none", name)
		}
	}
}

func TestTheTextsOfThePlotHaveRoom(t *testing.T) {
	t.Parallel()
	const letter = 8.0 // a wide font of 13 pixels
	var b bytes.Buffer
	must(t, told().SVG(&b))
	elements(t, b.String(), func(e xml.StartElement, text string) {
		if e.Name.Local != "text" || text == "" {
			return
		}
		x, wide, anchor := 0.0, float64(len([]rune(text)))*letter, ""
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "x":
				x, _ = strconv.ParseFloat(a.Value, 64)
			case "text-anchor":
				anchor = a.Value
			}
		}
		if anchor == "end" && x-wide < 0 || anchor == "start" && x+wide > 960 {
			t.Errorf("%q from %g is cut off", text, x)
		}
	})
}

func TestThePageIsSoundAndNeedsNothingElse(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	must(t, told().HTML(&b))
	count := map[string]int{}
	elements(t, b.String(), func(e xml.StartElement, text string) {
		if text == "" {
			count[e.Name.Local]++
		}
	})
	if count["svg"] != 1 || count["tr"] != 8 || count["li"] != 4 {
		t.Errorf("there are %v", count)
	}
	for _, bad := range []string{"\x00", "\x1b", "http://", "https://"} {
		text := strings.NewReplacer("http://www.w3.org/2000/svg", "", "http://www.w3.org/1999/xhtml", "").Replace(b.String())
		if strings.Contains(text, bad) {
			t.Errorf("there is %q in it", bad)
		}
	}
}

func TestTheTableTellsAllOfIt(t *testing.T) {
	t.Parallel()
	report := told()
	report.New.Name, report.Unmeasured[0].Name = "3.12.1", "sqlite"
	report.Results = slices.Delete(report.Results, 1, 3)
	report.Results = slices.Delete(report.Results, 2, 3)
	report.Unmeasured[0].New = "ModuleNotFoundError: No module named '_sqlite3'"
	report.Notes = []string{"turbo is on\x1b[2J"}
	var b strings.Builder
	must(t, report.Write(&b))
	want := `CPython 3.11.2 (old) and 3.12.1 (new)
shipped suite, 12 rounds, 62 s, 2026-03-01 12:00 UTC, on 2 × A <fast> & cheap one

BENCHMARK               old       new       new/old  95 % interval    verdict
calls                   1.23 ms   1.23 ms   1.250    1.200 – 1.310    slower, beyond 10 %
far                     0.00 MiB  0.00 MiB  40.000   30.000 – 50.000  larger, beyond 10 %
memory_data             0.00 MiB  0.00 MiB  1.000    1.000 – 1.000    same
geometric mean of time                      0.900    0.850 – 0.960

Regressions beyond 10 %:
  calls: CPython 3.12.1 takes 1.250 times as long as 3.11.2, and at least 1.200 times
  far: CPython 3.12.1 needs 40.000 times as much as 3.11.2, and at least 30.000 times

Not measured:
  sqlite was not measured: on the new interpreter: ModuleNotFoundError: No module named '_sqlite3'

Notes:
  turbo is on�[2J
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

func TestARegressionIsOneOnlyWhenTheLowEndIsBeyondTheThreshold(t *testing.T) {
	t.Parallel()
	report := &pybench.Report{Results: []pybench.Result{
		{Name: "noisy", Ratio: pybench.Ratio{Value: 1.3, Low: 1.05, High: 1.6}},
		{Name: "sure", Ratio: pybench.Ratio{Value: 1.3, Low: 1.25, High: 1.35}},
	}}
	for threshold, want := range map[float64]int{0.03: 2, 0.10: 1, 0.25: 0} {
		if got := report.Regressions(threshold); len(got) != want {
			t.Errorf("beyond %g: %v", threshold, got)
		}
	}
}

func TestAMachineThatIsNotQuietIsRemarkedOn(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	m, notes := pybench.Seam{}.Machine(fstest.MapFS{
		"proc/cpuinfo": file("processor\t: 0\nmodel name\t: Fast One\nflags\t\t: fpu hypervisor sse"),
		"proc/loadavg": file("999.5 1 1 1/1 1"),
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": file("powersave"),
		"sys/devices/system/cpu/intel_pstate/no_turbo":         file("0"),
	})
	all := strings.Join(notes, "\n")
	for _, want := range []string{"load was 999.5", "powersave", "turbo", "virtual machine"} {
		if !strings.Contains(all, want) {
			t.Errorf("no remark on %s: %s", want, all)
		}
	}
	if m.Model != "Fast One" || m.Load != 999.5 {
		t.Errorf("it is %+v", m)
	}
	if m, notes := (pybench.Seam{}).Machine(fstest.MapFS{}); len(notes) > 0 || m.CPUs < 1 || m.Model == "" {
		t.Errorf("of a machine that tells nothing: %+v, %v", m, notes)
	}
}
