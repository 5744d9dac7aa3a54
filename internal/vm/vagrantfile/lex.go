package vagrantfile

import "strings"

// line is a line of Ruby without its comment.
type line struct {
	number int
	code   string
	inside bool     // it is text of a heredoc, which only the guest sees
	runs   []string // what it gives to a shell of this host
}

// lines cuts a file up: comments go, heredocs are marked.
func (g *grammar) lines(text string) []line {
	var all []line
	var heredoc string
	var comment bool
	for i, raw := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		switch {
		case heredoc != "":
			if strings.TrimSpace(raw) == heredoc {
				heredoc = ""
				continue
			}
			all = append(all, line{number: i + 1, code: raw, inside: true})
		case comment:
			comment = !strings.HasPrefix(raw, "=end")
		case strings.HasPrefix(raw, "=begin"):
			comment = true
		case raw == "__END__":
			return all
		default:
			l := g.scan(raw)
			l.number = i + 1
			if found := g.heredoc.FindStringSubmatch(l.code); found != nil {
				heredoc = found[1]
			}
			if strings.TrimSpace(l.code) != "" {
				all = append(all, l)
			}
		}
	}
	return all
}

// scan finds strings, so that neither a # in one is taken for a comment nor a
// command in one for a call; and it finds what is run.
func (g *grammar) scan(raw string) line {
	var code, run strings.Builder
	var l line
	var quote byte
	called := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case quote != 0 && c == '\\' && i+1 < len(raw):
			code.WriteString(raw[i : i+2])
			run.WriteByte(raw[i+1])
			i++
			continue
		case quote != 0 && c == quote:
			if quote == '`' || called {
				l.runs = append(l.runs, run.String())
			}
			quote = 0
		case quote != 0:
			run.WriteByte(c)
		case c == '#':
			l.code = code.String()
			return l.joined()
		case c == '"' || c == '\'' || c == '`':
			quote = c
			run.Reset()
			called = called || g.shells.MatchString(code.String())
		}
		code.WriteByte(c)
	}
	l.code = code.String()
	// %x{…} has no quote.
	if at := strings.Index(l.code, "%x"); at >= 0 {
		l.runs = append(l.runs, l.code[at:])
	}
	return l.joined()
}

// joined adds the words of a call as one command: system("vagrant", "plugin", …).
func (l line) joined() line {
	if len(l.runs) > 1 {
		l.runs = append(l.runs, strings.Join(l.runs, " "))
	}
	return l
}
