package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/journal"
)

func TestTheStateOfARunIs(t *testing.T) {
	t.Parallel()
	db, config := step("backup:db"), step("backup:config")
	end := func(s string) journal.Outcome { return journal.Outcome{Outcome: s} }
	for name, c := range map[string]struct {
		write func(*journal.Journal) error
		want  string
		open  int
	}{
		"ok":                    {func(j *journal.Journal) error { return j.End(end(journal.OK)) }, journal.OK, 0},
		"failed":                {func(j *journal.Journal) error { return j.End(end(journal.Failed)) }, journal.Failed, 0},
		"cancelled":             {func(j *journal.Journal) error { return j.End(end(journal.Cancelled)) }, journal.Cancelled, 0},
		"broken without an end": {func(j *journal.Journal) error { return nil }, journal.Broken, 0},
		"broken in a step":      {func(j *journal.Journal) error { return j.Intent(db) }, journal.Broken, 1},
		"broken between steps":  {func(j *journal.Journal) error { return errors.Join(j.Intent(db), j.Result(db, end(journal.OK))) }, journal.Broken, 0},
		"broken in one of two": {func(j *journal.Journal) error {
			return errors.Join(j.Intent(db), j.Intent(config), j.Result(db, end(journal.OK)), j.End(end(journal.OK)))
		}, journal.Broken, 1},
		"broken where a step is open": {func(j *journal.Journal) error { return errors.Join(j.Intent(db), j.End(end(journal.OK))) }, journal.Broken, 1},
	} {
		j := create(t, t.TempDir(), "r")
		must(t, c.write(j))
		r, err := journal.Read(j.Path())
		must(t, err)
		if r.State() != c.want || len(r.Unfinished()) != c.open {
			t.Errorf("%s: state %s, %d open", name, r.State(), len(r.Unfinished()))
		}
	}
}

func TestTheNewestRunComesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(run string, hour int) {
		j, err := journal.Create(dir, journal.Header{Run: run, Started: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)})
		must(t, err)
		must(t, j.Close())
	}
	at("b", 2)
	at("c", 1)
	at("a", 3)
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o600), os.Mkdir(filepath.Join(dir, "d.jsonl"), 0o700))
	runs, err := journal.List(dir)
	must(t, err)
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.Header.Run)
	}
	if got := strings.Join(ids, " "); got != "a b c" {
		t.Errorf("order %s", got)
	}
	must(t, os.WriteFile(filepath.Join(dir, "bad.jsonl"), []byte("x\ny\n"), 0o600))
	runs, err = journal.List(dir)
	if err == nil || !strings.Contains(err.Error(), "bad.jsonl") || len(runs) != 3 {
		t.Errorf("one bad journal: %d runs, %v", len(runs), err)
	}
	if runs, err := journal.List(filepath.Join(dir, "none")); err != nil || len(runs) != 0 {
		t.Errorf("missing directory: %v, %v", runs, err)
	}
}

func TestAnEstimateIsTheMedianOfTheLastFiveGoodRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	ran := func(target, outcome string, took time.Duration) {
		n++
		j, err := journal.Create(dir, journal.Header{Run: fmt.Sprintf("%03d", n)})
		must(t, err)
		must(t, j.Result(step(target), journal.Outcome{Outcome: outcome, Duration: took}), j.Close())
	}
	expect := func(target string, want time.Duration, wantOK bool) {
		t.Helper()
		if got, ok := journal.Estimate(dir, target); got != want || ok != wantOK {
			t.Errorf("%s: %s, %v, want %s, %v", target, got, ok, want, wantOK)
		}
	}
	expect("backup:db", 0, false)
	ran("backup:db", journal.Failed, time.Hour)
	ran("backup:db", journal.Skipped, time.Millisecond)
	expect("backup:db", 0, false)
	ran("backup:db", journal.OK, 90*time.Second)
	expect("backup:db", 90*time.Second, true)
	ran("backup:db", journal.OK, 10*time.Second)
	expect("backup:db", 50*time.Second, true)
	for _, s := range []int{1, 2, 3, 4} {
		ran("backup:db", journal.OK, time.Duration(s)*time.Second)
	}
	ran("backup:config", journal.OK, time.Hour)
	// 10, 1, 2, 3, 4: the 90 seconds are the sixth last.
	expect("backup:db", 3*time.Second, true)
	must(t, os.WriteFile(filepath.Join(dir, "999.jsonl"), []byte("x\ny\n"), 0o600))
	expect("backup:db", 3*time.Second, true)
}

func TestAJournalThatCannotBeWrittenSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct{ dir, run, want string }{
		{file, "r", "create journal in " + file + ": a file stands where a directory has to be"},
		{filepath.Join(file, "sub"), "r", "create journal in " + file + "/sub: a file stands where a directory has to be: " + file},
		// No directory can be made there, whoever asks.
		{"/proc/iact/journal", "r", "create journal in /proc/iact/journal: no such file or directory"},
		{dir, "../r", `create journal: "../r" is no run id`},
		{dir, "", `create journal: "" is no run id`},
	} {
		if _, err := journal.Create(c.dir, journal.Header{Run: c.run}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	j := create(t, dir, "r")
	if _, err := journal.Create(dir, journal.Header{Run: "r"}); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second journal for one run: %v", err)
	}
	must(t, j.Close(), j.Close())
	if err := j.Intent(step("backup:db")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("intent in a closed journal: %v", err)
	}
	if _, err := journal.Read(filepath.Join(dir, "none.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing journal: %v", err)
	}
}

func TestAnIDNamesTimeHostAndChance(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 16, 16, 48, 999, time.FixedZone("CET", 3600))
	for host, want := range map[string]string{
		"Box":                         "20261123T151648Z-box-abc",
		"db.example.org":              "20261123T151648Z-db-example-org-abc",
		"../../etc":                   "20261123T151648Z-etc-abc",
		"":                            "20261123T151648Z-host-abc",
		"ñandú":                       "20261123T151648Z-and-abc",
		"a-very-long-hos.name-really": "20261123T151648Z-a-very-long-hos-name-abc",
		"nineteen-characters.example": "20261123T151648Z-nineteen-characters-abc",
	} {
		if got := journal.NewID(now, host, bytes.NewReader([]byte{0, 1, 2 + 32})); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
	if got := journal.NewID(now, "box", iotest.ErrReader(errors.New("none"))); len(got) != len("20261123T151648Z-box-abc") {
		t.Errorf("without chance: %s", got)
	}
}
