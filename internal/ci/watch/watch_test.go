package watch_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/watch"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/symptom"
)

// quiet is long, so that a machine with much to do does not part a batch.
const quiet = 400 * time.Millisecond

// project is watched from when it was laid down.
type project struct {
	*testing.T
	root string
	w    *watch.Watcher
}

func watched(t *testing.T, files ...string) project {
	t.Helper()
	p := project{T: t, root: t.TempDir()}
	for _, name := range files {
		p.write(name)
	}
	w, err := watch.Open(p.root, func(path string) bool { return path == "ui/dist" || strings.HasPrefix(path, "ui/dist/") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	p.w = w
	return p
}

func (p project) at(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p project) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p project) write(name string) {
	p.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.at(name)), 0o700))
	p.must(os.WriteFile(p.at(name), []byte(name), 0o600))
}

// next are the paths of a batch.
func (p project) next(want ...string) {
	p.Helper()
	b, err := p.w.Next(p.Context(), quiet)
	if err != nil || b.All || !slices.Equal(b.Paths, want) {
		p.Errorf("it tells %+v, %v; want %q", b, err, want)
	}
}

func TestABatchHoldsWhatIsDifferentAfterwards(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change func(p project)
		want   []string
	}{
		"files that are written": {func(p project) { p.write("ui/b.js"); p.write("ui/a.js"); p.write("ui/a.js") }, []string{"ui/a.js", "ui/b.js"}},
		"a file that is removed": {func(p project) { p.must(os.Remove(p.at("ui/a.js"))) }, []string{"ui/a.js"}},
		"a file that is renamed": {func(p project) { p.must(os.Rename(p.at("ui/a.js"), p.at("ui/c.js"))) }, []string{"ui/a.js", "ui/c.js"}},
		"an editor that renames over": {func(p project) {
			p.write("ui/.a.js.swp")
			p.must(os.Rename(p.at("ui/.a.js.swp"), p.at("ui/a.js")))
		}, []string{"ui/a.js"}},
		"an editor that keeps a backup meanwhile": {func(p project) {
			p.write("ui/4913")
			p.must(os.Remove(p.at("ui/4913")))
			p.must(os.Rename(p.at("ui/a.js"), p.at("ui/a.js~")))
			p.write("ui/a.js")
			p.must(os.Remove(p.at("ui/a.js~")))
		}, []string{"ui/a.js"}},
		"a file that is replaced and then removed": {func(p project) {
			p.write("ui/tmp")
			p.must(os.Rename(p.at("ui/tmp"), p.at("ui/a.js")))
			p.must(os.Remove(p.at("ui/a.js")))
		}, []string{"ui/a.js"}},
		"directories that are new":    {func(p project) { p.write("api/x/y/z.py"); p.write("api/w.py") }, []string{"api/w.py", "api/x/y/z.py"}},
		"a directory that is moved":   {func(p project) { p.must(os.Rename(p.at("ui"), p.at("web"))) }, []string{"ui", "web/a.js", "web/b.js", "web/dist/a.js"}},
		"a directory that is removed": {func(p project) { p.must(os.RemoveAll(p.at("ui"))) }, []string{"ui"}},
		"what is ignored, and one more": {func(p project) {
			p.write("ui/node_modules/x/y.js")
			p.write(".git/index")
			p.write("ui/dist/b.js")
			p.write("z")
		}, []string{"z"}},
		"what is touched, and one more":           {func(p project) { p.must(os.Chmod(p.at("ui/a.js"), 0o700)); p.write("z") }, []string{"z"}}, //nolint:gosec // it is a script
		"a directory that is empty, and one more": {func(p project) { p.must(os.Mkdir(p.at("empty"), 0o700)); p.write("z") }, []string{"z"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := watched(t, "ui/a.js", "ui/b.js", "ui/dist/a.js", "ui/node_modules/x/index.js", ".git/HEAD")
			c.change(p)
			p.next(c.want...)
			// Where things are now they are watched as well.
			p.write("late/file")
			p.next("late/file")
		})
	}
}

func TestWhatMovedIsWatchedWhereItIsNow(t *testing.T) {
	t.Parallel()
	p := watched(t, "ui/src/a.js", "keep")
	p.must(os.Rename(p.at("ui"), p.at("web")))
	p.next("ui", "web/src/a.js")
	p.write("web/src/a.js")
	p.next("web/src/a.js")
	p.write("ui/src/a.js")
	p.next("ui/src/a.js")
	p.must(os.Rename(p.at("web"), filepath.Join(t.TempDir(), "outside")))
	p.next("web")
}

func TestMoreThanTheKernelTellsIsEverything(t *testing.T) {
	t.Parallel()
	p := watched(t, "a")
	queue, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	p.must(err)
	var most int
	if _, err := fmt.Sscan(string(queue), &most); err != nil {
		t.Fatal(err)
	}
	// Of the directory that is made last the kernel says nothing any more.
	for range most/4 + 5000 { // of four events each; some are read meanwhile
		p.must(os.Rename(p.at("a"), p.at("b")))
		p.must(os.Rename(p.at("b"), p.at("a")))
	}
	p.write("new/directory/file")
	b, err := p.w.Next(t.Context(), quiet)
	if err != nil || !b.All {
		t.Errorf("it tells %d paths, %v, %v", len(b.Paths), b.All, err)
	}
	p.write("new/directory/file")
	p.next("new/directory/file")
}

func TestAProjectThatGoesAwayIsAnError(t *testing.T) {
	t.Parallel()
	p := watched(t)
	p.must(os.RemoveAll(p.root))
	if _, err := p.w.Next(t.Context(), quiet); !errors.Is(err, watch.ErrGone) {
		t.Errorf("it says %v", err)
	}
	if _, err := watch.Open(p.root, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it opens: %v", err)
	}
}

func TestWaitingEndsWithTheContextAndWithTheWatcher(t *testing.T) {
	t.Parallel()
	p := watched(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.w.Next(ctx, quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
	p.must(p.w.Close())
	if _, err := p.w.Next(t.Context(), quiet); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it says %v", err)
	}
}

// TestRealTheKernelsLimitIsExplained runs itself where the kernel gives three
// watches: the error is one that the catalogue knows, with what to type.
func TestRealTheKernelsLimitIsExplained(t *testing.T) {
	t.Parallel()
	if root := os.Getenv("IACT_TEST_WATCH"); root != "" {
		w, err := watch.Open(root, nil)
		if err != nil {
			fmt.Println(err, "|", fault.Hint(err))
			return
		}
		if err := os.MkdirAll(filepath.Join(root, "a/b/c/d"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err = w.Next(t.Context(), quiet)
		fmt.Println(err, "|", fault.Hint(err))
		return
	}
	catalogue, err := symptom.Load()
	if err != nil {
		t.Fatal(err)
	}
	deep := t.TempDir()
	if err := os.MkdirAll(filepath.Join(deep, "a/b/c/d"), 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ root, file, number, hint string }{
		"at the beginning":            {deep, "max_inotify_watches", "3", "fs.inotify.max_user_watches=524288"},
		"when a directory is made":    {t.TempDir(), "max_inotify_watches", "3", "fs.inotify.max_user_watches=524288"},
		"with too many that watch it": {deep, "max_inotify_instances", "0", "fs.inotify.max_user_instances=1024"},
	} {
		run := command.Change("unshare", "--user", "--map-root-user", "sh", "-c", `echo "$1" >/proc/sys/user/"$2"; exec "$3" -test.run='^TestRealTheKernelsLimitIsExplained$'`, "sh", c.number, c.file, self)
		run.Env = []string{"IACT_TEST_WATCH=" + c.root}
		out, err := command.NewDoor(command.Local()).Text(t.Context(), run).String()
		said, _, _ := strings.Cut(out, "\n")
		if err != nil || !strings.Contains(said, c.hint) {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
		if found := catalogue.Match(said); len(found) == 0 || found[0].ID != "C02" {
			t.Errorf("%s: the catalogue finds %v in %s", what, found, said)
		}
	}
}
