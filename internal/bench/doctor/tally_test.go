package doctor

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func said(codes ...string) []finding {
	var all []finding
	for _, code := range codes {
		name, state, _ := strings.Cut(code, " ")
		all = append(all, finding{Code: name, State: state, Evidence: "seen at 10.0.0.9"})
	}
	return all
}

func TestAVerdictTakesTheFirstFindingThatIsAnAlarm(t *testing.T) {
	t.Parallel()
	dead := Case{Name: "dns", Want: []string{"DC-NET-004"}, Sees: "10.0.0.9"}
	for _, c := range []struct {
		r    Result
		want verdict
	}{
		{Result{Case: dead, findings: said("DC-ENG-001 ok", "DC-NET-004 warn", "DC-NET-005 fail")}, right},
		{Result{Case: dead, findings: said("DC-NET-005 fail", "DC-NET-004 fail")}, behind},
		{Result{Case: dead, findings: said("DC-NET-005 fail", "DC-NET-004 ok")}, missed},
		{Result{Case: dead, findings: said("DC-NET-004 unknown")}, missed},
		{Result{Case: Case{Want: dead.Want, Sees: "127.0.0.9"}, findings: said("DC-NET-004 fail")}, unshown},
		{Result{Case: dead, Broken: errors.New("no")}, untested},
		{Result{Case: dead, Skipped: "no compose"}, skipped},
		{Result{findings: said("DC-ENG-001 ok", "DC-NET-004 unknown")}, calm},
		{Result{findings: said("DC-NET-004 warn")}, alarm},
	} {
		if got := c.r.verdict(); got != c.want {
			t.Errorf("%v: %s, want %s", c.r.findings, got, c.want)
		}
	}
}

func TestAPromiseThatDoesNotHoldFailsAndIsNamed(t *testing.T) {
	t.Parallel()
	fault := Case{Name: "dns", Want: []string{"DC-NET-004"}}
	for _, c := range []struct {
		name    string
		results []Result
		want    string // "": all holds
	}{
		{"all right", []Result{{Case: fault, findings: said("DC-NET-004 fail")}, {Seconds: 1.9}}, ""},
		{"not first", []Result{{Case: fault, findings: said("DC-DUPLICATE warn", "DC-NET-004 fail")}}, "first in 0 of 1"},
		{"missed", []Result{{Case: fault, findings: said("DC-DUPLICATE warn")}}, "among the findings in 0 of 1"},
		{"alarm", []Result{{findings: said("DC-DUPLICATE warn")}}, "1 of 1 healthy"},
		{"slow", []Result{{Seconds: 2.1}}, "took 2.10 s"},
		{"broken", []Result{{Case: fault, Broken: errors.New("no daemon")}}, "1 cases could not be measured"},
	} {
		var out strings.Builder
		tally := &tally{out: &out}
		for _, r := range c.results {
			tally.add(r)
		}
		err := tally.close()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q\n%s", c.name, err, c.want, out.String())
		}
	}
}

func TestTheMatrixCountsWhichSideStoodFirst(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	tally := &tally{out: &out, json: true}
	tally.add(Result{Case: Case{Name: "a", Want: []string{"DC-NET-004"}}, findings: said("DC-STA-002 fail")})
	tally.add(Result{Case: Case{Name: "b", Want: []string{"DC-SYNTAX"}}, findings: said("DC-CFG-001 fail")})
	tally.add(Result{Case: Case{Name: "c"}})
	tally.add(Result{Case: Case{Name: "d", Want: []string{"DC-NET-004"}}, Skipped: "no compose"})
	if err := tally.close(); err == nil {
		t.Error("two causes were missed, and nothing failed")
	}
	var got struct {
		Matrix map[string]map[string]int `json:"first_by_cause"`
		Cases  []struct{ Name, Verdict string }
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if m := got.Matrix; m["NET"]["STA"] != 1 || m["configuration"]["configuration"] != 1 || m[nothing][nothing] != 1 || len(m) != 3 || len(got.Cases) != 4 {
		t.Errorf("%+v", got)
	}
}
