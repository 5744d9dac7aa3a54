package compat

import (
	"fmt"
	"strings"

	"iact-infra/internal/fault"
)

// words splits a command line into words, as a shell does, with quotes and
// backslashes and nothing else. What only a shell could do is refused.
func words(line string) ([]string, error) {
	refuse := func(why string) ([]string, error) {
		return nil, fault.New(fault.Usage, "put it into a script, and name the script", fmt.Errorf("read command %q: %s", line, why))
	}
	var all []string
	var word strings.Builder
	open, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case r == 0:
			return refuse("it holds a zero byte")
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, open = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == '"' && (r == '$' || r == '`'):
			return refuse("no shell runs it, and " + string(r) + " is for one")
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if open {
				all = append(all, word.String())
				word.Reset()
			}
			open = false
		case strings.ContainsRune("|&;<>()$`", r):
			return refuse("no shell runs it, and " + string(r) + " is for one")
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 || escaped {
		return refuse("a quote is not closed")
	}
	if open {
		all = append(all, word.String())
	}
	if len(all) == 0 {
		return refuse("it is empty")
	}
	return all, nil
}
