package page_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

func keep(t *testing.T, dir string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		run := failedRun()
		run.ID = id
		if err := page.Keep(dir, run); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(runs []outcome.Earlier) []string {
	var all []string
	for _, r := range runs {
		all = append(all, r.ID)
	}
	return all
}

func TestEarlierRunsAreReadOldestFirstAndBrokenOnesLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, "20260103", "20260101", "20260102", "20260104", "20260105")
	for name, text := range map[string]string{"20260102/run.json": `{"id": "20260102", "jobs": [`, "20260104/run.json": "\x00\x00"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, filepath.Dir(name), "remembered.json")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "20260103b"), 0o755); err != nil { // killed before its end
		t.Fatal(err)
	}
	for _, c := range []struct {
		n      int
		before string
		want   []string
	}{
		{9, "20260106", []string{"20260101", "20260103", "20260105"}},
		{2, "20260106", []string{"20260103", "20260105"}},
		{9, "20260105", []string{"20260101", "20260103"}},
		{9, "20260101", nil},
		{0, "20260106", nil},
	} {
		got, err := page.Earlier(dir, c.n, c.before)
		if err != nil || !slices.Equal(ids(got), c.want) {
			t.Errorf("the last %d before %s are %q (%v), want %q", c.n, c.before, ids(got), err, c.want)
		}
	}
	if got, err := page.Earlier(filepath.Join(dir, "none"), 5, "9"); len(got) != 0 || err != nil {
		t.Errorf("before the first run there are %v (%v)", got, err)
	}
}

func TestWhatIsReadOfAnEarlierRunIsWhatIsRememberedOfIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, "1")
	want := page.Remember(failedRun())
	for _, from := range []string{"what is remembered apart", "its outcome"} {
		got, err := page.Earlier(dir, 1, "2")
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: there are %d runs (%v)", from, len(got), err)
		}
		e := got[0]
		if !e.Start.Equal(want.Start) || e.ID != "1" || e.Duration != want.Duration || e.Jobs != 12 || e.Failed != 1 || e.Restored != 2 || e.Lines != want.Lines || e.Sizes["ui/dist"] != 4_390_000 || len(e.Sizes) != 3 {
			t.Errorf("%s: %+v, want %+v", from, e, want)
		}
		_ = os.Remove(filepath.Join(dir, "1", "remembered.json"))
	}
}

func TestPruneKeepsTheNewestAndEndsWhatWasBegun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keep(t, dir, "1", "2", "3", "4")
	if err := os.Mkdir(filepath.Join(dir, ".gone-0"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "0.txt"), []byte("of somebody else"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := page.Prune(dir, 2); err != nil {
			t.Fatal(err)
		}
		var left []string
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if want := []string{"0.txt", "3", "4"}; err != nil || !slices.Equal(left, want) {
			t.Errorf("left are %q (%v), want %q", left, err, want)
		}
	}
	if err := page.Prune(filepath.Join(dir, "none"), 2); err != nil {
		t.Errorf("prune before the first run: %v", err)
	}
}

func TestARunIsKeptOnlyBelowItsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, id := range []string{"", ".", "..", "../x", "a/b", ".gone-1"} {
		if err := page.Keep(dir, outcome.Run{ID: id}); err == nil {
			t.Errorf("a run is kept as %q", id)
		}
	}
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("there are %v (%v)", entries, err)
	}
}
