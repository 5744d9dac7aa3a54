package defaults

import (
	"slices"
	"strings"
	"testing"
)

func TestOnlyAScriptOfOneCommandCanBeGivenMoreFlags(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"jest": "jest", "NODE_ENV=test jest --ci": "jest|--ci", `eslint "src/**/*.js" --ext '.js,.jsx'`: "eslint|src/**/*.js|--ext|.js,.jsx",
		"cross-env A=1 node ./node_modules/jest/bin/jest.js": "cross-env|A=1|node|./node_modules/jest/bin/jest.js",
		"jest && echo": "", "jest | tee x": "", "jest; true": "", "jest > x": "", "jest $X": "", "jest `x`": "", "! jest": "", "jest &": "", "(jest)": "", "'": "", "": "",
	} {
		if have := strings.Join(simple(script), "|"); have != want {
			t.Errorf("%s: %s, want %s", script, have, want)
		}
	}
	for script, want := range map[string]bool{
		"jest": true, "cross-env A=1 node --expose-gc ./node_modules/jest/bin/jest.js": true, "npx jest": true, "echo jest": false, "jest-x": false,
	} {
		if runs(simple(script), "jest") != want {
			t.Errorf("%s runs jest: want %t", script, want)
		}
	}
}

func FuzzAWordReadsBackAsItWasQuoted(f *testing.F) {
	for _, seed := range []string{"a b", "it's", "$X", "`x`", "\\", "*", "~", "a\nb", "é", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, word string) {
		text := quoted(word)
		if text == "''" {
			return // nothing, or what no shell can hold
		}
		if back := simple("x " + text); !slices.Equal(back, []string{"x", word}) && !strings.Contains(text, "\\") {
			t.Errorf("%q is quoted as %s and read as %q", word, text, back)
		}
	})
}
