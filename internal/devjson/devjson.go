// Package devjson judges a devcontainer.json and the files that it names, and
// touches nothing: the text and a way to look at the other files come in, and
// findings come out, each with its place, its cause and what to do about it.
//
// The file is JSON with comments and trailing commas. The official CLI takes
// more than that: a missing comma, braces that nobody closes, a key that is there
// twice and the marks of a merge conflict pass without a word, and what then
// starts is not what was written. They are named here. Source of the rules: the
// reference and the schema at containers.dev, version 0.89 of the CLI, and what
// docker 28, BuildKit and Compose 2.40 say.
//
// Check judges with the text and single files; Judge with the whole project and
// the environment, and so also the scripts that are run, the context of a build,
// and variables that are empty. A finding says what comes of the fault, and what
// to type. What cannot be known is not judged: a path that a variable decides or
// that leads out of the project, a file that a command before may have made, a
// service of an included file. Read gives the values to those who judge what runs.
package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"iact-infra/internal/procedure"
)

// State is how bad a finding is.
type State string

// The states.
const (
	Warn State = "warn" // it may well work
	Fail State = "fail" // it does not start, or not as it was meant
	Note State = "note" // it works, and a person may like to know
)

// Finding is one fault of a file.
type Finding struct {
	Code     string         `json:"code"`
	State    State          `json:"state"`
	Title    procedure.Text `json:"-"`
	Where    string         `json:"where"` // path:line:column, or path
	Evidence string         `json:"evidence"`
	Cause    string         `json:"cause"`
	Fix      string         `json:"fix"`
}

// Look gives the text of a file, by its path from the root of the project. The
// error is fs.ErrNotExist when there is none.
type Look func(path string) ([]byte, error)

// Places are where a devcontainer.json may be, as patterns of a shell, in the
// order in which tools look.
func Places() []string {
	return []string{".devcontainer/devcontainer.json", ".devcontainer.json", ".devcontainer/*/devcontainer.json"}
}

// Absent is the finding for a project that has none.
func Absent() Finding {
	return Finding{
		Code: "DC-ABSENT", State: Fail, Title: titles()["DC-ABSENT"], Where: Places()[0],
		Evidence: "there is none of " + strings.Join(Places(), ", "),
		Cause:    "this revision of the project has no devcontainer",
		Fix:      "check out a revision that has one, or write " + Places()[0],
	}
}

// Failed says whether one of the findings keeps the container from starting.
func Failed(all []Finding) bool {
	for _, f := range all {
		if f.State == Fail {
			return true
		}
	}
	return false
}

// Check judges the file of that path, which has that text, with what single files
// tell. What is only to be known is left out.
func Check(path string, text []byte, look Look) []Finding {
	c := &check{path: path, text: text, look: look}
	return slices.DeleteFunc(c.all(), func(f Finding) bool { return f.State == Note })
}

// Judge judges the file of that path, which has that text, and the files that it
// names. What keeps the container from starting stands first.
func Judge(path string, text []byte, o Options) []Finding {
	c := &check{path: path, text: text, files: o.Files, folder: o.Folder, env: o.Env}
	c.look = func(string) ([]byte, error) { return nil, errors.New("the project is not known") }
	if o.Files != nil {
		c.look = lookInto(o.Files)
	}
	return c.all()
}

// check is one judgement under way.
type check struct {
	path     string
	text     []byte
	look     Look
	files    fs.FS // nil: only single files can be looked at
	folder   string
	env      map[string]string
	settings Settings
	project  compose
	image    builtFrom
	meant    bool // a misspelt key says where the container comes from
	found    []Finding
}

func (c *check) all() []Finding {
	if c.conflicts() {
		return c.found
	}
	root, problems := parse(c.text)
	for _, p := range problems {
		c.add(p.code, Fail, p.at, p.evidence, p.cause, p.fix)
	}
	switch {
	case root == nil:
	case root.kind != object:
		c.add("DC-OBJECT", Fail, root.at, "the file holds "+root.kind.String(), "a devcontainer.json is one object", "put the settings between { and }")
	default:
		c.settings = settings(*root, c.text)
		for _, judge := range []func(value){
			c.keys, c.customs, c.base, c.variables, c.contradictions, c.workspace, c.mounts, c.arguments, c.ports,
			c.features, c.extensions, c.users, c.lifecycle,
		} {
			judge(*root)
		}
	}
	rank := map[State]int{Fail: 0, Warn: 1, Note: 2}
	slices.SortStableFunc(c.found, func(a, b Finding) int { return rank[a.State] - rank[b.State] })
	return c.found
}

// add notes a finding at a place in the text.
func (c *check) add(code string, state State, at int, evidence, cause, fix string) {
	line, column := position(c.text, at)
	c.addAt(code, state, fmt.Sprintf("%s:%d:%d", c.path, line, column), evidence, cause, fix)
}

func (c *check) addAt(code string, state State, where, evidence, cause, fix string) {
	c.found = append(c.found, Finding{Code: code, State: state, Title: titles()[code], Where: where, Evidence: evidence, Cause: cause, Fix: fix})
}

// position is an offset as line and column, which count characters from 1.
func position(text []byte, offset int) (line, column int) {
	before := text[:min(max(0, offset), len(text))]
	return bytes.Count(before, []byte("\n")) + 1, len(bytes.Runes(before[bytes.LastIndexByte(before, '\n')+1:])) + 1
}

// conflicts names the marks that a merge has left. With them nothing else in
// the file means what it says.
func (c *check) conflicts() bool {
	at := 0
	for line := range bytes.Lines(c.text) {
		for _, mark := range []string{"<<<<<<< ", "||||||| ", ">>>>>>> "} {
			if bytes.HasPrefix(line, []byte(mark)) {
				c.add("DC-CONFLICT", Fail, at, strings.TrimSpace(string(line)), "a merge was not finished; the CLI reads both sides, and the last one wins", "resolve the conflict: git mergetool, or take the marks and one of the sides out")
			}
		}
		at += len(line)
	}
	return len(c.found) > 0
}
