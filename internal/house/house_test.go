package house_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/house"
	"iact-infra/internal/journal"
)

func TestTargetsAreThoseThatMageWouldRun(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"":                                       {},
		"-l":                                     {},
		"backup:db Backup:Seal":                  {"backup:db", "backup:seal"},
		"-v -t 5m backup:db":                     {"backup:db"},
		"--t 5m -v=true backup:db":               {"backup:db"},
		"-t=5m backup:db":                        {"backup:db"},
		"-- backup:db":                           {"backup:db"},
		"backup:restore -set=ID -force vm:up":    {"backup:restore", "vm:up"},
		"backup:show -set=t backup:list -h test": {"backup:show", "backup:list", "test"},
	}
	for line, want := range cases {
		r := house.New(house.Environment{Args: strings.Fields(line)})
		if got := r.Targets(); !slices.Equal(got, want) {
			t.Errorf("Targets of %q = %v, want %v", line, got, want)
		}
	}
}

func TestBuildingAHouseDoesNoWork(t *testing.T) {
	t.Parallel()
	// Every function of this environment is missing: using one would panic.
	house.New(house.Environment{Args: []string{"-l"}, Workdir: filepath.Join(t.TempDir(), "nowhere")})
}

func TestWrongConfigurationIsReportedWhenItIsFirstRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, map[string]string{"config/iact.yaml": "backup:\n  stoer: x\n"})
	if err := r.ListProcedures(); err != nil {
		t.Errorf("a target that reads no configuration fails: %v", err)
	}
	message, code := shown(r.CheckConfig())
	if code != 2 || !strings.Contains(message, "iact.yaml:2:3: backup.stoer") || !strings.Contains(message, "\n  hint: ") {
		t.Errorf("config:check ends with code %d and\n%s", code, message)
	}
}

func TestBadEnvironmentIsWrongUseWithAWayOut(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{"IACT_FORMAT": "xml", "IACT_LANG": "klingon", "IACT_PLAN": "perhaps", "IACT_KEEP": "perhaps", "IACT_DIR": "/nowhere"} {
		r := newRig(t, map[string]string{variable: value}, nil)
		message, code := shown(r.Run(context.Background(), "demo:look"))
		if code != 2 || !strings.Contains(message, variable) || !strings.Contains(message, value) || !strings.Contains(message, "\n  hint: ") {
			t.Errorf("%s=%s ends with code %d and\n%s", variable, value, code, message)
		}
	}
}

func TestRunLeavesAJournalThatSaysWhoRanWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil, "demo:look")
	if err := r.Run(context.Background(), "demo:look"); err != nil {
		t.Fatal(err)
	}
	runs, err := journal.List(filepath.Join(r.root, ".iact", "journal"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("there are %d journals, want 1 (%v)", len(runs), err)
	}
	header := runs[0].Header
	if header.PID != os.Getpid() || header.Who == "" || header.Host == "" || header.Version == "" || !slices.Equal(header.Args, []string{"demo:look"}) {
		t.Errorf("the header is %+v", header)
	}
	if runs[0].State() != journal.OK {
		t.Errorf("the run counts as %q", runs[0].State())
	}
	for _, entry := range runs[0].Entries {
		if entry.Event == journal.Command && entry.Changes && strings.HasPrefix(entry.Command, "touch ") && entry.Step == "demo:store" {
			return
		}
	}
	t.Error("the journal does not hold the command that changed something")
}

func TestStateOfACheckoutOutlivesGitClean(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, map[string]string{".gitignore": "/.iact/\n"}, "demo:store")
	door := command.NewDoor(command.Local())
	git := func(args ...string) {
		t.Helper()
		run := command.Change("git", args...)
		run.Dir = r.root
		if err := door.Run(context.Background(), run); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	if err := r.Run(context.Background(), "demo:store"); err != nil {
		t.Fatal(err)
	}
	git("clean", "-xfdq")
	if runs, err := journal.List(filepath.Join(r.root, ".iact", "journal")); err != nil || len(runs) != 1 {
		t.Errorf("after git clean -xfd there are %d journals (%v)", len(runs), err)
	}
	if info, err := os.Stat(filepath.Join(r.root, ".iact")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf(".iact is %v, want mode 0700", info.Mode())
	}
}
