package lenient

import "strings"

// Plain drops the sequences from text that colour it, move the cursor, or set a
// title. Text that stood on both sides of one stands together again: take secrets
// out after it, not before.
func Plain(text string) string {
	if !strings.ContainsRune(text, 0x1b) {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "\x1b")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		text = after[sequence(after):]
	}
}

// sequence measures what belongs to an escape character before it.
func sequence(text string) int {
	if text == "" {
		return 0
	}
	switch text[0] {
	case '[':
		for i := 1; i < len(text); i++ {
			if c := text[i]; c >= 0x40 && c <= 0x7e {
				return i + 1
			} else if c < 0x20 || c > 0x7e {
				return i
			}
		}
		return len(text)
	case ']':
		end := strings.IndexAny(text, "\x07\x1b\n")
		switch {
		case end < 0:
			return len(text)
		case text[end] == 0x07:
			return end + 1
		case strings.HasPrefix(text[end:], "\x1b\\"):
			return end + 2
		}
		return end
	case '(', ')':
		return min(2, len(text))
	}
	return 0
}
