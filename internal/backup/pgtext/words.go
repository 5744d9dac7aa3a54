package pgtext

import (
	"bytes"
	"strings"
)

// Words splits a statement into words: names and keywords as they are written,
// quoted ones with their quotes, and every other character by itself.
func Words(statement []byte) []string {
	var all []string
	for i := 0; i < len(statement); {
		c := statement[i]
		end := i + 1
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
			continue
		case c == '"' || c == '\'':
			end = closing(statement, i, c == '\'' && escapes(statement[:i]))
		case inName(c):
			for end < len(statement) && inName(statement[end]) {
				end++
			}
		}
		all = append(all, string(statement[i:end]))
		i = end
	}
	return all
}

// closing is the place after the quote that opens at i.
func closing(text []byte, i int, escapes bool) int {
	mark := text[i]
	for i++; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] != mark:
		case i+1 < len(text) && text[i+1] == mark:
			i++
		default:
			return i + 1
		}
	}
	return len(text)
}

// Unquoted is the name or string that a word of Words stands for.
func Unquoted(word string) string {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		mark := word[:1]
		return strings.ReplaceAll(word[1:len(word)-1], mark+mark, mark)
	}
	return word
}

// Copied is the table of `COPY table (columns) FROM stdin;`, after which its
// rows come.
func Copied(statement []byte) (table string, copies bool) {
	if !bytes.HasPrefix(statement, []byte("COPY ")) || !bytes.HasSuffix(statement, []byte(" FROM stdin;")) {
		return "", false
	}
	words := Words(statement[len("COPY "):])
	for i, word := range words {
		if word == "(" || word == "FROM" {
			return strings.Join(words[:i], ""), i > 0
		}
	}
	return "", false
}
