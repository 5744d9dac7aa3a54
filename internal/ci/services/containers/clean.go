package containers

import (
	"regexp"
	"strings"

	"iact-infra/internal/redact"
)

// clean is text from a program as one line that may be shown: without colours,
// control characters and secrets, and its end when it is long.
func clean(text string) string {
	text = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07`).ReplaceAllString(strings.ToValidUTF8(text, "?"), "")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, text)
	text = redact.New().Text(strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > 600 {
		text = "…" + string(runes[len(runes)-600:])
	}
	return text
}
