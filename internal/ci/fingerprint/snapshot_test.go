package fingerprint_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/command"
)

func TestAJobsInputsAreWhatItsPatternsName(t *testing.T) {
	t.Parallel()
	r := newTree(t, "ui/src/a.js", "ui/src/a.test.js", "ui/src/deep/b.js", "ui/package.json", "ui/dist/out.js", "ui/.env", "ui/node_modules/x/i.js",
		"ui/reports/junit.xml", "api/app.py", "shared/s.js", "top.txt", ".git/HEAD", ".iact/ci/last/x.json",
		"ui/infra/.iact/journal/x.jsonl")
	r.put(".gitignore", "node_modules/\n.env\n")
	outputs := []string{"ui/dist", "ui/reports/*.xml"}
	for _, test := range []struct {
		name     string
		dir      string
		patterns []string
		want     []string
		missing  []string
	}{
		{"everything below the directory", "ui", nil, []string{"ui/package.json", "ui/src/a.js", "ui/src/a.test.js", "ui/src/deep/b.js"}, nil},
		{"everything but", "ui", []string{"!*.test.js", "!deep/"}, []string{"ui/package.json", "ui/src/a.js"}, nil},
		{"a directory, and back", "ui", []string{"src", "!src/**/*.js", "a.js"}, []string{"ui/src/a.js"}, nil},
		{"from the project", "ui", []string{"/package.json", "//shared", "//top.txt"}, []string{"shared/s.js", "top.txt", "ui/package.json"}, nil},
		{"an ignored file by its name", "ui", []string{"src/a.js", ".env"}, []string{"ui/.env", "ui/src/a.js"}, nil},
		{"an ignored file by a star", "ui", []string{"src/a.js", ".e*"}, []string{"ui/src/a.js"}, nil},
		{"an output by its name", "ui", []string{"dist/"}, []string{"ui/dist/out.js"}, nil},
		{"an output by a star", "ui", []string{"d*"}, []string{"ui/src/deep/b.js"}, nil},
		{"a report by its name", "ui", []string{"reports/junit.xml"}, []string{"ui/reports/junit.xml"}, nil},
		{"in an ignored directory", "ui", []string{"node_modules/x"}, []string{"ui/node_modules/x/i.js"}, nil},
		{"less of an ignored directory", "ui", []string{"node_modules", "!x/"}, nil, nil},
		{"what is not there", "ui", []string{"yarn.lock", "package.json", "//nope"}, []string{"ui/package.json"}, []string{"ui/yarn.lock", "nope"}},
		{"the project", ".", []string{"*.py", "/top.txt"}, []string{"api/app.py", "top.txt"}, nil},
		{"a directory whose name begins alike", "u", nil, nil, nil},
	} {
		l := r.list(fingerprint.Selection{Dir: test.dir, Patterns: test.patterns, Except: outputs})
		r.same(test.name, names(l), test.want)
		r.same(test.name+", missing", l.Missing, test.missing)
	}
}

func TestADirectoryOutsideTheProjectIsRefused(t *testing.T) {
	t.Parallel()
	s := newTree(t).open()
	for _, dir := range []string{"..", "../x", "/etc", "a/../.."} {
		if l, err := s.Inputs(context.Background(), fingerprint.Selection{Dir: dir}); err == nil {
			t.Errorf("%s: got %v, want an error", dir, l)
		}
	}
}

// TestWhatGitIgnoresIsAsGitSays compares with git itself: nested files of
// patterns, patterns that take back, files that are tracked all the same, and a
// project that is a part of a repository.
func TestWhatGitIgnoresIsAsGitSays(t *testing.T) {
	t.Parallel()
	r := newTree(t, "outer.log", "app/a.log", "app/b.txt", "app/keep.log", "app/sub/c.log", "app/sub/c.txt", "app/sub/gen/d.txt", "app/sub/gen/e.js",
		"app/build/f.txt", "app/build/tracked.txt", "app/vendor/g.txt", "app/top/h.txt", "app/sub/top/i.txt", "app/ñ.tmp", "app/sub/.gitignored")
	r.put(".gitignore", "*.log\n/app/top\nsub/top/\n*.tmp\r\n")
	r.put("app/.gitignore", "!keep.log\nbuild/\n/vendor/*\n!/vendor/g.txt\n")
	r.put("app/sub/.gitignore", "gen/*\n!gen/e.js\n")
	r.door = command.NewDoor(command.Local())
	git := func(c command.Command) command.Command {
		c.Dir, c.Env = r.dir, []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
		return c
	}
	r.must(r.door.Run(t.Context(), git(command.Change("git", "init", "-q"))))
	r.must(r.door.Run(t.Context(), git(command.Change("git", "add", "-f", "app/build/tracked.txt"))))
	c := git(command.Read("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "app"))
	said, err := r.door.Text(t.Context(), c).String()
	r.must(err)
	want := strings.Split(strings.TrimSuffix(said, "\x00"), "\x00")
	inOuter := r.list(fingerprint.Selection{Dir: "app"})
	r.same("from the repository", names(inOuter), sorted(want))

	inner := *r
	inner.dir = r.at("app")
	var below []string
	for _, name := range sorted(want) {
		below = append(below, name[len("app/"):])
	}
	r.same("from within it", names(inner.list(fingerprint.Selection{Dir: "."})), below)
}

func TestContentModeAndLinksMakeTheDigest(t *testing.T) {
	t.Parallel()
	r := newTree(t, "a", "b")
	all := fingerprint.Selection{Dir: "."}
	seen := map[string]string{r.list(all).Digest: "the beginning"}
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"another content of the same length", func() { r.put("a", "CONTENT of a") }},
		{"an executable bit", func() { r.must(os.Chmod(r.at("a"), 0o755)) }},
		{"a link", func() { r.must(os.Symlink("a", r.at("l"))) }},
		{"a link to elsewhere", func() { r.must(os.Remove(r.at("l"))); r.must(os.Symlink("/nowhere", r.at("l"))) }},
		{"a file with the text of the link", func() { r.must(os.Remove(r.at("l"))); r.put("l", "/nowhere") }},
		{"another name", func() { r.must(os.Rename(r.at("b"), r.at("c"))) }},
		{"a file that is gone", func() { r.must(os.Remove(r.at("c"))) }},
		{"a name that is no text", func() { r.put("\xff", "") }},
	} {
		step.change()
		digest := r.list(all).Digest
		if seen[digest] != "" {
			t.Errorf("%s has the digest of %s", step.name, seen[digest])
		}
		seen[digest] = step.name
	}
	r.must(os.Mkdir(r.at("empty"), 0o700))
	r.must(syscall.Mkfifo(r.at("pipe"), 0o600))
	r.must(os.Chmod(r.at("a"), 0o700))
	if digest := r.list(all).Digest; seen[digest] != "a name that is no text" {
		t.Error("an empty directory, a pipe or other permissions count")
	}
}

func TestWhatChangedSinceTheSnapshotIsFound(t *testing.T) {
	t.Parallel()
	r := newTree(t, "same", "touched", "written", "gone", "mode")
	s := r.open()
	l, err := s.Inputs(context.Background(), fingerprint.Selection{Dir: "."})
	r.must(err)
	now := func() []fingerprint.Change {
		changes, err := s.Since(context.Background(), l)
		r.must(err)
		return changes
	}
	if changes := now(); len(changes) > 0 {
		t.Errorf("nothing was done, and %v", changes)
	}
	r.put("touched", "content of touched")
	r.put("written", "CONTENT of written")
	r.must(os.Chmod(r.at("mode"), 0o755))
	r.must(os.Remove(r.at("gone")))
	want := []fingerprint.Change{{Path: "gone", How: fingerprint.Removed}, {Path: "mode", How: fingerprint.Changed}, {Path: "written", How: fingerprint.Changed}}
	if got := now(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAProjectThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	r := newTree(t)
	_, err := fingerprint.Open(context.Background(), fingerprint.Options{Root: filepath.Join(r.dir, "missing")})
	if err == nil {
		t.Error("a project that is not there has inputs")
	}
}
