package endtoend_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// readmes are the documents that a person starts with, in both languages.
func readmes() []string { return []string{"README.md", "README.es.md"} }

// documents are all texts for people, by their names in the checkout.
func documents(t *testing.T) map[string]string {
	t.Helper()
	names := append(readmes(), "CHANGELOG.md", "backups/README.md")
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		names = append(names, "docs/"+filepath.Base(path))
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// listedTargets are the targets that the program answers to.
func listedTargets(t *testing.T) []string {
	t.Helper()
	listed, err := command.NewDoor(command.Local()).Text(context.Background(), command.Read(program(t), "-l")).String()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(listed) {
		if name, indented := strings.CutPrefix(line, "  "); indented {
			all = append(all, strings.Fields(name)[0])
		}
	}
	return all
}

func TestTheTargetTablesListEveryTargetAndNoOther(t *testing.T) {
	t.Parallel()
	targets, texts := listedTargets(t), documents(t)
	row := regexp.MustCompile("(?m)^\\| `([a-z]+:[A-Za-z]+)` ")
	for _, name := range readmes() {
		var rows []string
		for _, found := range row.FindAllStringSubmatch(texts[name], -1) {
			rows = append(rows, found[1])
		}
		if slices.Sort(rows); !slices.Equal(rows, targets) {
			t.Errorf("%s has rows for\n%v, the program lists\n%v", name, rows, targets)
		}
	}
}

func TestNoDocumentNamesATargetThatDoesNotExist(t *testing.T) {
	t.Parallel()
	targets := listedTargets(t)
	namespaces := map[string]bool{}
	for _, target := range targets {
		namespace, _, _ := strings.Cut(target, ":")
		namespaces[namespace] = true
	}
	word := regexp.MustCompile(`\b([a-z]+):([A-Za-z]+)\b`)
	for name, text := range documents(t) {
		for _, found := range word.FindAllStringSubmatch(text, -1) {
			if namespaces[found[1]] && !slices.Contains(targets, found[0]) {
				t.Errorf("%s names %s, which is no target", name, found[0])
			}
		}
		for _, b := range blocks(text) {
			for _, line := range b.lines {
				for _, typed := range regexp.MustCompile(`go tool mage ([A-Za-z:]+)`).FindAllStringSubmatch(line, -1) {
					if !slices.Contains(targets, typed[1]) {
						t.Errorf("%s types go tool mage %s, which is no target", name, typed[1])
					}
				}
			}
		}
	}
}

func TestTheReadmesNameEveryKeyOfTheConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "iact.yaml")
	sources := "backup:\n  sources:\n    - {name: a, kind: postgres}\n    - {name: b, kind: files, path: .}\n"
	if err := os.WriteFile(file, []byte(sources), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Options{Root: root, Getenv: func(name string) string {
		return map[string]string{"IACT_CONFIG": file, "HOME": "/root"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	texts := documents(t)
	for _, setting := range append(settings.Show(), config.Setting{Key: "backup.sources"}) {
		key := setting.Key
		if _, ofSource, found := strings.Cut(key, "]."); found {
			key = ofSource
		}
		for _, name := range readmes() {
			if !strings.Contains(texts[name], "\n| `"+key+"` |") {
				t.Errorf("%s has no row for the key %s", name, key)
			}
		}
	}
}

// TestBothReadmesHaveTheSameShape compares headings and commands: what one language says, the other one does too.
func TestBothReadmesHaveTheSameShape(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	shape := func(name string) []string {
		var all []string
		inside := false
		for line := range strings.Lines(texts[name]) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "```") {
				inside = !inside
				all = append(all, line)
			} else if !inside && strings.HasPrefix(line, "#") {
				level, _, _ := strings.Cut(line, " ")
				all = append(all, level)
			}
			if typed, ok := strings.CutPrefix(line, "$ "); inside && ok && typed != "export IACT_LANG=es" {
				all = append(all, line)
			}
		}
		return all
	}
	english, spanish := shape("README.md"), shape("README.es.md")
	if !slices.Equal(english, spanish) {
		for i := range min(len(english), len(spanish)) {
			if english[i] != spanish[i] {
				t.Fatalf("README.md goes on with %q where README.es.md has %q", english[i], spanish[i])
			}
		}
		t.Fatalf("README.md has %d headings, blocks and commands, README.es.md has %d", len(english), len(spanish))
	}
}

func TestEveryLinkBetweenDocumentsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	for name, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), found[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, found[1], err)
			}
		}
	}
}
