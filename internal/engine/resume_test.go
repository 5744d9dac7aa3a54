package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// stop leaves a run behind that was cut off at its nth point.
func (w *world) stop(t *testing.T, n int, shape func(*engine.Options)) journal.Run {
	t.Helper()
	w.serial = true
	e := w.engine(t, shape)
	if frozen, err := w.freeze(n, e, func() error { return e.Target(context.Background(), "demo:all") }); !frozen {
		t.Fatalf("the run never came to point %d: %v", n, err)
	}
	return w.runs(t)[0]
}

// refusal is one clear line with a code and a way out.
func refusal(t *testing.T, what string, err error, code int, says, hint string) {
	t.Helper()
	if fault.Code(err) != code || err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: code %d, %v; want code %d and %q", what, fault.Code(err), err, code, says)
	}
	if !strings.Contains(fault.Hint(err), hint) || hint == "" {
		t.Errorf("%s: the hint is %q, want %q", what, fault.Hint(err), hint)
	}
}

func TestResumeGoesOnWhereTheRunStoppedAndSkipsWhatDoneConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil) // in the middle of swap: its name is recorded
	if err := errors.Join(w.resume(t, nil), w.is(after())); err != nil {
		t.Fatal(err)
	}
	run := w.runs(t)[0]
	if run.Resumes != old.Run || !slices.Equal(run.Targets, []string{"demo:all"}) || run.State() != journal.OK {
		t.Errorf("the new run is %+v, %s", run.Header, run.State())
	}
	for step, want := range map[string]string{"demo:place": "skipped", "demo:left": "skipped", "demo:swap": "ok", "demo:log": "ok"} {
		if got := resultOf(t, run, step); got.Outcome != want {
			t.Errorf("%s is %s, want %s", step, got.Outcome, want)
		}
	}
	if got := w.journalOf(t, old.Run).Continuations(); !slices.Equal(got, []string{run.Run}) {
		t.Errorf("the journal of the old run says that %v go on with it", got)
	}
	refusal(t, "once more", w.resume(t, nil), fault.Missing, "no run is left unfinished", "procedure:status")
}

func TestResumeTrustsNothingThatDoneDoesNotConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop(t, 15, nil)
	if err := os.Remove(w.path("place", "a")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.resume(t, nil), w.is(after())); err != nil {
		t.Fatal(err)
	}
	if got := resultOf(t, w.runs(t)[0], "demo:place"); got.Outcome != "ok" {
		t.Errorf("demo:place is %s although its file was gone", got.Outcome)
	}
}

func TestResumedRunThatFailsUndoesItsOwnStepsAndNamesTheRunThatStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 7, nil) // in left
	w.at = func(point string) error {
		if point == "log run 1" {
			return errPoint
		}
		return nil
	}
	err := w.resume(t, nil)
	if long := fmt.Sprintf("%+v", err); !failedAt(err) || !strings.Contains(long, "run "+old.Run+", which this one continued, still stands") || !strings.Contains(long, "procedure:resume -run="+old.Run) {
		t.Errorf("the failure does not name the first run:\n%s", long)
	}
	if err := w.is(map[string]string{"live": "old", "place/a": "a", "place/b": "b"}); err != nil {
		t.Error(err)
	}
	w.at = func(string) error { return nil }
	if err := errors.Join(w.resume(t, nil), w.is(after())); err != nil {
		t.Errorf("the second resume: %v", err)
	}
	if again := w.runs(t)[0]; again.Resumes != old.Run {
		t.Errorf("the second resume goes on with %s, want %s", again.Resumes, old.Run)
	}
}

func TestResumeRefusesWhatItCannotGoOnWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	find := func(id string) error {
		_, err := engine.Unfinished(w.journals(), id)
		return err
	}
	refusal(t, "no journal at all", find(""), fault.Missing, "no run is left unfinished", "procedure:status")
	refusal(t, "an id without any run", find("20261123"), fault.Missing, "no run has left a journal", "as soon as it changes")
	if err := w.all(t, nil); err != nil {
		t.Fatal(err)
	}
	good := w.runs(t)[0].Run
	refusal(t, "a run that ended well", find(good), fault.Missing, good+": it ended well", "demo:all")
	refusal(t, "no unfinished run", find(""), fault.Missing, "no run is left unfinished", "-run=ID")
	typo := strings.Replace(good, "testhost", "tosthast", 1)
	refusal(t, "an unknown run", find(typo), fault.Usage, `resume run "`+typo+`": there is no such run`, "did you mean "+good)
	if err := w.rollback(t, good); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a run that was rolled back", find(good[:len(good)-1]), fault.Missing, "it was rolled back", "run it anew: demo:all")
	rollback := w.undoing(t).Run
	refusal(t, "a rollback", find(rollback), fault.Usage, "it is the rollback of run "+good, "procedure:rollback -run="+good)
	refusal(t, "an id that is not clear", find("2"), fault.Usage, "2 runs begin like that", "write more of the id")
}

// undoing is the newest journal of a rollback.
func (w *world) undoing(t *testing.T) journal.Run {
	t.Helper()
	all, err := journal.List(w.journals())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(r journal.Run) bool { return r.Undoes != "" })
	if at < 0 {
		t.Fatal("no rollback has left a journal")
	}
	return all[at]
}

func TestResumePassesOverAFailureThatALaterRunMadeGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 6, nil)
	if err := w.all(t, nil); err != nil {
		t.Fatal(err)
	}
	refusal(t, "the newest", w.resume(t, nil), fault.Missing, old.Run+" did not end well, but "+w.runs(t)[0].Run+" has done the same since", "-run=ID")
	if _, err := engine.Unfinished(w.journals(), old.Run); err != nil {
		t.Errorf("by its name it cannot be resumed: %v", err)
	}
}

func TestResumeRefusesTargetsThatAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file, err := journal.Create(w.journals(), journal.Header{Run: "20261123T151648Z-box-abc", Args: []string{"demo:gone", "demo:all"}, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	refusal(t, "a target that is gone", w.resume(t, nil), fault.Missing, "this program has no step demo:gone", "version v1")
}

func TestResumeComparesTheConfiguration(t *testing.T) {
	t.Parallel()
	with := func(values map[string]string) func(*engine.Options) {
		return func(o *engine.Options) {
			o.Settings = func() (map[string]string, error) { return values, nil }
		}
	}
	w := newWorld(t)
	first := map[string]string{"backup.store": "/srv/one", "backup.level": "best", "vm.dir": "/vm"}
	old := w.stop(t, 15, with(first))
	if d := old.Settings["backup.level"]; len(d) != 12 || d == old.Settings["vm.dir"] {
		t.Errorf("the header holds the digests %v", old.Settings)
	}
	changed := map[string]string{"backup.store": "/srv/two", "backup.level": "best", "backup.new": ""}
	err := w.resume(t, with(changed))
	refusal(t, "another configuration", err, fault.Usage, "the configuration has changed since: backup.new, backup.store, vm.dir", "procedure:resume -run="+old.Run+" -anyway=true")
	if strings.Contains(fmt.Sprintf("%+v", err), "/srv") {
		t.Error("the refusal shows a value")
	}
	if n := len(w.runs(t)); n != 1 {
		t.Errorf("the refused resume left a journal: there are %d", n)
	}
	past, err := engine.Unfinished(w.journals(), "")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	e := w.engine(t, func(o *engine.Options) {
		with(changed)(o)
		o.Continues, o.Targets, o.Header.Version = past, past.Targets(), "v9"
		o.Console = report.New(report.Options{Err: &said})
	})
	if err := errors.Join(e.Resume(t.Context(), true), w.is(after())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the configuration has changed since: backup.new", "this program is v9", "going on with run " + old.Run} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &said)
		}
	}
}

func TestPlanOfAResumeShowsWhatIsLeftAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	var out bytes.Buffer
	err := w.resume(t, func(o *engine.Options) {
		o.Planning = true
		o.Console = report.New(report.Options{Out: &out})
		table := w.table()
		for i := range table.Steps {
			name := table.Steps[i].Target
			table.Steps[i].Plan = func(_ context.Context, work *procedure.Work) ([]string, error) {
				kept := ""
				if _, err := work.Recall("kept", &kept); err != nil {
					return nil, err
				}
				return []string{"do " + name + kept}, nil
			}
		}
		o.Registry, _ = procedure.NewRegistry(table)
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, there := range map[string]bool{"already done: seen": true, "do demo:place": false, "do demo:swaplive_before_": true, "do demo:log": true} {
		if strings.Contains(out.String(), want) != there {
			t.Errorf("the plan shows %q: %v, want %v:\n%s", want, !there, there, &out)
		}
	}
	if n := len(w.runs(t)); n != 1 || len(w.journalOf(t, old.Run).Continuations()) > 0 {
		t.Errorf("the plan was noted in the journals: there are %d", n)
	}
}

// Resuming must not read hundreds of journals: those before the one that it goes
// on with cannot even be read here.
func TestResumeStopsAtTheNewestUnfinishedRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	for n := range 1000 {
		path := filepath.Join(w.journals(), fmt.Sprintf("20200101T%06dZ-box-abc.jsonl", n))
		if err := os.WriteFile(path, []byte("not\na journal\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past, err := engine.Unfinished(w.journals(), "")
	if err != nil || past.Run().Run != old.Run {
		t.Fatalf("Unfinished = %v", err)
	}
}

// TestSlow: it writes 1,000 journals. The clock is that of the machine, since the
// promise is: 0.2 s. The fastest of five counts, so that a busy machine is no failure.
func TestSlowResumeStartsInTimeBehindAThousandGoodRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.stop(t, 15, nil)
	thousand(t, w.journals(), old.Started.Add(time.Minute))
	least := time.Hour
	for range 5 {
		began := time.Now()
		past, err := engine.Unfinished(w.journals(), "")
		if err != nil || past.Run().Run != old.Run {
			t.Fatalf("Unfinished = %v", err)
		}
		started := time.Duration(0)
		w.at = func(string) error {
			if started == 0 {
				started = time.Since(began)
			}
			return errPoint
		}
		e := w.engine(t, func(o *engine.Options) { o.Continues, o.Targets = past, past.Targets() })
		if err := e.Resume(t.Context(), false); !failedAt(err) {
			t.Fatal(err)
		}
		_ = e.Close()
		least = min(least, started)
		// The failed resume stands in front of the others: take it away.
		if err := os.Remove(journal.Path(w.journals(), w.journalOf(t, old.Run).Continuations()[0])); err != nil {
			t.Fatal(err)
		}
	}
	if least > 200*time.Millisecond {
		t.Errorf("the first step starts after %s, want 0.2 s at most", least)
	}
}

// thousand writes as many journals of good runs of another procedure.
func thousand(t testing.TB, dir string, from time.Time) {
	t.Helper()
	settings := map[string]string{}
	for n := range 60 {
		settings[fmt.Sprintf("backup.sources[%d].name", n)] = "0123456789ab"
	}
	for n := range 1000 {
		began := from.Add(time.Duration(n) * time.Minute)
		run := fmt.Sprintf("%s-box-abc", began.UTC().Format("20060102T150405Z"))
		text := fmt.Sprintf(`{"format":1,"time":%q,"event":"begin","header":{"run":%q,"started":%q,"targets":["other:all"],"settings":{`, began.Format(time.RFC3339Nano), run, began.Format(time.RFC3339Nano))
		var pairs []string
		for key, digest := range settings {
			pairs = append(pairs, fmt.Sprintf("%q:%q", key, digest))
		}
		text += strings.Join(pairs, ",") + "}}}\n"
		line := `{"time":"2026-01-01T00:00:00Z","procedure":"PROCED-TEST-009","step":"other:step",`
		for range 20 {
			text += line + `"event":"command","command":"pg_dump --format=custom --compress=0 --dbname=iact_analytics --file=/srv/backups/part","changes":true}` + "\n"
		}
		text += line + `"event":"intent"}` + "\n" + line + `"event":"result","outcome":"ok","duration_seconds":1}` + "\n"
		text += `{"time":"2026-01-01T00:00:00Z","event":"end","outcome":"ok","duration_seconds":1}` + "\n"
		if err := os.WriteFile(journal.Path(dir, run), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
