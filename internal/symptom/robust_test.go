package symptom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/symptom"
)

// wrapped breaks every line of a text at blanks, as a program or a terminal of
// that many columns does.
func wrapped(text string, columns int) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		row := ""
		for word := range strings.FieldsSeq(line) {
			if row != "" && len(row)+1+len(word) > columns {
				out, row = append(out, row), ""
			}
			row = strings.TrimLeft(row+" "+word, " ")
		}
		out = append(out, row)
	}
	return strings.Join(out, "\n")
}

func eachLine(text string, change func(string) string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = change(lines[i])
	}
	return strings.Join(lines, "\n")
}

func prefixed(prefix string) func(string) string {
	return func(s string) string {
		return eachLine(wrapped(s, 72), func(line string) string { return prefix + line })
	}
}

func TestMatchingSurvivesWhatLogsDoToAText(t *testing.T) {
	t.Parallel()
	c := load(t)
	disguises := map[string]func(string) string{
		"wrapped at 72 columns": func(s string) string { return wrapped(s, 72) },
		"wrapped at 40 columns": func(s string) string { return wrapped(s, 40) },
		"wrapped and indented":  func(s string) string { return eachLine(wrapped(s, 72), func(l string) string { return "\t    " + l }) },
		"carriage returns":      func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"colours on every word": func(s string) string { return strings.ReplaceAll(s, " ", "\x1b[0m \x1b[1;38;5;9m") },
		"colours before each line": func(s string) string {
			return eachLine(s, func(l string) string { return "\x1b[2K\x1b[31m" + l + "\x1b[m" })
		},
		"a terminal title": func(s string) string { return "\x1b]0;mage backup:db\x07" + s + "\x1b]8;;\x1b\\" },
		"a frame": func(s string) string {
			return "╔════════╗\n" + eachLine(wrapped(s, 72), func(l string) string { return "║ " + l + " ║" }) + "\n╚════════╝"
		},
		"a progress display":       func(s string) string { return "10 %\r20 %\r" + s + "\r100 %" },
		"typographic quotes":       func(s string) string { return strings.NewReplacer(`'`, "’", `"`, "“").Replace(s) },
		"no-break blanks":          func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") },
		"PostgreSQL's log prefix":  prefixed("2026-11-23 10:00:01.123 UTC [4711] "),
		"a log prefix with a zone": prefixed("2026-11-23 10:00:01,5 +0100 "),
		"a CI runner's stamp":      prefixed("2026-11-23T10:00:01.1234567Z "),
		"Go's log prefix":          prefixed("2026/11/23 10:00:01 "),
		"a time in brackets":       prefixed("[10:00:01] "),
		"a stamp in brackets":      prefixed("[2026-11-23 10:00:01 CET] "),
		"syslog":                   prefixed("Nov  3 10:00:01 iact-devbox iact[815]: "),
		"docker compose":           prefixed("postgres-1  | "),
		"compose and a stamp":      prefixed("postgres-1  | 2026-11-23T10:00:01.123456789Z "),
	}
	for name, disguise := range disguises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range c.Entries() {
				for _, sample := range e.Samples {
					want, got := ids(c.Match(sample)), ids(c.Match(disguise(sample)))
					if !slices.Equal(want, got) {
						t.Errorf("%s: found %v instead of %v in\n%s", e.ID, got, want, disguise(sample))
					}
				}
			}
		})
	}
}

func TestNormaliseLeavesOneSeparatorAndNoDecoration(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		" \n\n\t\n":                  "",
		"a  b\t\tc \n\n  d\r\n":      "a b c\nd",
		"\x1b[31merror:\x1b[0m  x":   "error: x",
		"┌──┐\n│ x │\n└──┘":          "x",
		"it‘s “so”":                  `it's "so"`,
		"50 %\r100 %\n":              "50 %\n100 %",
		"12:30:01 [7] [8-1] x":       "x",
		"12:30:01x y":                "12:30:01x y",
		"[ok] [1,2] x":               "[ok] [1,2] x",
		"Nov 23 10:00:01 host x: y":  "host x: y",
		"a\x00b\x07c\u200bd\x7fe":    "abcde",
		"caf\xe9 sí":                 "caf\ufffd sí",
		"2026-11-23 is a day":        "2026-11-23 is a day",
		"db-1 | 2026-11-23 12:30:01": "",
	} {
		if got := symptom.Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestATextWithoutKnownErrorsHasNoFinding(t *testing.T) {
	t.Parallel()
	text := `backup:db  ok  3 databases, 1.2 GiB in 600 parts  (8.2 s)
pg_dump: last built-in OID is 16383
pg_dump: reading extensions
LOG:  database system is ready to accept connections
the server version: 15.18, nothing to abort
permission denied for nobody, no password needed
GET /index.html 404: not found
TestRestore: FAILED`
	if got := ids(load(t).Match(text)); len(got) > 0 {
		t.Errorf("found %v", got)
	}
}

func TestAFindingTellsWhatTheLogTold(t *testing.T) {
	t.Parallel()
	log := "pg_dump: saving\n\x1b[31mpg_dump: error:\x1b[0m aborting because of server version mismatch\n" +
		"pg_dump: detail: server version: 17.7 (Debian 17.7-3.pgdg13+1); pg_dump version: 15.14\nexit 1\n"
	found := load(t).Match(log)
	if len(found) != 1 || found[0].ID != "B01" {
		t.Fatalf("found %v", ids(found))
	}
	f := found[0]
	if want := "pg_dump: detail: server version: 17.7 (Debian 17.7-3.pgdg13+1); pg_dump version: 15.14"; f.Excerpt != want {
		t.Errorf("excerpt %q, want %q", f.Excerpt, want)
	}
	if !slices.Equal(f.Values, []string{"17", "15"}) {
		t.Errorf("values %q", f.Values)
	}
	if !strings.Contains(f.Fix.EN, "postgresql-client-17 ") || !strings.Contains(f.Fix.ES, "postgresql-client-17 ") {
		t.Errorf("the fix does not name the version: %+v", f.Fix)
	}
}

func TestAFixNeverCarriesShellCharactersOutOfALog(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"x;reboot", "$(reboot)", "x y", "-rf", "`reboot`", strings.Repeat("x", 200)} {
		log := fmt.Sprintf("WARNING: password file \"%s\" has group or world access; permissions should be u=rw (0600) or less", evil)
		found := load(t).Match(log)
		if len(found) != 1 || !strings.HasSuffix(found[0].Fix.EN, "chmod 0600 FILE.") {
			t.Errorf("%q: %+v", evil, found)
		}
	}
}

func TestPreferredFindingsComeFirstInTheOrderOfTheirIDs(t *testing.T) {
	t.Parallel()
	c := load(t)
	var log strings.Builder
	for _, e := range c.Entries() {
		if slices.Contains([]string{"B02", "B14", "B43"}, e.ID) {
			log.WriteString(e.Samples[0] + "\n")
		}
	}
	if got := ids(c.Match(log.String())); !slices.Equal(got, []string{"B02", "B14", "B43"}) {
		t.Fatalf("found %v", got)
	}
	if got := ids(c.MatchPreferring(log.String(), []string{"B43", "B99", "B02"})); !slices.Equal(got, []string{"B43", "B02", "B14"}) {
		t.Errorf("found %v", got)
	}
}

func TestTheMoreSpecificEntrySpeaksForTheSameWords(t *testing.T) {
	t.Parallel()
	c := load(t)
	const one = "pg_dump: error: could not write to output file: No space left on device\n"
	if got := ids(c.Match(one)); !slices.Equal(got, []string{"B18"}) {
		t.Errorf("one error has the findings %v", got)
	}
	if got := ids(c.Match("cp: /srv/x: No space left on device\n" + one)); !slices.Equal(got, []string{"B18", "B57"}) {
		t.Errorf("two errors have the findings %v", got)
	}
}
