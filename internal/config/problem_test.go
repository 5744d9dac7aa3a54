package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/config"
)

// loadError loads one file as IACT_CONFIG and returns the text of its error,
// without the name of the file.
func loadError(t *testing.T, content string) string {
	t.Helper()
	dir := checkout(t, "c.yaml", content)
	name := filepath.Join(dir, "c.yaml")
	_, err := config.Load(config.Options{Root: dir, Getenv: env("IACT_CONFIG", name, "HOME", dir)})
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), name+":", "")
}

func TestEveryFaultIsOneLineWithPlaceValueAndRule(t *testing.T) {
	t.Parallel()
	list := func(source string) string { return "backup: {sources: [" + source + "]}" }
	for _, test := range []struct{ name, content, want string }{
		{"an unknown section", "vmx: {}", "1:1: vmx: unknown key vmx; did you mean vm?"},
		{"a key with swapped letters", "backup: {stroe: x}", "1:10: backup.stroe: unknown key stroe; did you mean store?"},
		{"a key with capitals", "Project: x", "1:1: Project: unknown key Project; did you mean project?"},
		{"a key of another section", "scrub_after: 2h", "1:1: scrub_after: unknown key scrub_after; did you mean backup.scrub_after?"},
		{"a key twice", "project: a\nproject: b", "2:1: project: the key stands here a second time; remove one of the two"},
		{"a key that is a list", "? [a]\n: b", "1:3: ?: a key is a list; a key is one of backup, ci, cpython, devcontainer, host, project"},
		{"a list at the top", "- a", "1:1: got a list; wants keys and values (backup, ci, cpython, devcontainer, host, project, ssh, vm)"},
		{"a text at the top", "hello", `1:1: got the text "hello"; wants keys and values (backup, ci, cpython, devcontainer, host, project, ssh, vm)`},
		{"a list for a section", "backup: [a]", "1:9: backup: got a list; wants keys and values ("},
		{"a number for a text", "project: 5", "1:10: project: got the number 5; wants a path; put it in quotes"},
		{"a truth value for a text", "project: true", "1:10: project: got the truth value true; wants a path; put it in quotes"},
		{"a date for a text", "backup: {retired: [2024-01-02]}", `1:20: backup.retired[0]: got the date "2024-01-02"; wants a text; put it in quotes`},
		{"a tag of its own", "project: !x a", `1:10: project: got a value with the tag "!x"; wants a path; put it in quotes`},
		{"a mapping for a text", "project: {a: b}", "1:10: project: got a mapping; wants a path"},
		{"a key without a value", "project:", "1:1: project: no value; give a path, or remove the key for its default"},
		{"an empty text", "project: ''", "1:10: project: empty; give a value, or leave it out"},
		{"two lines", `project: "a\nb"`, "1:10: project: holds a line break or another control character; a value is one line"},
		{"a text for a list", "backup: {exclude: dist/}", `1:19: backup.exclude: got the text "dist/"; wants a list, such as [one, two]`},
		{"a store that is no directory", "backup: {store: 's3://bucket/x'}", `1:17: backup.store: got "s3://bucket/x"; that is not a directory: the store is a directory of this machine`},
		{"an empty store", "backup: {store: ' '}", "1:17: backup.store: empty; give a value, or leave it out"},
		{"a variable in a path", "project: $HOME/x", `1:10: project: got "$HOME/x"; variables are not expanded: write the path, ~/ for the home directory`},
		{"someone else's home", "project: ~bob/x", `1:10: project: got "~bob/x"; only ~/ is expanded, for your own home directory`},
		{"a level that is none", "backup: {level: bets}", `1:17: backup.level: unknown level "bets"; did you mean best? known: fast, default, better, best`},
		{"a negative number", "backup: {space_margin: -1}", "1:24: backup.space_margin: got the number -1; wants a whole number from 0 to 1000"},
		{"a number in quotes", "backup: {space_margin: '7'}", `1:24: backup.space_margin: got the text "7"; wants a whole number from 0 to 1000; remove the quotes`},
		{"a negative number of sets", "backup: {keep: {daily: -2}}", "1:24: backup.keep.daily: got the number -2; wants a whole number from 0 to 2147483647, or unlimited"},
		{"a number of sets in quotes", "backup: {keep: {daily: '7'}}", `1:24: backup.keep.daily: got the text "7"; wants a whole number from 0 to 2147483647, or unlimited; remove the quotes`},
		{"a number of sets in words", "backup: {keep: {daily: all}}", `1:24: backup.keep.daily: got the text "all"; wants a whole number from 0 to 2147483647, or unlimited`},
		{"a span in weeks", "backup: {keep: {within: 2w}}", `1:25: backup.keep.within: got "2w"; the units are y, m (months), d and h; write 14d for 2 weeks`},
		{"a span in minutes", "backup: {keep: {within: 5s}}", `1:25: backup.keep.within: got "5s"; the units are y, m (months), d and h`},
		{"a negative span", "backup: {keep: {within_daily: 1m-7d}}", `1:31: backup.keep.within_daily: got "1m-7d"; it is negative: how far back is a plain number`},
		{"a span with a unit twice", "backup: {keep: {within: 1d2d}}", `1:25: backup.keep.within: got "1d2d"; the unit d stands in it twice`},
		{"a span without a unit", "backup: {keep: {within: 1m7}}", `1:25: backup.keep.within: got "1m7"; 7 has no unit: y, m (months), d or h`},
		{"a span that is a number", "backup: {keep: {within: 7}}", "1:25: backup.keep.within: got the number 7; wants a span such as 7d, 6m or 2y5m7d3h, or 0"},
		{"a span without a number", "backup: {keep: {within: forever}}", `1:25: backup.keep.within: got "forever"; a number goes before each unit, as in 2y5m7d3h`},
		{"a span beyond all years", "backup: {keep: {within: 9999999y}}", `1:25: backup.keep.within: got "9999999y"; a number in it has more than 6 digits`},
		{"an empty span", "backup: {keep: {within: ''}}", `1:25: backup.keep.within: got ""; it is empty`},
		{"an empty tag", "backup: {keep: {tags: ['a,']}}", `1:24: backup.keep.tags[0]: got "a,"; a tag is empty: write one tag, or several with commas between them`},
		{"a rule that is none", "backup: {keep: {within-daily: 7d}}", "1:17: backup.keep.within-daily: unknown key within-daily; did you mean within_daily?"},
		{"an octal number", "backup: {space_margin: 010}", "1:24: backup.space_margin: got the number 010; wants a whole number from 0 to 1000"},
		{"a broken number", "backup: {space_margin: 1.5}", "1:24: backup.space_margin: got the number 1.5; wants a whole number from 0 to 1000"},
		{"a huge number", "backup: {space_margin: 99999999999999999999}", "1:24: backup.space_margin: got the number 99999999999999999999; wants"},
		{"a duration without unit", "backup: {scrub_after: 30}", "1:23: backup.scrub_after: got the number 30; wants a duration such as 90s, 90m, 2h or 30d"},
		{"a duration out of order", "backup: {scrub_after: 5m2h}", `1:23: backup.scrub_after: got the text "5m2h"; wants a duration`},
		{"a negative duration", "backup: {scrub_after: -2h}", `1:23: backup.scrub_after: got the text "-2h"; wants a duration`},
		{"a duration beyond all years", "backup: {scrub_after: 99999999999d}", `1:23: backup.scrub_after: got the text "99999999999d"; wants a duration`},
		{"no sources", "backup: {sources: []}", "1:19: backup.sources: an empty list: nothing would be backed up; write auto, or at least one source"},
		{"a word for sources", "backup: {sources: all}", `1:19: backup.sources: got the text "all"; wants auto or a list of sources`},
		{"a source that is a text", list("a"), `1:20: backup.sources[0]: got the text "a"; wants keys and values (`},
		{"a source without kind", list("{name: a}"), "1:20: backup.sources[0]: no kind; a source needs kind: one of postgres, mariadb, files"},
		{"files without a path", list("{name: a, kind: files}"), "1:20: backup.sources[0]: no path; a source needs path: a path"},
		{"files with a path of nothing", list("{name: a, kind: files, path: }"), "1:43: backup.sources[0].path: no value; give a path"},
		{"a kind of a later room", list("{name: a, kind: ci}"), `1:36: backup.sources[0].kind: unknown kind "ci"; known: postgres, mariadb, files, volume, vm`},
		{"a directory for a volume", list("{name: a, kind: volume, volume: /srv}"), `1:52: backup.sources[0].volume: got "/srv"; the name of a volume is wanted, as docker volume ls prints it; a directory is a source of kind files`},
		{"a mode that is none", list("{name: a, kind: volume, mode: paused}"), `1:50: backup.sources[0].mode: unknown mode "paused"; did you mean pause? known: live, pause, stop`},
		{"an option for an image", list("{name: a, kind: volume, image: --rm}"), `1:51: backup.sources[0].image: got "--rm"; an image is NAME or NAME:TAG, as docker images prints it`},
		{"half a glob", "backup: {volumes: {match: ['[a-']}}", `1:28: backup.volumes.match[0]: got "[a-"; a glob has * ? and [a-z], each [ with its ]`},
		{"a truth value that is none", list("{name: a, kind: mariadb, lock: 'yes'}"), `1:51: backup.sources[0].lock: got the text "yes"; wants true or false`},
		{"a lock for PostgreSQL", list("{name: a, kind: postgres, lock: true}"), "1:46: backup.sources[0].lock: not a key of kind postgres but of mariadb"},
		{"a socket and a host", list("{name: a, kind: mariadb, host: h, socket: /s}"), "1:62: backup.sources[0].socket: socket and host are both given; a server is reached in one way"},
		{"a home of another place", list("{name: a, kind: files, path: ~/x, via: 'ssh:db'}"), `1:49: backup.sources[0].path: got "~/x"; a path of ssh:db is written from /: ~ and relative paths are of this machine`},
		{"a relative socket of another place", list("{name: a, kind: mariadb, via: 'docker:db', socket: run/s}"), `1:71: backup.sources[0].socket: got "run/s"; a path of docker:db is written from /: ~ and relative paths are of this machine`},
		{"a place that is none", list("{name: a, kind: postgres, via: 'ssh:-x'}"), `1:51: backup.sources[0].via: got "ssh:-x"; it is not local, ssh:USER@HOST[:PORT], docker:CONTAINER, compose:[PROJECT/]SERVICE or vagrant:MACHINE`},
		{"too many retries", list("{name: a, kind: postgres, retries: 99}"), `1:55: backup.sources[0].retries: got the number 99; wants a whole number from 0 to 10`},
		{"a key of another kind", list("{name: a, path: x, kind: postgres}"), "1:30: backup.sources[0].path: not a key of kind postgres but of files; keys of postgres: after, as, before, database,"},
		{"a name that cannot be a directory", list("{name: a/b, kind: postgres}"), `1:27: backup.sources[0].name: got "a/b"; a name is 1 to 63 of a-z 0-9 _ . - and starts with a letter or digit`},
		{"a name twice", list("{name: a, kind: postgres}, {name: a, kind: files, path: .}"), `1:54: backup.sources[1].name: the name "a" is taken by the source in line 1; every source has a name of its own`},
		{"a port that is none", list("{name: a, kind: postgres, port: 70000}"), "1:52: backup.sources[0].port: got the number 70000; wants a whole number from 1 to 65535"},
		{"a connection string", list("{name: a, kind: postgres, host: 'x port=1'}"), `1:52: backup.sources[0].host: got "x port=1"; a host is`},
		{"an option for a user", list("{name: a, kind: postgres, as: --reuid=0}"), `1:50: backup.sources[0].as: got "--reuid=0"; a user is a plain name`},
		{"a pattern that is a comment", `backup: {exclude: ["#a"]}`, `1:20: backup.exclude[0]: got "#a"; gitignore takes that for a comment: write \# first`},
		{"a retired source that is backed up", "backup:\n  retired: [a]\n  sources: [{name: a, kind: postgres}]", `2:13: backup.retired[0]: "a" is a configured source (3); a source is retired or backed up, not both: remove one`},
		{"a source retired twice", "backup: {retired: [a, a]}", `1:23: backup.retired[1]: "a" stands in the list twice; remove one`},
		{"rotation that keeps nothing", "backup: {keep: {last: 0, daily: 0, weekly: 0, monthly: 0}}", "1:56: backup.keep: every rule is off: no set would be kept; give at least one, such as last: 3; a rule left out is off"},
		{"no rule at all", "backup: {keep: {}}", "1:16: backup.keep: every rule is off: no set would be kept; give at least one"},
		{"a span of nothing alone", "backup: {keep: {within: 0d}}", "1:25: backup.keep: every rule is off: no set would be kept; give at least one"},
		{"an alias", "project: &a x\nbackup: {store: *a}", `2:17: backup.store: got the alias "*a"; aliases are not followed: write the value out`},
		{"an alias for a section", "project: &a x\nbackup: *a", `2:9: backup: got the alias "*a"; aliases are not followed: write the value out`},
		{"a merge", "backup: &a {level: fast}\n<<: *a", "2:1: ?: a key is a merge of aliases (<<); a key is one of backup, ci, cpython, devcontainer, host, project"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			have := loadError(t, test.content)
			if !strings.HasPrefix(have, test.want) || strings.Contains(have, "\n") {
				t.Errorf("got  %s\nwant %s", have, test.want)
			}
		})
	}
}

func TestTextThatIsNotYAMLIsReportedWhereItGoesWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, want string }{
		{"in the first line", "a: b: c", "1:1: not YAML: mapping values are not allowed in this context; check"},
		{"indentation", "backup:\n  store: x\n level: fast\n# end\n", "3:1: not YAML: "},
		{"an open bracket", "# one\nproject: .\nbackup: {store: x\n\n# end\n", "3:1: not YAML: "},
		{"an open quote", "# one\nproject: \"abc\nbackup:\n", "2:1: not YAML: "},
		{"a tab", "backup:\n\tstore: x\n", "2:1: a tab in the indentation; YAML is indented with spaces"},
		{"an alias of nothing", "# one\nproject: *gone\n", "2:1: not YAML: unknown anchor 'gone' referenced"},
		{"a control character", "# one\nproject: a\x00b\n", "2:1: not YAML: control characters are not allowed"},
		{"a second document", "project: .\n---\nproject: x\n", "2:1: a second document starts here; a configuration file holds one"},
		{"not UTF-8", "# one\nproject: \xff\n", "2:1: not UTF-8 text; save the file as UTF-8"},
		{"UTF-16", "\xff\xfep\x00", "1:1: not UTF-8 text"},
		{"far too long", strings.Repeat("# x\n", 1<<18+1), "1:1: more than 1 MiB; this is no configuration file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if have := loadError(t, test.content); !strings.HasPrefix(have, test.want) {
				t.Errorf("got  %s\nwant %s", have, test.want)
			}
		})
	}
}

func TestAFileOfAliasesUponAliasesIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("project: &a0 x\nbackup:\n  exclude:\n")
	for i := range 80 {
		fmt.Fprintf(&bomb, "    - &a%d [*a%d, *a%d]\n", i+1, i, i)
	}
	have := loadError(t, bomb.String())
	if lines := strings.Split(have, "\n"); len(lines) != 80 || !strings.HasPrefix(lines[0], "4:7: backup.exclude[0]: got a list; wants a text") {
		t.Errorf("got %.300s", have)
	}
}

func TestTheStoreMayNotHoldWhatIsBackedUp(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"backup: {store: .}":               "1:17: backup.store: the project ",
		"project: a/b\nbackup: {store: a}": "2:17: backup.store: the project ",
		"backup: {store: s, sources: [{name: a, kind: files, path: s/x}]}":       "1:59: backup.sources[0].path: ",
		"backup: {store: /srv/x, sources: [{name: a, kind: files, path: /srv}]}": "",
		"backup: {store: sets, sources: [{name: a, kind: files, path: sets2}]}":  "",
	} {
		if have := loadError(t, content); !strings.HasPrefix(have, want) || want == "" && have != "" {
			t.Errorf("%s\ngot  %s\nwant %s", content, have, want)
		}
	}
}

func TestAPathWithTildeNeedsAHome(t *testing.T) {
	t.Parallel()
	root := checkout(t, "config/iact.yaml", "project: ~/iact")
	if _, err := config.Load(config.Options{Root: root, Getenv: env()}); err == nil || !strings.Contains(err.Error(), "HOME is not set") {
		t.Errorf("got %v", err)
	}
	if c := mustLoad(t, root, "HOME", "/home/ana"); c.Project != "/home/ana/iact" {
		t.Errorf("project %s", c.Project)
	}
	if _, err := os.Stat(filepath.Join(root, "~")); err == nil {
		t.Error("a directory named ~ was made")
	}
}
