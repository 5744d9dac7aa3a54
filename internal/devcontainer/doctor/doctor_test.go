package doctor_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

func fail(code string, explains ...string) doctor.Finding {
	return doctor.Finding{Code: code, State: doctor.Fail, Explains: explains}
}

func warn(code string, explains ...string) doctor.Finding {
	return doctor.Finding{Code: code, State: doctor.Warn, Explains: explains}
}

// order is the findings as Explain puts them: CODE, or CODE<CAUSE.
func order(found []doctor.Finding) string {
	var all []string
	for _, f := range doctor.Explain(found) {
		word := f.Code
		if f.By != "" {
			word += "<" + f.By
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

func TestTheRootCauseComesFirstAndItsConsequencesFollow(t *testing.T) {
	t.Parallel()
	unknown := doctor.Finding{Code: "DC-RES-001", State: doctor.Unknown}
	good := doctor.Finding{Code: "DC-PRM-001", State: doctor.OK}
	for name, test := range map[string]struct {
		found []doctor.Finding
		want  string
	}{
		"one explains another":                       {[]doctor.Finding{fail("X-2"), fail("X-1", "X-2")}, "X-1 X-2<X-1"},
		"a chain ends at its root":                   {[]doctor.Finding{fail("X-3"), fail("X-2", "X-3"), fail("X-1", "X-2")}, "X-1 X-3<X-1 X-2<X-1"},
		"two that explain each other":                {[]doctor.Finding{fail("X-1", "X-2"), fail("X-2", "X-1")}, "X-1 X-2<X-1"},
		"three in a ring":                            {[]doctor.Finding{fail("X-1", "X-2"), fail("X-2", "X-3"), fail("X-3", "X-1")}, "X-1 X-2<X-1 X-3<X-1"},
		"a failure comes before a warning":           {[]doctor.Finding{warn("X-1"), fail("X-2")}, "X-2 X-1"},
		"a warning explains what it says":            {[]doctor.Finding{fail("X-2"), warn("X-1", "X-2")}, "X-1 X-2<X-1"},
		"a warning of the table explains no failure": {[]doctor.Finding{warn("DC-NET-010"), fail("DC-STA-006")}, "DC-STA-006 DC-NET-010"},
		"but a warning":                              {[]doctor.Finding{warn("DC-STA-001"), warn("DC-STA-012")}, "DC-STA-012 DC-STA-001<DC-STA-012"},
		"a star is the rest of a code":               {[]doctor.Finding{fail("DC-NET-004"), fail("X-1", "DC-NET-*")}, "X-1 DC-NET-004<X-1"},
		"nothing explains itself":                    {[]doctor.Finding{fail("X-1", "X-*"), fail("X-1", "X-*")}, "X-1 X-1"},
		"what is well is never a consequence":        {[]doctor.Finding{fail("X-1", "*"), good}, "X-1 DC-PRM-001"},
		"a daemon that is down blinds":               {[]doctor.Finding{unknown, good, fail("DC-ENG-001"), warn("DC-RES-011")}, "DC-ENG-001 DC-RES-011 DC-RES-001<DC-ENG-001 DC-PRM-001"},
		"and is itself explained":                    {[]doctor.Finding{fail("DC-ENG-001"), fail("DC-ENG-006"), unknown}, "DC-ENG-006 DC-ENG-001<DC-ENG-006 DC-RES-001<DC-ENG-006"},
		"a broken devcontainer.json stays":           {[]doctor.Finding{fail("DC-ENG-001"), fail("DC-SYNTAX")}, "DC-ENG-001 DC-SYNTAX"},
		"a loop of what cannot run":                  {[]doctor.Finding{fail("DC-STA-003"), fail("DC-STA-007"), fail("DC-STA-013")}, "DC-STA-013 DC-STA-003<DC-STA-013 DC-STA-007<DC-STA-013"},
		"a port that keeps it from starting":         {[]doctor.Finding{fail("DC-NET-010"), fail("DC-STA-006"), fail("DC-STA-015")}, "DC-NET-010 DC-STA-006<DC-NET-010 DC-STA-015<DC-NET-010"},
	} {
		if got := order(test.found); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestTheTableIsInTheOrderInWhichFindingsStand(t *testing.T) {
	t.Parallel()
	got := order([]doctor.Finding{fail("X-2"), fail("X-1"), warn("X-4"), warn("X-3")})
	if got != "X-2 X-1 X-4 X-3" {
		t.Errorf("findings that do not explain each other stand as %s", got)
	}
	found := []doctor.Finding{fail("X-1", "X-2"), fail("X-2")}
	doctor.Explain(found)
	if found[1].By != "" {
		t.Error("Explain has changed what it was given")
	}
}

func examine(t *testing.T, checks ...doctor.Check) []doctor.Finding {
	t.Helper()
	return doctor.Examine(t.Context(), scene.New(t.Context(), scene.Options{}), checks)
}

func TestACheckThatBreaksIsNoStackTrace(t *testing.T) {
	t.Parallel()
	found := examine(t,
		doctor.Row("X-1", "uno", "one", func(context.Context, *scene.Scene) []doctor.Finding {
			panic("a map that is none")
		}),
		doctor.Row("X-2", "dos", "two", func(context.Context, *scene.Scene) []doctor.Finding { return doctor.Good("fine") }),
	)
	if len(found) != 2 || found[0].Code != "X-1" || found[0].State != doctor.Unknown || !strings.Contains(found[0].Evidence, "doctor_test.go:") || strings.ContainsAny(found[0].Evidence, "\n\t") {
		t.Errorf("%+v", found)
	}
	if found[1].State != doctor.OK || found[1].Title.EN != "two" {
		t.Errorf("the other check says %+v", found[1])
	}
}

func TestACheckThatHangsEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	hang := doctor.Row("X-1", "uno", "one", func(ctx context.Context, _ *scene.Scene) []doctor.Finding {
		<-ctx.Done()
		return doctor.Unseen(ctx.Err())
	})
	hang.Limit = 20 * time.Millisecond
	found := examine(t, hang)
	if len(found) != 1 || found[0].State != doctor.Unknown || found[0].Evidence != "no answer within 20ms" || found[0].Took < hang.Limit {
		t.Errorf("%+v", found)
	}
}

func TestAFindingHasTheNameOfItsCheckUnlessItHasOne(t *testing.T) {
	t.Parallel()
	found := examine(t, doctor.Row("X-1", "uno", "one", func(context.Context, *scene.Scene) []doctor.Finding {
		return []doctor.Finding{{State: doctor.Fail}, {State: doctor.Warn, Code: "X-9", Title: doctor.Say("nueve", "nine")}}
	}))
	if found[0].Code != "X-1" || found[0].Title.ES != "uno" || found[1].Code != "X-9" || found[1].Title.EN != "nine" {
		t.Errorf("%+v", found)
	}
}

// report is one with a root cause, what it explains, and what is well.
func report() doctor.Report {
	root := fail("X-1", "X-2")
	root.Title, root.Evidence, root.Fix, root.Where = doctor.Say("raíz", "root"), "seen | here", "do this\nthen that", "a.json:1:2"
	root.Cause = doctor.Say("por esto", "because")
	root.Repair = &doctor.Repair{Safe: true, Do: []string{"x"}}
	hidden := fail("X-2")
	hidden.Title, hidden.Evidence = doctor.Say("consecuencia", "consequence"), "follows"
	good := doctor.Finding{Code: "X-3", State: doctor.OK, Title: doctor.Say("bien", "fine"), Evidence: "well"}
	blind := doctor.Finding{Code: "X-4", State: doctor.Unknown, Title: doctor.Say("ciego", "blind"), Evidence: "cannot be seen"}
	return doctor.Report{
		Target: "devcontainer:doctor", Workspace: "/w", Container: "app", Engine: "docker 28", Took: time.Second, Lang: "en",
		Findings: doctor.Explain([]doctor.Finding{hidden, good, root, blind}),
	}
}

func TestConsequencesAreHiddenUntilAskedFor(t *testing.T) {
	t.Parallel()
	r := report()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "consequence\n") || strings.Contains(text, "follows") || !strings.Contains(text, "1 consequences are hidden") || strings.Contains(text, "X-3") {
		t.Errorf("hidden:\n%s", text)
	}
	if r.Count(doctor.Fail) != 1 || r.State() != doctor.Fail {
		t.Errorf("%d failures, %s", r.Count(doctor.Fail), r.State())
	}
	r.All = true
	b.Reset()
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "follows") || strings.Contains(text, "hidden") || strings.Index(text, "X-1") > strings.Index(text, "X-3") {
		t.Errorf("shown:\n%s", text)
	}
}

func TestTheReportFailsAsItsWorstFindingThatNothingExplains(t *testing.T) {
	t.Parallel()
	r := report()
	if err := r.Err(false); err == nil || !strings.Contains(err.Error(), "X-1") || strings.Contains(err.Error(), "X-2") {
		t.Errorf("%v", err)
	}
	r.Findings = []doctor.Finding{warn("X-1")}
	if err := r.Err(false); err != nil {
		t.Errorf("a warning fails: %v", err)
	}
	if err := r.Err(true); err == nil {
		t.Error("a warning does not fail where it is asked to")
	}
	var coded interface{ ExitCode() int }
	if err := r.Err(true); !errors.As(err, &coded) || coded.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
	r.Findings = slices.DeleteFunc(report().Findings, doctor.Finding.Bad)
	if err := r.Err(true); err != nil || r.State() != doctor.OK {
		t.Errorf("what could not be seen fails: %v", err)
	}
}
