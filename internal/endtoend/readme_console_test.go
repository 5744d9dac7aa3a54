package endtoend_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// How a document is read
//
// A block fenced as ```console is a session at a shell. A line that begins with "$ " is typed, lines that begin with
// "> " go on with it, and the lines after that are what comes back, standard output and standard error together, as a
// terminal shows them. All blocks of a document run in one shell, in order: cd and variables last. A command has to end
// with code 0, unless the next one is "$ echo $?".
//
// What comes back is compared line by line, with these freedoms:
//   - "…" stands for any text within a line, and a line that is nothing but "…" for any number of lines;
//   - any run of blanks equals any other: the width of a column follows its longest value;
//   - steps run in parallel, so adjacent lines that begin with a target may come in another order, but the lines of
//     one target keep theirs.
//
// A block fenced as ```sh is not run: its targets must exist.

// typed is one command of a document and what the document says comes back.
type typed struct {
	line  int // in the document
	shell string
	want  []string
}

// block is one fenced block of a document.
type block struct {
	language string
	line     int // of its first line
	lines    []string
}

func blocks(document string) []block {
	var all []block
	inside := false
	for i, line := range strings.Split(document, "\n") {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && inside:
			inside = false
		case fence:
			inside = true
			all = append(all, block{language: language, line: i + 2})
		case inside:
			all[len(all)-1].lines = append(all[len(all)-1].lines, line)
		}
	}
	return all
}

// session is everything that a document types, in order.
func session(document string) ([]typed, error) {
	var all []typed
	for _, b := range blocks(document) {
		if b.language != "console" {
			continue
		}
		fresh := true
		for i, line := range b.lines {
			if shell, ok := strings.CutPrefix(line, "$ "); ok {
				all, fresh = append(all, typed{line: b.line + i, shell: shell}), false
				continue
			}
			if fresh {
				return nil, fmt.Errorf("line %d: a console block begins with \"$ \"", b.line+i)
			}
			last := &all[len(all)-1]
			if more, ok := strings.CutPrefix(line, "> "); ok && len(last.want) == 0 {
				last.shell += "\n" + more
				continue
			}
			last.want = append(last.want, line)
		}
	}
	return all, nil
}

// arranged puts lines into the form in which they are compared.
func arranged(lines []string) []string {
	blanks := regexp.MustCompile(`\s+`)
	all := make([]string, 0, len(lines))
	for _, line := range lines {
		all = append(all, strings.TrimRight(blanks.ReplaceAllString(line, " "), " "))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	target := regexp.MustCompile(`^[a-z]+:[A-Za-z]+`)
	for from := 0; from < len(all); from++ {
		to := from
		for to < len(all) && target.MatchString(all[to]) {
			to++
		}
		slices.SortStableFunc(all[from:to], func(a, b string) int {
			return strings.Compare(target.FindString(a), target.FindString(b))
		})
		from = max(from, to-1)
	}
	return all
}

// agree says whether lines are what a document shows.
func agree(want, got []string) bool {
	return agreeArranged(arranged(want), arranged(got))
}

func agreeArranged(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == "…" {
		for skip := range len(got) + 1 {
			if agreeArranged(want[1:], got[skip:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && agreeLine(want[0], got[0]) && agreeArranged(want[1:], got[1:])
}

func agreeLine(want, got string) bool {
	var pattern []string
	for _, fixed := range strings.Split(want, "…") {
		pattern = append(pattern, regexp.QuoteMeta(fixed))
	}
	return regexp.MustCompile("^" + strings.Join(pattern, ".*") + "$").MatchString(got)
}

// veiled puts "…" where a document would: an output that is new can be pasted from the failure of a test.
func veiled(text, root string) string {
	text = strings.ReplaceAll(text, root, "…")
	for _, variable := range []string{
		`\d{8}T\d{6}Z-[a-z0-9-]+-[a-z0-9]{3}\b`,
		`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`,
		`\b\d+(\.\d+)? ([KMGT]iB|B|ms|s|min|h|d)\b`,
	} {
		text = regexp.MustCompile(variable).ReplaceAllString(text, "…")
	}
	return text
}

func TestADocumentIsComparedWithWhatReallyComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want, got string
		same      bool
	}{
		"the same":                            {"one\ntwo", "one\ntwo\n", true},
		"another word":                        {"one", "two", false},
		"a line too many":                     {"one", "one\ntwo", false},
		"a line too few":                      {"one\ntwo", "one", false},
		"a veiled value":                      {"took … ms, ok", "took 12 ms, ok", true},
		"a veiled value, another end":         {"took …, ok", "took 12 ms, failed", false},
		"signs of patterns are plain":         {"a.c (1)", "abc (1)", false},
		"left out lines":                      {"one\n…\nlast", "one\n2\n3\nlast", true},
		"left out lines, another end":         {"one\n…\nlast", "one\n2\n3", false},
		"columns of another width":            {"a   b", "a b", true},
		"parallel steps in another order":     {"a:x 1\nb:y 2", "b:y 2\na:x 1", true},
		"lines of a step in another order":    {"a:x 1\na:x 2", "a:x 2\na:x 1", false},
		"a step moved over other lines":       {"a:x 1\nmiddle\nb:y 2", "b:y 2\nmiddle\na:x 1", false},
		"nothing is shown, something is said": {"", "oops", false},
	} {
		if agree(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")) != c.same {
			t.Errorf("%s: %q and %q should agree: %v", name, c.want, c.got, c.same)
		}
	}
}

func TestASessionIsWhatConsoleBlocksType(t *testing.T) {
	t.Parallel()
	document := "text\n```sh\n$ never\n```\n```console\n$ cat <<END\n> one\n> END\none\n$ true\n```\n```console\n$ last\n> 1\n```\n"
	got, err := session(document)
	if err != nil || len(got) != 3 {
		t.Fatalf("%d commands, %v", len(got), err)
	}
	if got[0].shell != "cat <<END\none\nEND" || !slices.Equal(got[0].want, []string{"one"}) || got[0].line != 6 {
		t.Errorf("the first command is %+v", got[0])
	}
	if got[1].shell != "true" || len(got[1].want) != 0 || got[2].line != 13 {
		t.Errorf("the others are %+v", got[1:])
	}
	if _, err := session("```console\nno prompt\n```\n"); err == nil {
		t.Error("a block without a prompt was read")
	}
}
