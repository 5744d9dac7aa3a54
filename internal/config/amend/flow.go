package amend

import "bytes"

// valueEnd is where the value in flow style that begins at a place ends: behind
// its closing bracket, or behind a single value.
func valueEnd(text []byte, at int) int {
	if at >= len(text) || text[at] != '{' && text[at] != '[' {
		return scalarEnd(text, at)
	}
	depth := 0
	for at < len(text) {
		switch c := text[at]; {
		case c == '{' || c == '[':
			depth++
			at++
		case c == '}' || c == ']':
			depth--
			at++
			if depth == 0 {
				return at
			}
		case c == '#' && blank(text[at-1]):
			if at += bytes.IndexByte(text[at:], '\n'); text[at] != '\n' {
				return len(text)
			}
		case c == ',' || c == ':' || blank(c):
			at++
		default:
			at = scalarEnd(text, at)
		}
	}
	return at
}

// scalarEnd is where a value ends that is neither a list nor a mapping: behind
// its closing quote, or before what ends a plain one. A plain one of several
// words is taken word by word.
func scalarEnd(text []byte, at int) int {
	if at >= len(text) {
		return len(text)
	}
	quote := text[at]
	if quote != '"' && quote != '\'' {
		for end := at + 1; end < len(text); end++ {
			c := text[end]
			if blank(c) || bytes.IndexByte([]byte(",[]{}"), c) >= 0 || c == ':' && (end+1 == len(text) || blank(text[end+1]) || text[end+1] == ',') {
				return end
			}
		}
		return len(text)
	}
	for end := at + 1; end < len(text); end++ {
		switch {
		case text[end] == '\\' && quote == '"':
			end++
		case text[end] != quote:
		case quote == '\'' && end+1 < len(text) && text[end+1] == '\'':
			end++
		default:
			return end + 1
		}
	}
	return len(text)
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
