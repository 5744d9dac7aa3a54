package backup_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// rig is a checkout with a project of its own and the program that backs it up.
type rig struct {
	t       testing.TB
	root    string   // the checkout
	project string   // what the source "config" holds
	store   string   // where the sets are
	env     []string // of every run
	as      []string // words before the program: setpriv …
}

// newRig makes a checkout whose configuration backs up the project directory
// and the sources that more lists, one YAML map each.
func newRig(t testing.TB, more ...string) *rig {
	t.Helper()
	root := t.TempDir()
	r := &rig{t: t, root: root, project: filepath.Join(root, "project"), store: filepath.Join(root, "sets")}
	r.put("checkout/go.mod", "module iact-infra\n")
	r.put("project/.env", "SECRET=1\n")
	r.put("project/settings/app.ini", "[app]\nname = iact\n")
	r.configure(more...)
	return r
}

// configure writes the configuration anew.
func (r *rig) configure(more ...string) {
	r.t.Helper()
	sources := append([]string{fmt.Sprintf("{name: config, kind: files, path: %s}", r.project)}, more...)
	r.put("checkout/config/iact.yaml", fmt.Sprintf("backup:\n  store: %s\n  sources:\n    - %s\n", r.store, strings.Join(sources, "\n    - ")))
}

// put writes a file below the root.
func (r *rig) put(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.root, name)
	must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(r.t, os.WriteFile(path, []byte(content), 0o644))
}

// ended is a run that is over.
type ended struct {
	t         testing.TB
	short     *strings.Replacer // takes the directories of the test out of a line
	line      string
	out, said string // standard output and error
	code      int    // -1 when a signal ended it
	signal    string
}

// run starts the program with targets and flags and waits for its end.
func (r *rig) run(args ...string) ended { return r.runWith(nil, args...) }

// runWith is run with NAME=VALUE lines that are added to the environment.
func (r *rig) runWith(env []string, args ...string) ended {
	r.t.Helper()
	self, err := os.Executable()
	must(r.t, err)
	streams, err := os.MkdirTemp(r.root, "streams-")
	must(r.t, err)
	out, said := filepath.Join(streams, "out"), filepath.Join(streams, "err")
	words := append(append([]string{"-c", `out=$1 said=$2; shift 2; exec "$@" >"$out" 2>"$said"`, "sh", out, said}, r.as...), self)
	c := command.Change("sh", append(words, args...)...)
	c.Env = append(append([]string{playVariable + "=1", "IACT_DIR=" + filepath.Join(r.root, "checkout"), "LANG=C.UTF-8", "NO_COLOR=1"}, r.env...), env...)
	c.Timeout = 2 * time.Minute
	short := strings.NewReplacer(r.root, "", filepath.Dir(r.store), "", filepath.Dir(r.project), "")
	e := ended{t: r.t, short: short, line: strings.Join(args, " ")}
	var failed *command.Error
	switch err := command.NewDoor(command.Local()).Run(context.Background(), c); {
	case errors.As(err, &failed):
		e.code, e.signal = failed.Exit, failed.Signal
	case err != nil:
		r.t.Fatalf("%s: %v", e.line, err)
	}
	e.out, e.said = read(r.t, out), read(r.t, said)
	return e
}

// good is run for what has to succeed.
func (r *rig) good(args ...string) ended {
	r.t.Helper()
	return r.run(args...).ends(0)
}

// ends makes sure of the exit code.
func (e ended) ends(code int) ended {
	e.t.Helper()
	if e.code != code {
		e.t.Fatalf("%s: exit %d %s, want %d\n%s%s", e.line, e.code, e.signal, code, e.out, e.said)
	}
	return e
}

// refused makes sure that the run failed with a code and with one line that
// says what is wrong, and that a line below it is a way out.
func (e ended) refused(code int, what, wayOut string) {
	e.t.Helper()
	e.ends(code)
	_, failure, found := strings.Cut(e.said, "Error: ")
	lines := strings.Split(strings.TrimSpace(failure), "\n")
	at := -1
	for i, line := range lines {
		if strings.Contains(line, what) && at < 0 {
			at = i
		}
	}
	if !found || at < 0 {
		e.t.Fatalf("%s: no line of the error says %q:\n%s", e.line, what, e.said)
	}
	const most = 300 // without the long names of the directories that tests get
	if line := e.short.Replace(lines[at]); len(line) > most {
		e.t.Errorf("%s: %d bytes are no short line: %s", e.line, len(line), line)
	}
	// What follows, further in, belongs to the line.
	depth := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	ways := ""
	for _, line := range lines[at+1:] {
		if depth(line) <= depth(lines[at]) && at > 0 {
			break
		}
		ways += line + "\n"
	}
	if !strings.Contains(ways, wayOut) || !strings.Contains(ways, "hint: ") && !strings.Contains(ways, "fix: ") {
		e.t.Errorf("%s: the way out does not say %q:\n%s", e.line, wayOut, e.said)
	}
	if strings.Contains(e.said, "panic") || strings.Contains(e.said, "goroutine ") {
		e.t.Errorf("%s: it panicked:\n%s", e.line, e.said)
	}
}

// sets is backup:list, the newest first.
func (r *rig) sets() []backup.View {
	r.t.Helper()
	return parse[[]backup.View](r.t, r.runWith([]string{"IACT_FORMAT=json"}, "backup:list").ends(0).out)
}

// newest is all about the newest set.
func (r *rig) newest() backup.View {
	r.t.Helper()
	all := r.sets()
	if len(all) == 0 {
		r.t.Fatal("there is no set")
	}
	return parse[backup.View](r.t, r.runWith([]string{"IACT_FORMAT=json"}, "backup:show", "-set="+all[0].ID).ends(0).out)
}

// source is a source of a set.
func source(t testing.TB, v backup.View, name string) backup.SourceView {
	t.Helper()
	for _, s := range v.Sources {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("set %s holds no source %s", v.ID, name)
	return backup.SourceView{}
}

// held is every file of the sets that are there, with mode, time and content,
// so that two moments can be compared. What is known of a set since it was
// made is not part of it.
func (r *rig) held() map[string]string {
	r.t.Helper()
	files := map[string]string{}
	must(r.t, filepath.WalkDir(r.store, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if path != r.store && strings.HasPrefix(d.Name(), ".") || d.Name() == "state.json" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = fmt.Sprintf("%v %v %x", info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(data))
		return err
	}))
	return files
}

// untouched makes sure that all files of before are still what they were.
func (r *rig) untouched(before map[string]string) {
	r.t.Helper()
	now := r.held()
	for path, was := range before {
		if now[path] != was {
			r.t.Errorf("%s of an earlier set was %s, is %q", path, was, now[path])
		}
	}
}

// unchanged makes sure that there is no new file either.
func (r *rig) unchanged(before map[string]string) {
	r.t.Helper()
	r.untouched(before)
	if now := r.held(); !maps.Equal(now, before) {
		r.t.Errorf("%d files were in sets, now %d are", len(before), len(now))
	}
}

// postgres is a source of the configuration.
func postgres(c *testbed.Cluster, name, database string, more ...string) string {
	fields := []string{"name: " + name, "kind: postgres", "database: " + database, "host: " + c.Host, fmt.Sprintf("port: %d", c.Port), "user: " + c.User}
	return "{" + strings.Join(append(fields, more...), ", ") + "}"
}

// noise is data that no compressor makes smaller.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

func parse[T any](t testing.TB, document string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		t.Fatalf("not a JSON document: %v\n%s", err, document)
	}
	return v
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
