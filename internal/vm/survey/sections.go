package survey

import (
	"strconv"
	"strings"
)

// section is what the script says of one thing: the lines that a program
// printed, what it complained about, and how it ended.
type section struct {
	lines []string
	said  []string // its standard error
	exit  int      // -1 when the script never said
	word  string   // why there was nothing to run: missing (the program), absent (the file)
}

// sections takes the output of survey.sh apart, of one run or several. A line of
// a program always has a mark before it, so nothing that it prints can look like
// a header. failed are the runs that gave nothing.
func sections(raw string) (all map[string]*section, failed string) {
	all = map[string]*section{}
	var s *section
	for line := range strings.Lines(raw) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "@@ failed "):
			failed = strings.TrimPrefix(line, "@@ failed ")
			s = nil
		case strings.HasPrefix(line, "@@"):
			s = nil
		case strings.HasPrefix(line, "@ "):
			name, word, _ := strings.Cut(line[2:], " ")
			s = &section{word: word, exit: -1}
			all[name] = s
		case s == nil || line == "":
		case line[0] == '|':
			s.lines = append(s.lines, strings.TrimSuffix(line[1:], "\r"))
		case line[0] == '!':
			s.complain(line[1:])
		}
	}
	return all, failed
}

// complain keeps a line of standard error; the last one of all is the exit code.
func (s *section) complain(line string) {
	if code, isCode := strings.CutPrefix(line, "="); isCode {
		if n, err := strconv.Atoi(code); err == nil {
			s.exit = n
			return
		}
	}
	if line != "" {
		s.said = append(s.said, line)
	}
}

// trouble says why nothing can be learnt from the section, "" when something can.
func (s *section) trouble() string {
	switch {
	case s.exit == 0:
		return ""
	case s.exit == 124 || s.exit == 143:
		return "no answer within 10 s"
	case len(s.said) > 0:
		return s.said[0]
	case s.exit < 0:
		return "the answer was cut off"
	}
	return "exit code " + strconv.Itoa(s.exit)
}

// pairs gives the lines as a word and the rest.
func (s *section) pairs() map[string]string {
	all := map[string]string{}
	for _, line := range s.lines {
		word, rest, _ := strings.Cut(line, " ")
		all[word] = strings.TrimSpace(rest)
	}
	return all
}
