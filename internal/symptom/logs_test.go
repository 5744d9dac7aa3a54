package symptom_test

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An excerpt is a log as somebody pastes it. Its name tells the procedure and
// what has to be recognised: 017-devcontainer-D26.log. The table beside the
// directory tells how each was made.
type excerpt struct {
	name, procedure, id, text string
}

// share of the excerpts that have the right id first.
const share = 0.95

func excerpts(t testing.TB, dir string) []excerpt {
	t.Helper()
	var all []excerpt
	for name, text := range logs(t, dir) {
		parts := strings.Split(strings.TrimSuffix(name, ".log"), "-")
		if len(parts) != 3 {
			t.Fatalf("%s is not NUMBER-PROCEDURE-ID.log", name)
		}
		all = append(all, excerpt{name: name, procedure: parts[1], id: parts[2], text: text})
	}
	slices.SortFunc(all, func(a, b excerpt) int { return strings.Compare(a.name, b.name) })
	return all
}

func logs(t testing.TB, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.log"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no logs in %s: %v", dir, err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}

func TestOfRealExcerptsNineteenInTwentyHaveTheirCauseFirstAndNoneLacksIt(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, dir := range []string{"logs", "heldout"} {
		all, first := excerpts(t, dir), 0
		for _, e := range all {
			got := ids(c.Match(e.text))
			if !slices.Contains(got, e.id) {
				t.Errorf("%s/%s: found %v", dir, e.name, got)
			}
			if len(got) > 0 && got[0] == e.id {
				first++
				continue
			}
			t.Logf("%s/%s: found %v", dir, e.name, got)
		}
		if float64(first) < share*float64(len(all)) {
			t.Errorf("%s: %d of %d have the right cause first", dir, first, len(all))
		}
	}
}

func TestTheExcerptsAreOfAllSixProceduresAndEachSaysHowItWasMade(t *testing.T) {
	t.Parallel()
	file, err := os.Open(filepath.Join("testdata", "logs.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	made := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		row := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(row[0], "#") {
			continue
		}
		if len(row) != 3 || row[2] == "" || row[1] != "produced" && row[1] != "source" {
			t.Errorf("logs.tsv: %q is not FILE, produced or source, HOW", lines.Text())
			continue
		}
		made[row[0]] = row[1]
	}
	produced, procedures := 0, map[string]int{}
	for _, e := range excerpts(t, "logs") {
		if made[e.name] == "" {
			t.Errorf("%s is not in logs.tsv", e.name)
		}
		if made[e.name] == "produced" {
			produced++
		}
		procedures[e.procedure]++
		delete(made, e.name)
	}
	for name := range made {
		t.Errorf("%s is in logs.tsv only", name)
	}
	for _, p := range []string{"vm", "host", "ci", "backup", "devcontainer", "cpython"} {
		if procedures[p] < 12 {
			t.Errorf("%d excerpts of %s", procedures[p], p)
		}
	}
	if procedures["devcontainer"] < 35 || produced < 100 {
		t.Errorf("%d excerpts of devcontainer, %d produced", procedures["devcontainer"], produced)
	}
}

func TestAHealthyLogRaisesNothing(t *testing.T) {
	t.Parallel()
	c := load(t)
	all := logs(t, "healthy")
	if len(all) < 20 {
		t.Errorf("only %d healthy logs", len(all))
	}
	for name, text := range all {
		for _, f := range c.Match(text) {
			t.Errorf("%s: %s for %q", name, f.ID, f.Excerpt)
		}
	}
}
