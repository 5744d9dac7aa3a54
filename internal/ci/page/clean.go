package page

import (
	"strings"
	"unicode/utf8"

	"iact-infra/internal/report"
)

// mostRead is how much of one text is looked at: secrets are sought before a text
// is cut, as half of one would no longer be known.
const mostRead = 1 << 20

// cleaner makes text of programs safe to show, and keeps it short.
type cleaner struct {
	hide func(string) string
	seen map[string]string // names of files and rules come again and again
}

func newCleaner(hide func(string) string) *cleaner {
	if hide == nil {
		hide = func(s string) string { return s }
	}
	return &cleaner{hide: hide, seen: map[string]string{}}
}

// line is a text on one line, of at most so many runes.
func (c *cleaner) line(text string, most int) string {
	if len(text) > mostRead {
		text = text[:mostRead]
	}
	clean, known := c.seen[text]
	if !known {
		clean = report.Clean(c.hide(unstyled(text)))
		c.seen[text] = clean
	}
	return cut(clean, most)
}

func cut(text string, most int) string {
	if len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// tail is the end of a log, of at most so many bytes, from the start of a line.
func (c *cleaner) tail(text string, most int) string {
	if len(text) > mostRead {
		text = fromLine(text[len(text)-mostRead:])
	}
	text = c.lines(text)
	if len(text) <= most {
		return text
	}
	return "…\n" + fromLine(text[len(text)-most:])
}

// head is the beginning of a text, of at most so many bytes, to the end of a line.
func (c *cleaner) head(text string, most int) string {
	text = c.lines(text[:min(len(text), mostRead)])
	if len(text) <= most {
		return text
	}
	text = strings.ToValidUTF8(text[:most], "")
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end]
	}
	return text + "\n…"
}

// fromLine leaves out the line that a cut has broken; where there is only one, it
// leaves out the broken rune.
func fromLine(text string) string {
	if _, rest, found := strings.Cut(text, "\n"); found {
		return rest
	}
	return strings.ToValidUTF8(text, "")
}

// lines cleans a text of several lines and keeps their indent.
func (c *cleaner) lines(text string) string {
	lines := strings.Split(strings.Trim(c.hide(unstyled(text)), "\n"), "\n")
	for i, line := range lines {
		line = strings.ReplaceAll(line, "\t", "    ")
		rest := strings.TrimLeft(line, " ")
		lines[i] = line[:len(line)-len(rest)] + report.Clean(rest)
	}
	return strings.Join(lines, "\n")
}

// unstyled drops the escape sequences of terminals, and of a line that was written
// over again, as a progress bar is, all but the last state.
func unstyled(text string) string {
	if !strings.ContainsAny(text, "\x1b\r\u009b") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		if n := sequence(text[i:]); n > 0 {
			i += n
			continue
		}
		b.WriteByte(text[i])
		i++
	}
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}

// sequence is the length of the escape sequence that text begins with, or 0.
func sequence(text string) int {
	var at int
	switch {
	case strings.HasPrefix(text, "\x1b["):
		at = 2
	case strings.HasPrefix(text, "\u009b"):
		at = len("\u009b")
	case strings.HasPrefix(text, "\x1b]"), strings.HasPrefix(text, "\x1bP"):
		return stringSequence(text)
	case len(text) > 1 && text[0] == '\x1b' && text[1] >= ' ' && text[1] <= '~':
		at = 1
		for at < len(text) && text[at] >= ' ' && text[at] <= '/' {
			at++
		}
		return min(at+1, len(text))
	default:
		return 0
	}
	for at < len(text) && text[at] >= ' ' && text[at] <= '?' {
		at++
	}
	if at < len(text) && text[at] >= '@' && text[at] <= '~' {
		at++
	}
	return at
}

// stringSequence is the length of one that sets a title or a link. One that does
// not end is only its two bytes: it must not swallow the log.
func stringSequence(text string) int {
	const longest = 4096
	for i := 2; i < len(text) && i < longest && text[i] != '\n'; i++ {
		switch {
		case text[i] == '\a':
			return i + 1
		case strings.HasPrefix(text[i:], "\x1b\\"):
			return i + 2
		}
	}
	return 2
}
