package devcontainer_test

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/doctor"
)

// written are the codes in the source of the checks: those that findings have, and
// those that something says it explains or asks for.
func written(t *testing.T) (had, meant []string) {
	t.Helper()
	code := regexp.MustCompile(`"(DC-[A-Z]+(?:-[A-Z]+)*(?:-(?:\d{3}|\*))?)"`)
	all := map[bool]map[string]bool{true: {}, false: {}}
	for _, dir := range []string{".", "../devjson"} {
		tree := os.DirFS(dir)
		err := fs.WalkDir(tree, ".", func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(tree, name)
			table := name == "doctor/roots.go" || name == "matrix.go"
			for line := range strings.Lines(string(text)) {
				for _, m := range code.FindAllStringSubmatch(line, -1) {
					all[table || strings.Contains(line, "Explains") || strings.HasSuffix(m[1], "*")][m[1]] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return slices.Sorted(maps.Keys(all[false])), slices.Sorted(maps.Keys(all[true]))
}

func TestEveryCodeStandsOnceInTheTableOfTheManual(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/devcontainer.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Codes\n")
	if !found {
		t.Fatal("docs/devcontainer.md has no section Codes")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(DC-[A-Z0-9-]+)` \\| \\S.* \\|$").FindAllStringSubmatch(table, -1) {
		told = append(told, row[1])
	}
	slices.Sort(told)
	if want, _ := written(t); !slices.Equal(told, want) {
		for _, code := range want {
			if !slices.Contains(told, code) {
				t.Errorf("%s is not in the table", code)
			}
		}
		for i, code := range told {
			if !slices.Contains(want, code) || i > 0 && told[i-1] == code {
				t.Errorf("%s is in the table, and twice or no code", code)
			}
		}
	}
}

func TestNoTwoChecksHaveOneCode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range devcontainer.Checks("") {
		if seen[c.Code] || c.Title.ES == "" || c.Title.EN == "" {
			t.Errorf("check %s: there twice, or without a title in both languages", c.Code)
		}
		seen[c.Code] = true
	}
}

func TestWhatExplainsAndIsExplainedAreCodesOfFindings(t *testing.T) {
	t.Parallel()
	had, meant := written(t)
	for _, pattern := range meant {
		if !slices.ContainsFunc(had, func(code string) bool { return doctor.Fits([]string{pattern}, code) }) {
			t.Errorf("%s is said to explain or to be explained, and no finding has it", pattern)
		}
	}
}
