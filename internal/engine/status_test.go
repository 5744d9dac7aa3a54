package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// status is how the world's procedure stands, beside one that never ran.
func (w *world) status(t *testing.T) engine.Standing {
	t.Helper()
	other := procedure.Procedure{Code: "PROCED-TEST-002", Namespace: "other", Steps: []procedure.Step{changing(1, "other:step")}, All: [][]string{{"other:step"}}}
	registry, err := procedure.NewRegistry(w.table(), other)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := engine.Status(registry, w.journals(), time.Now())
	if err != nil || len(rows) != 2 {
		t.Fatalf("Status = %v, %v", rows, err)
	}
	if never := rows[1]; never.State != "never run" || never.Next != "other:all" || never.Run != "" || never.Namespace != "other" {
		t.Errorf("a procedure that never ran is %+v", never)
	}
	return rows[0]
}

func TestStatusTellsWhereAProcedureStandsAndWhatGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	expect := func(what, state, step, next string) {
		t.Helper()
		got := w.status(t)
		next = strings.ReplaceAll(next, "ID", got.Run)
		if got.State != state || got.Step != step || got.Next != next || got.Procedure != "PROCED-TEST-001" {
			t.Errorf("%s: %+v, want %s at %s, next %s", what, got, state, step, next)
		}
		if state != "never run" && (got.Started.IsZero() || got.Seconds < 0) {
			t.Errorf("%s: %+v has no time", what, got)
		}
	}
	expect("before any run", "never run", "", "demo:all")
	cut := w.stop(t, 15, nil)
	expect("cut off in swap", "broken", "demo:swap", "procedure:resume -run=ID")
	w.at = func(point string) error {
		if point == "left undo 0" {
			return errPoint
		}
		return nil
	}
	if err := w.rollback(t, cut.Run); !failedAt(err) {
		t.Fatal(err)
	}
	expect("half rolled back", "broken", "demo:left", "procedure:rollback -run=ID")
	w.at = func(string) error { return nil }
	if err := w.rollback(t, cut.Run); err != nil {
		t.Fatal(err)
	}
	expect("rolled back", "rolled back", "", "")
	w.at, _ = nth(9, errPoint)
	if err := w.all(t, keeping); !failedAt(err) {
		t.Fatal(err)
	}
	expect("failed", "failed", "demo:left", "procedure:resume -run=ID")
	kept := w.runs(t)[0].Run
	w.at, _ = nth(9, errPoint)
	if err := w.resume(t, nil); !failedAt(err) {
		t.Fatal(err)
	}
	if got := w.status(t); got.Run != kept {
		t.Errorf("after a resume that was rolled back it shows %+v, want the run that stands, %s", got, kept)
	}
	w.at = func(point string) error {
		if point == "log run 0" {
			expect("at work", "running", "demo:log", "")
		}
		return nil
	}
	if err := w.resume(t, nil); err != nil {
		t.Fatal(err)
	}
	expect("at its end", "ok", "", "")
}

func TestStatusNamesJournalsThatCannotBeReadAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.all(t, nil); err != nil {
		t.Fatal(err)
	}
	bad := journal.Path(w.journals(), "20301123T151648Z-box-abc")
	if err := os.WriteFile(bad, []byte("not\n\"PROCED-TEST-001\"\na journal\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	registry, err := procedure.NewRegistry(w.table())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := engine.Status(registry, w.journals(), time.Now())
	if err == nil || !strings.Contains(err.Error(), bad) || len(rows) != 1 || rows[0].State != journal.OK {
		t.Errorf("Status = %+v, %v", rows, err)
	}
}

// TestSlow: it writes 1,000 journals. The fastest of five counts.
func TestSlowStatusIsFastWithAThousandJournals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := errors.Join(w.all(t, nil), os.MkdirAll(w.journals(), 0o700)); err != nil {
		t.Fatal(err)
	}
	thousand(t, w.journals(), time.Now().Add(time.Hour))
	least := time.Hour
	for range 5 {
		began := time.Now()
		if got := w.status(t); got.State != journal.OK {
			t.Fatalf("the status is %+v", got)
		}
		least = min(least, time.Since(began))
	}
	if least > 200*time.Millisecond {
		t.Errorf("it takes %s, want 0.2 s at most", least)
	}
}
