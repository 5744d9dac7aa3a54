package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/journal"
)

func step(target string) journal.Step {
	return journal.Step{Procedure: "PROCED-INFRA-004", Target: target, Number: 3}
}

func create(t *testing.T, dir, run string) *journal.Journal {
	t.Helper()
	j, err := journal.Create(dir, journal.Header{
		Run: run, Who: "ana", Host: "box", Version: "1.0", Args: []string{"backup:db"}, PID: 42,
		Started: time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// full writes a run with an entry of every kind.
func full(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	j, s := create(t, dir, "20261123T151648Z-box-abc"), step("backup:db")
	must(t,
		j.Intent(s),
		j.Command(s, journal.Ran{Command: "pg_dump 'a b' 2>&1", Changes: true, Exit: 1, Duration: 1500 * time.Millisecond, Error: "exit 1"}),
		j.Record(s, "set", map[string]int{"sequence": 7}),
		j.Result(s, journal.Outcome{Outcome: journal.OK, Evidence: "3 databases, ñ", Duration: 2 * time.Second}),
		j.End(journal.Outcome{Outcome: journal.OK, Duration: 3 * time.Second}),
	)
	return j
}

func TestAJournalReadsBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	j := full(t, filepath.Join(t.TempDir(), "a", "b"))
	r, err := journal.Read(j.Path())
	must(t, err)
	if h := r.Header; h.Run != j.Run() || h.Who != "ana" || h.Host != "box" || h.PID != 42 || !reflect.DeepEqual(h.Args, []string{"backup:db"}) || h.Started.Year() != 2026 {
		t.Errorf("header %+v", h)
	}
	var events []string
	for _, e := range r.Entries {
		events = append(events, e.Event)
		if e.Time.IsZero() {
			t.Errorf("%s has no time", e.Event)
		}
	}
	if got := strings.Join(events, " "); got != "begin intent command record result end" {
		t.Errorf("events %s", got)
	}
	if e := r.Entries[2]; e.Command != "pg_dump 'a b' 2>&1" || !e.Changes || e.Exit != 1 || e.Seconds != 1.5 || e.Error != "exit 1" {
		t.Errorf("command %+v", e)
	}
	if e := r.Entries[3]; e.Key != "set" || string(e.Value) != `{"sequence":7}` {
		t.Errorf("record %+v", e)
	}
	if e := r.Entries[4]; e.Step != "backup:db" || e.Number != 3 || e.Procedure != "PROCED-INFRA-004" || e.Evidence != "3 databases, ñ" || e.Outcome != "ok" || e.Seconds != 2 {
		t.Errorf("result %+v", e)
	}
	if r.Torn || r.State() != journal.OK {
		t.Errorf("torn %v, state %s", r.Torn, r.State())
	}
	text, err := os.ReadFile(j.Path())
	must(t, err)
	if !strings.Contains(string(text), `"command":"pg_dump 'a b' 2>&1"`) || !strings.Contains(string(text), `"duration_seconds":1.5`) {
		t.Errorf("a person cannot read it:\n%s", text)
	}
}

func TestOnlyTheOwnerMayLookIntoAJournal(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j := full(t, dir)
	for path, want := range map[string]fs.FileMode{dir: 0o700, j.Path(): 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestAJournalCutAnywhereReadsAsItsBeginning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := full(t, dir)
	text, err := os.ReadFile(j.Path())
	must(t, err)
	whole, err := journal.Read(j.Path())
	must(t, err)
	cut := filepath.Join(dir, "cut.jsonl")
	for n := range text {
		must(t, os.WriteFile(cut, text[:n], 0o600))
		r, err := journal.Read(cut)
		if err != nil {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
		lines := strings.Count(string(text[:n]), "\n")
		if len(r.Entries) != lines || lines > 0 && !reflect.DeepEqual(r.Entries, whole.Entries[:lines]) {
			t.Fatalf("cut at byte %d: %d entries, want the first %d", n, len(r.Entries), lines)
		}
		if atLine := n == 0 || text[n-1] == '\n'; r.Torn == atLine {
			t.Fatalf("cut at byte %d: torn is %v", n, r.Torn)
		}
		if r.State() != journal.Broken {
			t.Fatalf("cut at byte %d: state %s", n, r.State())
		}
	}
}

func TestDamageBeforeTheLastLineIsNamed(t *testing.T) {
	t.Parallel()
	j := full(t, t.TempDir())
	text, err := os.ReadFile(j.Path())
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	for want, change := range map[string]func([]string) []string{
		"line 3: not a journal entry":         func(l []string) []string { l[2] = "garbage\n"; return l },
		"line 2: not a journal entry":         func(l []string) []string { l[1] = "\n"; return l },
		`line 1: a journal has "begin" first`: func(l []string) []string { return l[1:] },
		`line 2: a journal has "begin" first`: func(l []string) []string { l[1] = l[0]; return l },
		"line 1: written by a newer version":  func(l []string) []string { l[0] = strings.Replace(l[0], `"format":1`, `"format":2`, 1); return l[:1] },
		"line 4: not a journal entry":         func(l []string) []string { l[3] = strings.Repeat("\x00", 50) + "\n"; return l },
	} {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		must(t, os.WriteFile(path, []byte(strings.Join(change(append([]string(nil), lines...)), "")), 0o600))
		if _, err := journal.Read(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.jsonl")
	must(t, os.WriteFile(path, []byte(strings.Join(lines[:4], "")+"\x00\x00\x00}\n"), 0o600))
	if r, err := journal.Read(path); err != nil || !r.Torn || len(r.Entries) != 4 {
		t.Errorf("a last line that a crash left unreadable: %+v, %v", r, err)
	}
}

func TestWritersAtTheSameTimeKeepTheirLinesWhole(t *testing.T) {
	t.Parallel()
	j := create(t, t.TempDir(), "r")
	var wg sync.WaitGroup
	const writers, each = 8, 20
	for w := range writers {
		wg.Go(func() {
			s := step(fmt.Sprintf("t:%d", w))
			for i := range each {
				if err := errors.Join(
					j.Intent(s),
					j.Command(s, journal.Ran{Command: strings.Repeat("x", 9000)}),
					j.Record(s, "i", i),
					j.Result(s, journal.Outcome{Outcome: journal.OK}),
				); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	must(t, j.End(journal.Outcome{Outcome: journal.OK}))
	r, err := journal.Read(j.Path())
	must(t, err)
	if len(r.Entries) != 2+writers*each*4 || r.State() != journal.OK {
		t.Errorf("%d entries, state %s", len(r.Entries), r.State())
	}
	next := map[string]int{}
	for _, e := range r.Entries {
		if e.Event != journal.Record {
			continue
		}
		var i int
		must(t, json.Unmarshal(e.Value, &i))
		if i != next[e.Step] {
			t.Fatalf("%s: record %d where %d is due", e.Step, i, next[e.Step])
		}
		next[e.Step]++
	}
}
