package engine_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
)

// nothingToUndo writes the journal of a good run that came after all others and
// that nobody has to undo, as of a backup every night.
func (w *world) nothingToUndo(t *testing.T) {
	t.Helper()
	w.nights++
	began := time.Now().Add(time.Duration(w.nights) * time.Hour)
	run := began.UTC().Format("20060102T150405Z") + "-box-abc"
	line := `{"time":%[2]q,"procedure":"PROCED-TEST-001","step":"demo:night","event":`
	text := fmt.Sprintf(`{"format":1,"time":%[2]q,"event":"begin","header":{"run":%[1]q,"started":%[2]q,"targets":["demo:night"]}}`+"\n"+
		line+`"intent"}`+"\n"+line+`"result","outcome":"ok"}`+"\n"+`{"time":%[2]q,"event":"end","outcome":"ok"}`+"\n", run, began.Format(time.RFC3339Nano))
	if err := os.WriteFile(journal.Path(w.journals(), run), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// withArgs gives a run a command line.
func withArgs(o *engine.Options) { o.Header.Args = []string{"-v", "-t", "5m", "demo:all", "-of=x"} }

// open are the runs that status shows below the last one, as "what next".
func (w *world) open(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, o := range w.status(t).Open {
		all = append(all, fmt.Sprint(o.State, " ", o.Steps, " ", o.Next))
		if o.Undoes() != (o.Next == "procedure:rollback -run="+o.Run) || o.Started.IsZero() || o.Command != "demo:all -of=x" {
			t.Errorf("it is %+v", o)
		}
	}
	return all
}

func TestStatusFindsWhatCanBeUndoneBehindLaterRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serial = true
	var ids []string
	for range 4 {
		if err := w.all(t, withArgs); err != nil {
			t.Fatal(err)
		}
		of := slices.IndexFunc(w.runs(t), func(r journal.Run) bool { return r.Host == "testhost" })
		ids = append(ids, w.runs(t)[of].Run)
		if len(ids) == 1 {
			continue
		}
		w.nothingToUndo(t)
	}
	undo := func(run, steps string) string { return "ok [" + steps + "] procedure:rollback -run=" + run }
	want := []string{undo(ids[3], "demo:log"), undo(ids[2], "demo:log"), undo(ids[1], "demo:log")}
	if got := w.open(t); !slices.Equal(got, want) {
		t.Errorf("after four runs and three nights it shows\n%v\nwant the newest three\n%v", got, want)
	}
	for _, id := range []string{ids[3], ids[2], ids[1]} {
		if err := w.rollback(t, id); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := w.open(t), []string{undo(ids[0], "demo:place demo:left demo:swap demo:log")}; !slices.Equal(got, want) {
		t.Errorf("when three are undone it shows\n%v\nwant\n%v", got, want)
	}
	if err := w.rollback(t, ids[0]); err != nil {
		t.Fatal(err)
	}
	if got := w.open(t); len(got) > 0 {
		t.Errorf("when all are undone it still shows %v", got)
	}
}

func TestStatusFindsWhatWasCutOffBehindLaterRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cut := w.stop(t, 15, withArgs)
	if got := w.open(t); len(got) > 0 {
		t.Errorf("what its row says already is said again: %v", got)
	}
	w.nothingToUndo(t)
	goOn := []string{"broken [demo:swap] procedure:resume -run=" + cut.Run}
	if got := w.open(t); !slices.Equal(got, goOn) {
		t.Errorf("after a night it shows %v, want %v", got, goOn)
	}
	// Somebody mistypes it once more: that run fails and leaves nothing.
	w.at, _ = nth(2, errPoint)
	if err := w.all(t, nil); !failedAt(err) {
		t.Fatal(err)
	}
	w.at = func(string) error { return nil }
	if got := w.open(t); !slices.Equal(got, goOn) {
		t.Errorf("after a run that failed it shows %v, want %v", got, goOn)
	}
	if err := w.resume(t, func(o *engine.Options) { o.Header.Args = []string{"procedure:resume"} }); err != nil {
		t.Fatal(err)
	}
	resumed := slices.IndexFunc(w.runs(t), func(r journal.Run) bool { return r.Resumes == cut.Run })
	rows := w.status(t)
	if got := w.open(t); len(got) != 1 || rows.Open[0].Run != w.runs(t)[resumed].Run || !rows.Open[0].Undoes() || rows.Open[0].State != journal.OK {
		t.Errorf("after the resume it shows %+v, want how to undo that", rows.Open)
	}
}
