package dotenv_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"iact-infra/internal/ci/dotenv"
)

func TestAFileIsReadAsPythonAndNodeReadIt(t *testing.T) {
	t.Parallel()
	const absent = "\x00"
	for text, want := range map[string][2]string{ // the value of A: for python-dotenv 0.21, for dotenv 16 and 18
		"A=1":                       {"1", "1"},
		"export A = 1 ":             {"1", "1"},
		"A=":                        {"", ""},
		"A":                         {absent, absent},
		"# A=1":                     {absent, absent},
		"A=a b # c":                 {"a b", "a b"},
		"A=a#b":                     {"a#b", "a"},
		"A='a # b' # c":             {"a # b", "a # b"},
		`A="a\nb"`:                  {"a\nb", "a\nb"},
		`A='a\nb'`:                  {`a\nb`, `a\nb`},
		`A="a\tb"`:                  {"a\tb", `a\tb`},
		`A='it\'s'`:                 {"it's", `it\'s`},
		`A="say \"hi\""`:            {`say "hi"`, `say \"hi\"`},
		"A=\"one\ntwo\"\nB=2":       {"one\ntwo", "one\ntwo"},
		"A=\"one\r\ntwo\"\r\nB=2":   {"one\ntwo", "one\ntwo"},
		"A=`a b`":                   {"`a b`", "a b"},
		"A: 1":                      {absent, "1"},
		"A='x' y":                   {absent, "'x' y"},
		"A=\"open":                  {absent, `"open`},
		"A=${B}/x":                  {"${B}/x", "${B}/x"},
		"A=1\nA=2":                  {"2", "2"},
		"'A'=1":                     {"1", absent},
		"A=postgres://u:p@db/x?a=b": {"postgres://u:p@db/x?a=b", "postgres://u:p@db/x?a=b"},
		"\xef\xbb\xbfA=1":           {absent, "1"},
		"A=1 \\\n2":                 {`1 \`, `1 \`},
	} {
		python, node := dotenv.Values(dotenv.Parse(text)), dotenv.ParseNode(text)
		for i, got := range []map[string]string{python, node} {
			value, there := got["A"]
			if !there {
				value = absent
			}
			if value != want[i] {
				t.Errorf("%q: A = %q by reader %d, want %q", text, value, i, want[i])
			}
		}
	}
}

func TestEveryPieceKnowsItsLine(t *testing.T) {
	t.Parallel()
	text := "# head\r\n\r\nA=1\nB=\"x\ny\"\n\n\nC = 3 # c\nbad line\nexport D\n"
	var got []string
	for _, p := range dotenv.Parse(text) {
		kind := p.Name
		if p.Comment {
			kind = "#"
		}
		if p.Broken {
			kind = "!"
		}
		got = append(got, string(rune('0'+p.Line))+kind)
	}
	if want := "1# 3A 4B 8C 9! :D"; strings.Join(got, " ") != want {
		t.Errorf("pieces = %v, want %s", got, want)
	}
}

func TestWhatTheTwoReadersDisagreeOnIsNamed(t *testing.T) {
	t.Parallel()
	got := dotenv.Differ("SAME=1\nCOLOUR=a#fff\nPASS=\"a\\\"b\"\nYAML: 1\nURL='x'\n")
	if want := "COLOUR PASS YAML"; strings.Join(got, " ") != want {
		t.Errorf("differ = %v, want %s", got, want)
	}
}

// corpus is made of what the grammar is about.
func corpus() []string {
	words := []string{"A", "B", "=", " ", "\n", "'", `"`, "`", "#", `\`, "\r\n", "\r", "export ", "x y", ":", "${C}", "\t", "n", "\u00a0", "ñ", "A=", "\nB=", `\"`, `\'`}
	random := rand.New(rand.NewPCG(1, 2))
	var all []string
	for range 4000 {
		var b strings.Builder
		for range random.IntN(14) {
			b.WriteString(words[random.IntN(len(words))])
		}
		all = append(all, b.String())
	}
	return all
}

func FuzzTheTextIsItsPieces(f *testing.F) {
	for _, text := range corpus()[:50] {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var all strings.Builder
		line := 0
		pieces := dotenv.Parse(text)
		for _, p := range pieces {
			all.WriteString(p.Text)
			if p.Line < line || p.Text == "" || p.Broken && p.Name != "" {
				t.Fatalf("piece %+v after line %d", p, line)
			}
			line = p.Line
		}
		if all.String() != text {
			t.Fatalf("%q became %q", text, all.String())
		}
		if again := dotenv.Values(dotenv.Parse(text + "\n")); strings.Count(text, `"`)+strings.Count(text, "'") == 0 && !maps.Equal(again, dotenv.Values(pieces)) {
			t.Fatalf("a line break at the end of %q changes %v to %v", text, dotenv.Values(pieces), again)
		}
	})
}
