package ignore_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/ignore"
)

// repository is a real git repository with a tree of files in it.
type repository struct {
	dir   string
	door  *command.Door
	paths []string // sorted, so a directory comes before what is in it
	dirs  map[string]bool
}

// newRepository makes the files and, by their names, the directories.
func newRepository(t *testing.T, files []string) *repository {
	t.Helper()
	r := &repository{dir: t.TempDir(), door: command.NewDoor(command.Local()), dirs: map[string]bool{}}
	all := map[string]bool{}
	for _, name := range files {
		for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
			all[dir], r.dirs[dir] = true, true
		}
		all[name] = true
		if err := os.MkdirAll(filepath.Join(r.dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.paths = slices.Sorted(maps.Keys(all))
	if err := r.door.Run(t.Context(), r.git("init", "-q")); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *repository) git(args ...string) command.Command {
	c := command.Change("git", args...)
	c.Dir, c.Env = r.dir, []string{"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"}
	return c
}

// ignored asks git which paths the patterns leave out.
func (r *repository) ignored(t *testing.T, patterns []string) map[string]bool {
	t.Helper()
	list := filepath.Join(t.TempDir(), "patterns")
	if err := os.WriteFile(list, []byte(strings.Join(patterns, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := r.git("-c", "core.excludesFile="+list, "check-ignore", "--stdin", "-z", "--no-index")
	// With "./" in front no path is taken for a pathspec with a meaning of its own.
	ask.Stdin = strings.NewReader("./" + strings.Join(r.paths, "\x00./") + "\x00")
	out, err := r.door.Text(t.Context(), ask).String()
	var ended *command.Error
	if err != nil && (!errors.As(err, &ended) || ended.Exit != 1) { // 1: none of them
		t.Fatal(err)
	}
	all := map[string]bool{}
	for path := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		all[strings.TrimPrefix(path, "./")] = true
	}
	return all
}

// compare walks the tree as a backup does: what lies in a directory that is
// left out is not looked at.
func (r *repository) compare(t *testing.T, patterns []string) {
	t.Helper()
	list, err := ignore.Compile(patterns)
	if err != nil {
		t.Errorf("%q: %v", patterns, err)
		return
	}
	want := r.ignored(t, patterns)
	left := map[string]bool{}
	for _, path := range r.paths {
		left[path] = left[filepath.Dir(path)] || list.Match(path, r.dirs[path])
		if left[path] != want[path] {
			t.Errorf("patterns %q, path %q (directory: %v): left out %v, git says %v",
				patterns, path, r.dirs[path], left[path], want[path])
		}
	}
}

func TestSlowPatternsMeanWhatTheyMeanToGit(t *testing.T) {
	t.Parallel()
	r := newRepository(t, []string{
		"a", "b.log", "c.LOG", "build/x.o", "build/deep/y.o", "src/build/z.o", "src/a/b/c", "src/a/c", "src/c",
		"x/a/b", "x/y/a/b", "logs/keep.log", "logs/drop.log", "logs/2026/drop.log", "foo", "foo bar", "foo ", "foo  ",
		"#hash", "!bang", `back\slash`, "star*", "quest?", "br[1]", "]", "[", "-", "^", "a-b", "a.b", "a/b.d"[2:],
		"é", "éa", "ñandú/ü", "a\xffb", "tab\there", "new\nline", ".env", ".env.local", ".hidden/f", "node_modules/p/i",
		"pkg/node_modules/q/j", "foo.d/bar", "foox/bar", "foo.d/x/bar", "a1", "a2", "aA", "a_", "a b", "Z", "z", "1/2/3/4/5",
	})
	for _, patterns := range [][]string{
		{"a"}, {"/a"}, {"a/"}, {"a/b"}, {"/src/a"}, {"src/a/"}, {"*.log"}, {"*.log", "!keep.log"}, {"logs/", "!logs/keep.log"},
		{"logs/*", "!logs/keep.log"}, {"!a", "a"}, {"a", "!a", "a"}, {"build"}, {"build/"}, {"/build/"}, {"**/build"},
		{"build/**"}, {"src/**/c"}, {"**/a/b"}, {"**/c"}, {"x/**"}, {"x/**/b"}, {"/**"}, {"**"}, {"*"}, {"/*"}, {"*/"},
		{"/*/*"}, {"***/c"}, {"src/***/c"}, {"x/***"}, {"s**c"}, {"src/a**c"}, {"*a*"}, {"?"}, {"??"}, {"/?"}, {"a?"}, {"1/?/3"},
		{"foo"}, {"foo "}, {`foo\ `}, {`foo\  `}, {"foo bar"}, {"foo*"}, {`foo \ `}, {"#hash"}, {`\#hash`}, {"!bang"}, {`\!bang`},
		{`back\slash`}, {`back\\slash`}, {`star\*`}, {`quest\?`}, {`br\[1\]`}, {"br[[]1]"}, {"br[[]1[]]"}, {`a\`}, {`\a`}, {`\`},
		{"[]]"}, {"[[]"}, {"[!]]"}, {"[^a]"}, {"[!a]"}, {"[-]"}, {"[a-]"}, {"[]-]"}, {"[]-a]"}, {"[^]"}, {"[^^]"}, {"[a"}, {"a[", "b"},
		{"[z-a]"}, {"[z-aZ]"}, {"[!z-a]"}, {"a[0-9]"}, {"a[!0-9]"}, {"a[.-0]b"}, {"/a[.-0]b"}, {"a[+-/]b/.."}, {"x[.-0]a/b"}, {"x[!b]a/b"},
		{"a[[:digit:]]"}, {"a[[:alpha:]]"}, {"a[[:upper:]_]"}, {"a[![:alnum:]]"}, {"a[[:space:]]b"}, {"a[[:punct:]]*"}, {"a[[:none:]]"},
		{"a[[:word:]]"}, {"[[:]"}, {"[[:]x:]"}, {"[[:a]"}, {"[[:alpha:"}, {"[[:alpha:]-z]"}, {"a[[:print:]]"}, {"a[[:graph:]]"}, {"tab[[:blank:]]*"},
		{"é"}, {"?a"}, {"??a"}, {"[é]a"}, {"[é][é]a"}, {"ñ*/ü"}, {"*/ü"}, {`\é`}, {"a\xffb"}, {"a?b"}, {"a[\xf0-\xff]b"}, {"a[!\xff]b"}, {"[Ã]*"},
		{"tab\there"}, {"new*"}, {"new?line"}, {".env"}, {".env*", "!.env.local"}, {".*"}, {"node_modules"}, {"node_modules/"}, {"/node_modules/"},
		{"**/node_modules/**"}, {""}, {" "}, {"!"}, {"/"}, {"//"}, {"//a"}, {"a//"}, {"!/"}, {"./a"}, {"../a"}, {"src/./a"}, {"*\r"}, {"a\r"},
		{"*", "!*/", "!*.log"}, {"/*", "!/src", "/src/*", "!/src/a"}, {"**/", "!x/"}, {"!**/a"}, {"*", "!a"}, {"1/**/5"}, {"1/*/3"}, {"1/*/*/*/5"},
		{"1/**/**/5"}, {"**/**/5"}, {"**/2/**"}, {"1/2/**/3"}, {`1/**\/5`}, {"f*o*b*r"}, {"*o*x/b*"}, {"[a-z]*[0-9]"}, {"*.[oO]"}, {"?oo.d/**/bar"},
	} {
		r.compare(t, patterns)
	}
}

// TestRandomPatternsMeanWhatTheyMeanToGit makes patterns of what patterns and
// these paths are made of.
func TestRandomPatternsMeanWhatTheyMeanToGit(t *testing.T) {
	t.Parallel()
	tokens := []string{
		"a", "b", "a", "b", "c", "ab", "/", "/", "*", "**", "**/", "/**", "?", `\`, `\*`, "[ab]", "[!a]", "[a-c]", "[", "]", "-", "!", "^",
		"[]a]", "[a-", "[[:alpha:]]", "[[:", ":]", " ", `\ `, "#", ".", "é", "[é-ü]", "\xff",
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 11))
			names := []string{"a", "b", "c", "ab", "ba", "abc", "a b", "a.b", "[a]", "a-", "é", "*", "\xff", "!a", "#a", `a\b`}
			pick := func(from []string) string { return from[random.IntN(len(from))] }
			// Files end in what no directory does, so that no name is both.
			var files []string
			for range 80 {
				path := pick(names) + pick([]string{"", "x", "c", ".c"}) + "_"
				for range random.IntN(4) {
					path = pick(names) + "/" + path
				}
				files = append(files, path)
			}
			r := newRepository(t, files)
			for range 60 {
				var patterns []string
				for range 1 + random.IntN(4) {
					var p strings.Builder
					for range 1 + random.IntN(6) {
						p.WriteString(pick(tokens))
					}
					pattern := p.String()
					if literalBeforeStars(pattern) {
						continue
					}
					if random.IntN(3) == 0 {
						pattern = "!" + pattern
					}
					patterns = append(patterns, pattern)
				}
				r.compare(t, patterns)
			}
		})
	}
}

// literalBeforeStars tells a pattern like "foo**/bar". Some releases of git
// take its stars for "**/", because they cut the literal beginning off first;
// its manual says that they count as one star, and so does this package.
func literalBeforeStars(p string) bool {
	i := strings.IndexAny(p, `*?[\`)
	return i > 0 && strings.Contains(p, "/") && strings.HasPrefix(p[i:], "**") && p[i-1] != '/'
}
