package survey

import (
	"errors"
	"strconv"
	"strings"
)

// section is what the script says of one thing: the lines that a program
// printed, what it complained about, and how it ended.
type section struct {
	lines []string
	said  []string // its standard error
	exit  int      // -1 when the script never said
	word  string   // why there was nothing to run: missing, absent, closed
}

// Words of the script for what it could not run.
const (
	wordMissing = "missing" // the program is not installed
	wordAbsent  = "absent"  // the file is not there
	wordClosed  = "closed"  // the folder cannot be entered
)

// sections takes the output of survey.sh apart. A line of a program always has a
// mark before it, so nothing that a file holds can look like a header.
func sections(raw string) (map[string]*section, error) {
	all := map[string]*section{}
	var s *section
	begun, ended := false, false
	for line := range strings.Lines(raw) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "@@ iact survey "):
			begun = true
		case line == "@@ end":
			ended = true
		case !begun || ended: // a login shell's greeting
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
	if !begun {
		return nil, errors.New("its answer does not begin as expected")
	}
	if !ended {
		return all, errors.New("its answer was cut off")
	}
	return all, nil
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
	case s == nil:
		return "the survey did not ask for it"
	case s.word == wordMissing:
		return "the program that tells is not installed"
	case s.word == wordAbsent:
		return "there is no such file"
	case s.word == wordClosed:
		return "permission denied"
	case s.exit == 0:
		return ""
	case s.exit == 124 || s.exit == 143:
		return "no answer within 3 s"
	case len(s.said) > 0:
		return s.said[0]
	case s.exit < 0:
		return "the answer was cut off"
	default:
		return "exit code " + strconv.Itoa(s.exit)
	}
}

// pairs gives the lines as a word and the rest.
func (s *section) pairs() map[string]string {
	all := map[string]string{}
	if s == nil {
		return all
	}
	for _, line := range s.lines {
		word, rest, _ := strings.Cut(line, " ")
		all[word] = strings.TrimSpace(rest)
	}
	return all
}
