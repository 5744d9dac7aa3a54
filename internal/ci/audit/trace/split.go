package trace

import "strings"

// call is a system call as strace writes it.
type call struct {
	name   string
	args   []string // as written
	result string   // "3</path>", "-1 ENOENT (No such file or directory)", "?"
}

// split takes a call apart. Quotes, brackets and what stands in <> behind a
// descriptor may hold any character.
func split(text string) (call, bool) {
	open := strings.IndexByte(text, '(')
	if open <= 0 || strings.ContainsAny(text[:open], " \"<") {
		return call{}, false
	}
	c := call{name: text[:open]}
	begin, depth := open+1, 0
	for i := open + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = closing(text, i, '"')
		case '<':
			// "AT_FDCWD</dir>" and "3</file>"; a shift has two of them.
			if i+1 < len(text) && text[i+1] != '<' && text[i-1] != '<' {
				i = closing(text, i, '>')
			}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case '(':
			depth++
		case ')':
			if depth > 0 {
				depth--
				continue
			}
			if last := strings.TrimSpace(text[begin:i]); last != "" || len(c.args) > 0 {
				c.args = append(c.args, last)
			}
			result, ok := strings.CutPrefix(strings.TrimLeft(text[i+1:], " "), "= ")
			c.result = result
			return c, ok
		case ',':
			if depth == 0 {
				c.args = append(c.args, strings.TrimSpace(text[begin:i]))
				begin = i + 1
			}
		}
	}
	return call{}, false
}

// closing is where what opens at i closes; the end of the text if nowhere.
func closing(text string, i int, by byte) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case by:
			return i
		}
	}
	return len(text)
}

// quoted is the string that an argument holds. One that strace has cut is none: a
// path is never that long.
func quoted(arg string) (string, bool) {
	if len(arg) < 2 || arg[0] != '"' || arg[len(arg)-1] != '"' {
		return "", false
	}
	return unescape(arg[1 : len(arg)-1]), true
}

// described is what a descriptor is: "3</path>" is /path. Pipes and sockets are no
// paths. What was removed meanwhile is marked so behind its path.
func described(arg string) (string, bool) {
	open := strings.IndexByte(arg, '<')
	if open < 0 {
		return "", false
	}
	end := closing(arg, open, '>')
	if end >= len(arg) || end == open+1 || arg[open+1] != '/' {
		return "", false
	}
	return unescape(arg[open+1 : end]), true
}

// unescape undoes strace's escapes, which are those of C: octal up to three
// digits, hexadecimal of two.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		letters, bytes := "tnvfr", "\t\n\v\f\r"
		switch at := strings.IndexByte(letters, text[i]); {
		case at >= 0:
			b.WriteByte(bytes[at])
		case text[i] >= '0' && text[i] <= '7':
			value, digits := 0, 0
			for ; digits < 3 && i+digits < len(text) && text[i+digits] >= '0' && text[i+digits] <= '7'; digits++ {
				value = 8*value + int(text[i+digits]-'0')
			}
			b.WriteByte(byte(value))
			i += digits - 1
		case text[i] == 'x' && i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0:
			b.WriteByte(byte(16*hex(text[i+1]) + hex(text[i+2])))
			i += 2
		default: // \" and \\
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func hex(digit byte) int { return strings.IndexByte("0123456789abcdef", digit) }
