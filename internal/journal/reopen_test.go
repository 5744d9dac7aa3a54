package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/journal"
)

func TestAJournalCutAnywhereCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j := full(t, dir)
	text, err := os.ReadFile(j.Path())
	must(t, err)
	cut, s := filepath.Join(dir, "cut.jsonl"), step("backup:db")
	for n := 1; n < len(text); n++ {
		// Every addition is synced, which takes a moment.
		if atLine := text[n-1] == '\n' || text[n] == '\n'; !atLine && n%13 > 0 {
			continue
		}
		must(t, os.WriteFile(cut, text[:n], 0o600))
		before, err := journal.Read(cut)
		must(t, err)
		if len(before.Entries) == 0 {
			continue // without a header there is no run
		}
		again, r, err := journal.Reopen(cut)
		must(t, err)
		if r.Torn || !reflect.DeepEqual(r.Entries, before.Entries) {
			t.Fatalf("cut at byte %d: reopened it has %d entries, torn %v", n, len(r.Entries), r.Torn)
		}
		must(t, again.Undo(s), again.Undone(s, journal.Outcome{Outcome: journal.OK}), again.Continued("next"), again.Close())
		after, err := journal.Read(cut)
		must(t, err)
		if after.Torn || len(after.Entries) != len(before.Entries)+3 || after.State() != before.State() || len(after.Unfinished()) != len(before.Unfinished()) {
			t.Fatalf("cut at byte %d: %d entries became %d, state %s became %s", n, len(before.Entries), len(after.Entries), before.State(), after.State())
		}
	}
}

func TestALastLineOfZerosIsCutOffToo(t *testing.T) {
	t.Parallel()
	j := create(t, t.TempDir(), "r")
	must(t, j.Intent(step("backup:db")), j.Close())
	text, err := os.ReadFile(j.Path())
	must(t, err)
	must(t, os.WriteFile(j.Path(), append(bytes.Clone(text), "\x00\x00\x00\n"...), 0o600))
	again, _, err := journal.Reopen(j.Path())
	must(t, err)
	must(t, again.Undo(step("backup:db")), again.Close())
	r, err := journal.Read(j.Path())
	must(t, err)
	if len(r.Entries) != 3 || r.Torn {
		t.Errorf("it has %d entries, torn %v", len(r.Entries), r.Torn)
	}
}

func TestARunAtWorkIsKnownAndCannotBeTakenOver(t *testing.T) {
	t.Parallel()
	j := create(t, t.TempDir(), "r")
	expect := func(what string, want bool) {
		t.Helper()
		if running, err := journal.Running(j.Path()); err != nil || running != want {
			t.Errorf("%s: running %v, %v", what, running, err)
		}
		again, _, err := journal.Reopen(j.Path())
		if errors.Is(err, journal.ErrLocked) != want {
			t.Errorf("%s: reopen gives %v", what, err)
		}
		if err == nil {
			must(t, again.Close())
		}
	}
	expect("while it is written", true)
	must(t, j.Close())
	expect("after its end", false)
	again, _, err := journal.Reopen(j.Path())
	must(t, err)
	expect("while another process goes on with it", true)
	must(t, again.Close())
	if _, err := journal.Running(filepath.Join(t.TempDir(), "none.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a journal that is not there: %v", err)
	}
}

// Whoever only asks must not keep a worker out.
func TestAskingWhetherARunIsAtWorkStopsNobody(t *testing.T) {
	t.Parallel()
	j := create(t, t.TempDir(), "r")
	must(t, j.Close())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := journal.Running(j.Path()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		again, _, err := journal.Reopen(j.Path())
		if err != nil {
			t.Errorf("reopen: %v", err)
			break
		}
		must(t, again.Close())
	}
	close(stop)
	wg.Wait()
}

func TestARunTellsWhatStandsAndWhatWasUndone(t *testing.T) {
	t.Parallel()
	j := create(t, t.TempDir(), "r")
	db, config, seal := step("backup:db"), step("backup:config"), step("backup:seal")
	names := func(entries []journal.Entry) string {
		var all []string
		for _, e := range entries {
			all = append(all, strings.TrimPrefix(e.Step, "backup:"))
		}
		return strings.Join(all, " ")
	}
	expect := func(standing string, back, half bool) {
		t.Helper()
		r, err := journal.Read(j.Path())
		must(t, err)
		if names(r.Changed()) != "db config seal" || names(r.Standing()) != standing || r.RolledBack() != back || r.HalfBack() != half {
			t.Errorf("changed %s, standing %q, rolled back %v, half %v; want %q, %v, %v",
				names(r.Changed()), names(r.Standing()), r.RolledBack(), r.HalfBack(), standing, back, half)
		}
	}
	recalled := func(want string) {
		t.Helper()
		r, err := journal.Read(j.Path())
		must(t, err)
		if value, known := r.Recall(config, "key"); string(value) != want || known != (want != "") {
			t.Errorf("recalled %s, %v, want %q", value, known, want)
		}
		if value, known := r.Recall(db, "key"); known {
			t.Errorf("another step recalls %s", value)
		}
	}
	must(t, j.Intent(db), j.Result(db, journal.Outcome{Outcome: journal.OK}), j.Intent(config), j.Record(config, "key", 1), j.Record(config, "key", 2), j.Intent(seal))
	expect("db config seal", false, false)
	recalled("2")
	must(t, j.Undo(seal), j.Undone(seal, journal.Outcome{Outcome: journal.Skipped}), j.Undo(config), j.Undone(config, journal.Outcome{Outcome: journal.Failed}))
	expect("db config", false, true)
	recalled("2")
	must(t, j.Undo(config), j.Undone(config, journal.Outcome{Outcome: journal.OK}))
	expect("db", false, true)
	recalled("")
	must(t, j.Undo(db), j.Undone(db, journal.Outcome{Outcome: journal.OK}))
	expect("", true, false)
	must(t, j.Continued("a"), j.Continued("b"))
	if r, err := journal.Read(j.Path()); err != nil || !slices.Equal(r.Continuations(), []string{"b", "a"}) {
		t.Errorf("continued by %v, %v", r.Continuations(), err)
	}
}

func TestRunsOfOneSecondAreOrderedByTheirStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	second := time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC)
	for at, run := range []string{"20261123T151648Z-box-zzz", "20261123T151648Z-box-aaa", "20261123T151648Z-box-mmm", "20261123T151649Z-box-aaa"} {
		j, err := journal.Create(dir, journal.Header{Run: run, Started: second.Add(time.Duration(at) * time.Millisecond)})
		must(t, err)
		must(t, j.Close())
	}
	ids, err := journal.IDs(dir)
	must(t, err)
	want := []string{"20261123T151649Z-box-aaa", "20261123T151648Z-box-mmm", "20261123T151648Z-box-aaa", "20261123T151648Z-box-zzz"}
	if !slices.Equal(ids, want) {
		t.Errorf("the order is %v", ids)
	}
	if got := journal.Nearest("20261123T151648Z-bix-zzz", ids); got != want[3] {
		t.Errorf("the nearest is %s", got)
	}
	if got := journal.Nearest("20261123T15164B", ids); got != want[1] && got != want[0] {
		t.Errorf("the nearest to a beginning is %s", got)
	}
}

func TestAGlanceTellsWhatARunWasAskedForAndWhetherItEndedWell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := map[string]string{}
	for n := range 500 {
		settings[strings.Repeat("k", n)] = "0123456789ab"
	}
	j, err := journal.Create(dir, journal.Header{Run: "r", Args: []string{"-t", "5m", "Backup:DB", "-set=x"}, Settings: settings})
	must(t, err)
	check := func(want bool) {
		t.Helper()
		if got := journal.EndedWell(j.Path()); got != want {
			t.Errorf("ended well: %v, want %v", got, want)
		}
	}
	check(false)
	must(t, j.End(journal.Outcome{Outcome: journal.Failed}))
	check(false)
	must(t, j.End(journal.Outcome{Outcome: journal.OK}))
	check(true)
	must(t, j.Undo(step("backup:db")))
	check(false)
	if got := journal.AskedFor(j.Path()); !slices.Equal(got, []string{"backup:db"}) {
		t.Errorf("asked for %v", got)
	}
	if h, err := journal.ReadHeader(j.Path()); err != nil || len(h.Settings) != 500 {
		t.Errorf("the header has %d settings, %v", len(h.Settings), err)
	}
}
