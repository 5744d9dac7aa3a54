package verdict_test

import (
	"encoding/json"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/verdict"
)

func three() []verdict.Finding {
	return []verdict.Finding{
		{Code: "CI-GIT-001", State: verdict.OK, Title: verdict.Say("Git", "Git"), Seen: "2.39.5"},
		{Code: "CI-NOD-001", State: verdict.Fail, About: "ui", Title: verdict.Say("Versión de Node", "Version of Node"), Seen: "v16\x1b[31m.0.0", Cause: verdict.Say("es vieja", "it is old"), Fix: verdict.Same("nvm install 22")},
		{Code: "CI-MEM-001", State: verdict.Warn, Title: verdict.Say("Memoria", "Memory"), Seen: "1 GiB", Cause: verdict.Say("poca", "little"), Fix: verdict.Say("cierre programas", "close programs")},
	}
}

func TestOnlyAFailIsAnErrorAndItsFixIsTheHint(t *testing.T) {
	t.Parallel()
	all := three()
	err := verdict.Err(all, fault.Missing, "check this machine", "en")
	if err == nil || err.Error() != "check this machine: CI-NOD-001 ui" || fault.Code(err) != fault.Missing || fault.Hint(err) != "nvm install 22" {
		t.Errorf("err = %v, code %d, hint %q", err, fault.Code(err), fault.Hint(err))
	}
	all[1].State = verdict.Warn
	if err := verdict.Err(all, fault.Missing, "check this machine", "en"); err != nil {
		t.Errorf("warnings alone: %v", err)
	}
}

func TestTheWorstFindingIsTheState(t *testing.T) {
	t.Parallel()
	all := three()
	for n, want := range []verdict.State{verdict.OK, verdict.OK, verdict.Fail, verdict.Fail} {
		if got := verdict.Worst(all[:n]); got != want {
			t.Errorf("of the first %d: %s, want %s", n, got, want)
		}
	}
	if got := verdict.Worst(all[2:]); got != verdict.Warn {
		t.Errorf("a warning alone: %s", got)
	}
}

func TestTheTableIsCleanAndInTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	for lang, wants := range map[string][]string{
		"es": {"Versión de Node (ui)", "remedio", "cierre programas", `v16\x1b[31m.0.0`},
		"en": {"Version of Node (ui)", "cause", "close programs"},
	} {
		var out strings.Builder
		if err := verdict.Write(&out, three(), lang); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", lang, want, out.String())
			}
		}
	}
}

func TestTheJSONIsStable(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(three()[1:2])
	want := `[{"code":"CI-NOD-001","state":"fail","unknown":false,"about":"ui","title":{"es":"Versión de Node","en":"Version of Node"},"seen":"v16\u001b[31m.0.0","cause":{"es":"es vieja","en":"it is old"},"fix":{"es":"nvm install 22","en":"nvm install 22"}}]`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}
