package command

import "strings"

// Quote is a word of a line that a person types.
func Quote(word string) string { return quote(word) }

// quote makes s one word for a POSIX shell. Words that need no quotes get none,
// so that a plan stays readable.
func quote(s string) string {
	if s != "" && strings.IndexFunc(s, special) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteProgram guards the first word: a shell would take NAME=VALUE there for an
// assignment and a reserved word for syntax.
func quoteProgram(word string) string {
	switch word {
	case "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "time", "function", "select", "coproc":
		return "'" + word + "'"
	}
	if strings.HasPrefix(word, "'") || !strings.Contains(word, "=") {
		return word
	}
	return "'" + word + "'"
}

// special reports whether a shell might give r a meaning. Bytes that are not
// ASCII are quoted too, which keeps odd blanks visible as part of a word.
func special(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("_@%+:,./=-", r)
}
