package generate_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/generate"
)

// unquoted are the strings in single quotes of a line of Groovy, as Groovy reads
// them.
func unquoted(t testing.TB, line string) []string {
	t.Helper()
	var all []string
	for at := 0; at < len(line); at++ {
		if line[at] != '\'' {
			continue
		}
		var s strings.Builder
		for at++; at < len(line) && line[at] != '\''; at++ {
			if line[at] == '\\' {
				if at++; at >= len(line) || !strings.ContainsRune(`\'`, rune(line[at])) {
					t.Fatalf("an escape that is not ours in %s", line)
				}
			}
			s.WriteByte(line[at])
		}
		if at >= len(line) {
			t.Fatalf("a string without an end in %s", line)
		}
		all = append(all, s.String())
	}
	return all
}

// blocks are the lines of each stage that has steps. The braces have to fit.
func blocks(t testing.TB, text string) [][]string {
	t.Helper()
	var all [][]string
	deep := 0
	for _, line := range strings.Split(text, "\n") {
		code, line := line, strings.TrimSpace(line)
		if strings.HasPrefix(line, "//") {
			continue
		}
		for _, s := range unquoted(t, line) {
			code = strings.Replace(code, "'"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)+"'", "''", 1)
		}
		if strings.HasPrefix(line, "}") {
			deep--
		}
		if line != "" && len(code)-len(strings.TrimLeft(code, " ")) != 4*deep {
			t.Fatalf("a line that is not %d deep: %s", deep, line)
		}
		opened, closed := strings.Count(code, "{"), strings.Count(code, "}")
		switch {
		case strings.HasPrefix(line, "}") && opened == 0 && closed == 1:
		case strings.HasSuffix(line, "{") && opened == 1 && closed == 0:
			deep++
		case opened != closed:
			t.Fatalf("braces do not fit in %s", line)
		}
		if strings.HasPrefix(line, "stage(") {
			all = append(all, nil)
		}
		if len(all) > 0 {
			all[len(all)-1] = append(all[len(all)-1], line)
		}
	}
	if deep != 0 {
		t.Fatalf("%d blocks are not closed", deep)
	}
	return slices.DeleteFunc(all, func(lines []string) bool { return !slices.Contains(lines, "steps {") })
}

// TestAJenkinsfileHasBlocksThatFitAndStringsThatAreNotInterpolated: only the level
// of trust is put into a string by Groovy, and nothing of the project's is in it.
func TestAJenkinsfileHasBlocksThatFitAndStringsThatAreNotInterpolated(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		p, o := anyPipeline(seed)
		o.Agent = hostile()[seed%uint64(len(hostile()))]
		text := string(made(t, generate.Jenkins, p, o).Text)
		stages := blocks(t, text)
		if len(stages) < 2 {
			t.Errorf("pipeline %d has %d stages", seed, len(stages))
		}
		for _, line := range strings.Split(text, "\n") {
			for _, s := range unquoted(t, line) {
				line = strings.Replace(line, "'"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)+"'", "''", 1)
			}
			if strings.ContainsAny(line, `"$`) && !strings.Contains(line, generate.TrustVariable+" = ") {
				t.Errorf("pipeline %d interpolates in %s", seed, line)
			}
		}
	}
}
