package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// world is a made-up procedure over a directory: every step changes it in more
// than one move, and passes a point before, between and after them, where a test
// lets it fail, stop or be killed.
//
//	place  makes a directory with two files
//	left   writes a file there
//	swap   keeps the live file under a name of its own, and puts a new one there
//	log    writes a file anew each time; it has no Done check
type world struct {
	dir string
	// at is called with the name of each point; an error fails the step there.
	at func(point string) error
	// now is the engine's clock.
	now func() time.Time
	// serial lets left and swap run one after the other.
	serial bool
	// nights counts the journals of nothingToUndo.
	nights int
}

// newWorld makes the world as it is before any run.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), at: func(string) error { return nil }, now: time.Now}
	if err := os.MkdirAll(w.path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.path("live"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) path(names ...string) string {
	return filepath.Join(append([]string{w.dir, "world"}, names...)...)
}

func (w *world) journals() string { return filepath.Join(w.dir, "journal") }

// before and after are the model: every file of the world with its content.
func before() map[string]string { return map[string]string{"live": "old"} }

func after() map[string]string {
	return map[string]string{"live": "new", "live_before_": "old", "log": "captured", "place/a": "a", "place/b": "b", "place/left": "left"}
}

// is holds the world against the model.
func (w *world) is(want map[string]string) error {
	have := map[string]string{}
	kept := regexp.MustCompile(`^live_before_.*`)
	err := filepath.WalkDir(w.path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(w.path(), path)
		name = kept.ReplaceAllString(name, "live_before_")
		if _, twice := have[name]; twice {
			name += "again"
		}
		content, err := os.ReadFile(path)
		have[name] = string(content)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := os.Stat(w.path("place")); err == nil && want["place/a"] == "" {
		return errors.New("the directory place is there")
	}
	if !maps.Equal(have, want) {
		return fmt.Errorf("the world is\n%v\nwant\n%v", have, want)
	}
	return nil
}

// moves runs moves in order, with a point before, between and after them.
func (w *world) moves(name string, moves ...func() error) error {
	for i, move := range append(moves, func() error { return nil }) {
		if err := w.at(fmt.Sprintf("%s %d", name, i)); err != nil {
			return err
		}
		if err := move(); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) write(content string, names ...string) func() error {
	return func() error { return os.WriteFile(w.path(names...), []byte(content), 0o600) }
}

func (w *world) remove(names ...string) func() error {
	return func() error { return os.RemoveAll(w.path(names...)) }
}

func (w *world) holds(content string, names ...string) bool {
	got, err := os.ReadFile(w.path(names...))
	return err == nil && string(got) == content
}

func (w *world) gone(names ...string) bool {
	_, err := os.Lstat(w.path(names...))
	return errors.Is(err, fs.ErrNotExist)
}

// check is a check that passes a point of its own.
func (w *world) check(name string, holds func() bool, otherwise error) procedure.Check {
	return func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		if err := w.at(name); err != nil {
			return "", err
		}
		if !holds() {
			return "", otherwise
		}
		return "seen", nil
	}
}

// step is a step of the world that ends in what done looks at.
func (w *world) step(number int, name string, done, undone func() bool, needs ...string) procedure.Step {
	s := changing(number, "demo:"+name, needs...)
	s.NoUndo = procedure.Text{}
	s.Done = w.check(name+" done", done, procedure.ErrNotDone)
	s.Validate = w.check(name+" validate", done, errors.New("it is not there"))
	s.Undone = w.check(name+" undone", undone, errors.New("it is still there"))
	return s
}

// table is the procedure.
func (w *world) table() procedure.Procedure {
	place := w.step(1, "place", func() bool { return w.holds("a", "place", "a") && w.holds("b", "place", "b") }, func() bool { return w.gone("place") })
	place.Run = func(context.Context, *procedure.Work) error {
		return w.moves("place run", func() error { return os.MkdirAll(w.path("place"), 0o700) }, w.write("a", "place", "a"), w.write("b", "place", "b"))
	}
	place.Undo = func(context.Context, *procedure.Work) error {
		return w.moves("place undo", w.remove("place", "a"), w.remove("place"))
	}
	left := w.step(2, "left", func() bool { return w.holds("left", "place", "left") }, func() bool { return w.gone("place", "left") }, "demo:place")
	left.Run = func(context.Context, *procedure.Work) error {
		return w.moves("left run", w.write("le", "place", "left"), w.write("left", "place", "left"))
	}
	left.Undo = func(context.Context, *procedure.Work) error {
		return w.moves("left undo", w.remove("place", "left"))
	}
	swap := w.step(3, "swap", func() bool { return w.holds("new", "live") }, func() bool { return w.holds("old", "live") }, "demo:place")
	if w.serial {
		swap.Needs = []string{"demo:left"}
	}
	swap.Run, swap.Undo = w.swap, w.swapBack
	log := w.step(4, "log", func() bool { return w.holds("captured", "log") }, func() bool { return w.gone("log") }, "demo:left", "demo:swap")
	log.Done = nil
	log.Run = func(context.Context, *procedure.Work) error {
		return w.moves("log run", w.write("capt", "log"), w.write("captured", "log"))
	}
	log.Undo = func(context.Context, *procedure.Work) error { return w.moves("log undo", w.remove("log")) }
	return procedure.Procedure{
		Code: "PROCED-TEST-001", Namespace: "demo",
		Steps: []procedure.Step{place, left, swap, log},
		All:   [][]string{{"demo:place"}, {"demo:left", "demo:swap"}, {"demo:log"}},
	}
}

// swap takes the name for the old file from the run that is continued, if that
// one had chosen it already: nobody else knows it.
func (w *world) swap(_ context.Context, work *procedure.Work) error {
	kept := ""
	known, err := work.Recall("kept", &kept)
	if err != nil {
		return err
	}
	if !known {
		kept = fmt.Sprintf("live_before_%d", time.Now().UnixNano())
	}
	return w.moves("swap run",
		func() error {
			if known {
				return nil
			}
			return work.Record("kept", kept)
		},
		func() error {
			if w.gone(kept) {
				return os.Rename(w.path("live"), w.path(kept))
			}
			return nil
		},
		w.write("new", "live.new"),
		func() error { return os.Rename(w.path("live.new"), w.path("live")) })
}

func (w *world) swapBack(_ context.Context, work *procedure.Work) error {
	kept := ""
	known, err := work.Recall("kept", &kept)
	if err != nil || !known {
		return err // without a name for it nothing was moved
	}
	return w.moves("swap undo",
		w.remove("live.new"),
		func() error {
			if w.gone(kept) {
				return nil
			}
			return os.Rename(w.path(kept), w.path("live"))
		})
}

// engine is a fresh process, as far as one can be had without starting it.
func (w *world) engine(t *testing.T, shape func(*engine.Options)) *engine.Engine {
	e, err := w.build(shape)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func (w *world) build(shape func(*engine.Options)) (*engine.Engine, error) {
	registry, err := procedure.NewRegistry(w.table())
	if err != nil {
		return nil, err
	}
	options := engine.Options{
		Registry:   registry,
		Console:    report.New(report.Options{}),
		Door:       func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir: w.journals(),
		Header:     journal.Header{Host: "testhost", PID: os.Getpid()},
		Lang:       "en",
		Targets:    []string{"demo:all"},
		Now:        w.now,
		Random:     rand.Reader,
	}
	if shape != nil {
		shape(&options)
	}
	return engine.New(options), nil
}

// all, resume and rollback are what a person types, each in a process of its own.
func (w *world) all(t *testing.T, shape func(*engine.Options)) error {
	e := w.engine(t, shape)
	defer e.Close()
	return e.Target(t.Context(), "demo:all")
}

func (w *world) resume(t *testing.T, shape func(*engine.Options)) error {
	past, err := engine.Unfinished(w.journals(), "")
	if err != nil {
		return err
	}
	e := w.engine(t, func(o *engine.Options) {
		o.Continues, o.Targets = past, past.Targets()
		if shape != nil {
			shape(o)
		}
	})
	defer e.Close()
	return e.Resume(t.Context(), false)
}

func (w *world) rollback(t *testing.T, run string) error {
	e := w.engine(t, func(o *engine.Options) { o.Targets = []string{"procedure:rollback"} })
	defer e.Close()
	return e.Rollback(t.Context(), run, false)
}

// runs are the journals of runs that are no rollbacks, the newest first.
func (w *world) runs(t *testing.T) []journal.Run {
	t.Helper()
	all, err := journal.List(w.journals())
	if err != nil {
		t.Fatalf("read journals: %v", err)
	}
	var runs []journal.Run
	for _, run := range all {
		if run.Undoes == "" {
			runs = append(runs, run)
		}
	}
	return runs
}

// journalOf reads the journal of a run.
func (w *world) journalOf(t *testing.T, run string) journal.Run {
	t.Helper()
	read, err := journal.Read(journal.Path(w.journals(), run))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// nth fails at the nth point, and forgets no point that it passed.
func nth(n int, fail error) (at func(string) error, passed *[]string) {
	passed = &[]string{}
	return func(point string) error {
		*passed = append(*passed, point)
		if len(*passed) == n {
			return fail
		}
		return nil
	}, passed
}

var errPoint = errors.New("it fails here")

// failedAt tells whether a run got as far as its point.
func failedAt(err error) bool { return err != nil && strings.Contains(err.Error(), errPoint.Error()) }
