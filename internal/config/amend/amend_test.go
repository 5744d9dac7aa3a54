package amend_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/config/amend"
)

// path is where every test adds to.
func path() []string { return []string{"backup", "sources"} }

// items are those that every test adds.
func items() []string { return []string{"{name: a, kind: files}", `{name: b, as: "x, y"}`} }

func TestWhatIsNewIsWrittenAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	const two = "    - {name: a, kind: files}\n    - {name: b, as: \"x, y\"}\n"
	for name, c := range map[string]struct{ was, want string }{
		"an empty file": {"", "backup:\n  sources:\n" + two},
		"only comments": {"# mine\n#backup:\n", "# mine\n#backup:\n\nbackup:\n  sources:\n" + two},
		"a start mark":  {"---\n", "---\n\nbackup:\n  sources:\n" + two},
		"no line break at the end, and it is kept short": {"project: /srv", "project: /srv\n\nbackup:\n  sources:\n" + two},
		"an end mark":                        {"project: x\n...\n", "project: x\n\nbackup:\n  sources:\n" + two + "...\n"},
		"a section with nothing in it":       {"backup: # mine\n  #store: x\nvm:\n  dir: v\n", "backup: # mine\n  sources:\n" + two + "  #store: x\nvm:\n  dir: v\n"},
		"a section without the list":         {"backup:\n  # where\n  store: x # y\n\nvm:\n  dir: v\n", "backup:\n  sources:\n" + two + "  # where\n  store: x # y\n\nvm:\n  dir: v\n"},
		"a section that is further in":       {"backup:\n      store: x\n", "backup:\n      sources:\n" + strings.ReplaceAll(two, "    -", "        -") + "      store: x\n"},
		"auto":                               {"backup:\n  sources: auto\n  level: fast\n", "backup:\n  sources:\n" + two + "  level: fast\n"},
		"auto with a comment":                {"backup:\n  sources: auto  # all\n", "backup:\n  sources:   # all\n" + two},
		"auto in quotes, without a break":    {"backup:\n  sources: \"auto\"", "backup:\n  sources:\n" + two},
		"auto on a line of its own":          {"backup:\n  sources:\n    auto\n  level: fast\n", "backup:\n  sources:\n\n" + two + "  level: fast\n"},
		"auto in braces":                     {"backup: {sources: auto, level: fast}\n", "backup: {sources: [{name: a, kind: files}, {name: b, as: \"x, y\"}], level: fast}\n"},
		"a list":                             {"backup:\n  sources:\n    - {name: z} # last\n\n  # how\n  level: fast\n", "backup:\n  sources:\n    - {name: z} # last\n" + two + "\n  # how\n  level: fast\n"},
		"a list at the end, without a break": {"backup:\n  sources:\n    - {name: z}", "backup:\n  sources:\n    - {name: z}\n" + two},
		"a list as far in as its key":        {"backup:\n  sources:\n  - name: z\n    kind: files\n  level: fast\n", "backup:\n  sources:\n  - name: z\n    kind: files\n" + strings.ReplaceAll(two, "    -", "  -") + "  level: fast\n"},
		"a list of many lines":               {"backup:\n  sources:\n    - name: z\n      before:\n        - |\n          # not a comment\n          x\n      # its comment\n    # of the list\nvm: {}\n", "backup:\n  sources:\n    - name: z\n      before:\n        - |\n          # not a comment\n          x\n      # its comment\n" + two + "    # of the list\nvm: {}\n"},
		"a mapping in braces over lines":     {"backup:\n  sources:\n    - {\n      name: z, # }\n      kind: 'it''s }'\n    }\n  level: fast\n", "backup:\n  sources:\n    - {\n      name: z, # }\n      kind: 'it''s }'\n    }\n" + two + "  level: fast\n"},
		"brackets":                           {"backup: {sources: [{name: \"]\\\"\", x: it's}, {name: y}]} # c\n", "backup: {sources: [{name: \"]\\\"\", x: it's}, {name: y}, {name: a, kind: files}, {name: b, as: \"x, y\"}]} # c\n"},
		"brackets with an item a line":       {"backup:\n  sources: [\n    {name: y}, # one\n    {name: z}, # two\n  ]\n", "backup:\n  sources: [\n    {name: y}, # one\n    {name: z},\n    {name: a, kind: files},\n    {name: b, as: \"x, y\"}, # two\n  ]\n"},
		"empty brackets":                     {"backup:\n  sources: []\n", "backup:\n  sources: [{name: a, kind: files}, {name: b, as: \"x, y\"}]\n"},
		"empty braces":                       {"{}\n", "{backup: {sources: [{name: a, kind: files}, {name: b, as: \"x, y\"}]}}\n"},
		"braces":                             {"backup: {level: fast}\n", "backup: {sources: [{name: a, kind: files}, {name: b, as: \"x, y\"}], level: fast}\n"},
		"letters of more than a byte":        {"backup: {'ñandú': x, sources: auto}\n", "backup: {'ñandú': x, sources: [{name: a, kind: files}, {name: b, as: \"x, y\"}]}\n"},
		"lines of Windows":                   {"backup:\r\n  sources: auto\r\n  level: fast\r\n", "backup:\r\n  sources:\r\n" + strings.ReplaceAll(two, "\n", "\r\n") + "  level: fast\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := amend.List([]byte(c.was), path(), items())
			if err != nil || string(got) != c.want {
				t.Fatalf("%v\n%s\nwant\n%s", err, got, c.want)
			}
			all, err := amend.Items(got, path())
			if n := len(all); err != nil || n < 2 || all[n-2] != items()[0] || all[n-1] != items()[1] {
				t.Errorf("the list is %q, %v", all, err)
			}
			for line := range strings.Lines(c.was) {
				if _, comment, is := strings.Cut(line, "#"); is && !strings.Contains(string(got), comment) {
					t.Errorf("the comment %q is gone", comment)
				}
			}
		})
	}
}

func TestATextThatCannotBeAddedToIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ was, want string }{
		"not YAML":           {"backup: [", "read YAML"},
		"a list at the top":  {"- backup\n", "holds no keys and values"},
		"a section of text":  {"backup: yes please\n", "holds no keys and values"},
		"keys for the items": {"backup:\n  sources:\n    name: z\n", "it holds keys and values"},
		"a written null":     {"backup: ~\n", "holds no keys and values"},
	} {
		if got, err := amend.List([]byte(c.was), path(), items()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

func TestItemsAreOneLineEach(t *testing.T) {
	t.Parallel()
	text := "backup:\n  sources:\n    - name: z # c\n      exclude:\n        # d\n        - 'a, b'\n        - \"*.o\"\n    - {name: w}\n"
	got, err := amend.Items([]byte(text), path())
	if want := `{name: z, exclude: ["a, b", "*.o"]}|{name: w}`; err != nil || strings.Join(got, "|") != want {
		t.Errorf("%q, %v", got, err)
	}
	for text, want := range map[string]bool{text: true, "backup:\n  sources: auto\n": true, "backup:\n": false, "": false, "backup:\n  sources:\n": false} {
		if has, err := amend.Holds([]byte(text), path()); err != nil || has != want {
			t.Errorf("%q: %v, %v", text, has, err)
		}
	}
}

func TestAMapReadsBackAsWhatWentIntoIt(t *testing.T) {
	t.Parallel()
	for value, want := range map[any]string{
		"plain": "plain", "docker:iact_pg": "docker:iact_pg", "/run/x.sock": "/run/x.sock", "5432": `"5432"`, 5432: "5432", "yes": `"yes"`, "null": `"null"`, "~": `"~"`,
		"0x10": `"0x10"`, "2001-01-01": `"2001-01-01"`, "12:30": `"12:30"`, "a: b": `"a: b"`, "a:": `"a:"`, "x, y": `"x, y"`, "#1": `"#1"`, "{a}": `"{a}"`, "ñ": `"ñ"`, `say "it's"`: `"say \"it's\""`,
		" ": `" "`, "-": `"-"`, "-x": `"-x"`, "*x": `"*x"`, "": `""`, "a\nb": `"a\nb"`, strings.Repeat("long ", 60): `"` + strings.Repeat("long ", 60) + `"`,
	} {
		got, err := amend.Map([]amend.Field{{Key: "a", Value: value}, {Key: "b", Value: []string{"x", "*"}}})
		if err != nil || got != "{a: "+want+`, b: [x, "*"]}` {
			t.Errorf("%v: %s, %v", value, got, err)
		}
		back := struct {
			Backup struct{ Sources []map[string]any }
		}{}
		text, err := amend.List(nil, path(), []string{got})
		must(t, err)
		must(t, yaml.Unmarshal(text, &back))
		if back.Backup.Sources[0]["a"] != value {
			t.Errorf("%v reads back as %v", value, back.Backup.Sources[0]["a"])
		}
	}
}

func TestAFileIsReplacedAtOnceAndKeepsItsMode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "conf", "x.yaml"), filepath.Join(dir, "link.yaml")
	must(t, amend.Replace(file, nil, []byte("one")))
	must(t, os.Chmod(file, 0o640))
	must(t, os.Symlink(file, link))
	must(t, amend.Replace(link, []byte("one"), []byte("two")))
	text, err := os.ReadFile(file)
	must(t, err)
	info, err := os.Lstat(file)
	must(t, err)
	if string(text) != "two" || info.Mode().Perm() != 0o640 || !info.Mode().IsRegular() {
		t.Errorf("%s holds %q, mode %v", file, text, info.Mode())
	}
	for _, was := range [][]byte{nil, []byte("one")} {
		if err := amend.Replace(file, was, []byte("three")); !errors.Is(err, amend.ErrChanged) {
			t.Errorf("a file that was %q: %v", was, err)
		}
	}
	if names, err := os.ReadDir(filepath.Dir(file)); err != nil || len(names) != 1 {
		t.Errorf("left: %v, %v", names, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
