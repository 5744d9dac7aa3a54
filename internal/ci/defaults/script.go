package defaults

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// simple gives the words of a script that is one command, whose flags can be
// added to. What is more (&&, a pipe, a variable) has none.
func simple(script string) []string {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
	if err != nil || len(file.Stmts) != 1 {
		return nil
	}
	stmt := file.Stmts[0]
	call, is := stmt.Cmd.(*syntax.CallExpr)
	if !is || stmt.Background || stmt.Negated || len(stmt.Redirs) > 0 {
		return nil
	}
	var words []string
	for _, w := range call.Args {
		text, plain := literal(w)
		if !plain {
			return nil
		}
		words = append(words, text)
	}
	return words
}

// literal is the text of a word in which nothing is expanded but file names.
func literal(w *syntax.Word) (string, bool) {
	var text strings.Builder
	for _, part := range w.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			text.WriteString(p.Value)
		case *syntax.SglQuoted:
			text.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, is := inner.(*syntax.Lit)
				if !is {
					return "", false
				}
				text.WriteString(lit.Value)
			}
		default:
			return "", false
		}
	}
	return text.String(), true
}

// runs says whether words call a program, perhaps with a first argument and
// behind another one, as cross-env does.
func runs(words []string, name string, arguments ...string) bool {
	at := slices.IndexFunc(words, func(w string) bool { return program(w) == name })
	if at < 0 || len(words) < at+1+len(arguments) || !slices.Equal(words[at+1:at+1+len(arguments)], arguments) {
		return false
	}
	for _, w := range words[:at] {
		known := slices.Contains([]string{"cross-env", "env", "npx", "node", "dotenv", "--"}, program(w)) || strings.Contains(w, "=") || strings.HasPrefix(w, "-")
		if !known {
			return false
		}
	}
	return true
}

// program is the name of a program without its directory and ending.
func program(word string) string { return strings.TrimSuffix(path.Base(word), ".js") }

// quoted is a word as a shell takes it.
func quoted(word string) string {
	text, err := syntax.Quote(word, syntax.LangPOSIX)
	if err != nil {
		return "''" // a text that no shell can hold
	}
	return text
}
