package ignore_test

import (
	"strings"
	"testing"

	"iact-infra/internal/ignore"
)

func TestStarsAfterALetterCountAsOneStar(t *testing.T) {
	t.Parallel()
	list, err := ignore.Compile([]string{"foo**/bar"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"foo/bar": true, "foox/bar": true, "foo/x/bar": false, "foox/y/bar": false} {
		if got := list.Match(path, false); got != want {
			t.Errorf("foo**/bar leaves out %s: %v, want %v", path, got, want)
		}
	}
}

func TestAnEmptyListLeavesNothingOut(t *testing.T) {
	t.Parallel()
	for _, patterns := range [][]string{nil, {""}, {"# a comment", "  ", "\r"}} {
		list, err := ignore.Compile(patterns)
		if err != nil {
			t.Fatal(err)
		}
		if list.Match("a/b", false) || list.Match("a", true) || list.Match("", false) {
			t.Errorf("%q leaves something out", patterns)
		}
	}
}

func TestAPatternWithManyStarsIsMatchedInTime(t *testing.T) {
	t.Parallel()
	list, err := ignore.Compile([]string{strings.Repeat("*a", 100) + "b", strings.Repeat("**/a/", 100) + "b"})
	if err != nil {
		t.Fatal(err)
	}
	if list.Match(strings.Repeat("a/", 2000)+strings.Repeat("a", 4000), false) {
		t.Error("a path without b matched a pattern that ends in b")
	}
}

// FuzzPatternsNeverPanicAndNeverFail: whatever stands in a configuration
// compiles, as git takes every line of a .gitignore.
func FuzzPatternsNeverPanicAndNeverFail(f *testing.F) {
	for _, p := range []string{
		"", "!", "/", "//", "!/", "[", "[]", "[!", "[!]", "[a-", "[a-]", "[z-a]", "[[:", "[[:]", "[[:x:]]", "[[:alpha:]", `\`, `[\`, `[a-\`,
		"**", "***", "**/", "a/**/b", "\xff", "[\xff-\x00]", "é*", " ", `\ `, "a\x00b", "[^/]", "[/]", "[!\x00-\xff]", strings.Repeat("[a", 200),
		strings.Repeat("*?", 200), "(?i)a{2,1}", `\Q`, `\p{`, "$^|+(){}",
	} {
		f.Add(p, "a/b")
		f.Add(p, p)
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		list, err := ignore.Compile([]string{pattern})
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		list.Match(path, false)
		list.Match(path, true)
	})
}
