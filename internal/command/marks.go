package command

import (
	"bytes"
	"strings"
)

// marks are what the shell of a far place says through the standard error of
// the program that it runs: lines that begin with a token that only the two of
// them know. Each of the channels gets at most one value.
type marks struct {
	token string
	up    chan string // it waits for a line, then the program runs
	pid   chan string // of the program
	no    chan string // why it does not
	exit  chan string // its exit code

	pending []byte // what may be the beginning of a mark
}

func newMarks(token string) *marks {
	return &marks{token: token, up: make(chan string, 1), pid: make(chan string, 1), no: make(chan string, 1), exit: make(chan string, 1)}
}

// pass takes the marks out of what comes and hands the rest on. A mark has a
// line break of its own before it, which goes with it. Only the last call says
// that nothing more comes.
func (m *marks) pass(b []byte, last bool, keep func([]byte)) {
	m.pending = append(m.pending, b...)
	begin := []byte("\n" + m.token + " ")
	for {
		at := bytes.Index(m.pending, begin)
		if at < 0 {
			break
		}
		line := m.pending[at+len(begin):]
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			break
		}
		keep(m.pending[:at])
		m.say(string(line[:end]))
		m.pending = line[end+1:]
	}
	held := len(m.pending)
	if !last {
		held = unfinished(m.pending, begin)
	}
	keep(m.pending[:held])
	m.pending = append([]byte(nil), m.pending[held:]...)
}

// unfinished is where in b a mark may begin that has not come whole.
func unfinished(b, begin []byte) int {
	if at := bytes.Index(b, begin); at >= 0 {
		return at
	}
	for at := max(0, len(b)-len(begin)+1); at < len(b); at++ {
		if bytes.HasPrefix(begin, b[at:]) {
			return at
		}
	}
	return len(b)
}

func (m *marks) say(line string) {
	word, rest, _ := strings.Cut(line, " ")
	to := m.no
	switch word {
	case "up":
		to = m.up
	case "pid":
		to = m.pid
	case "exit":
		to = m.exit
	case "unable":
		line = rest
	}
	if to != m.no {
		line = rest
	}
	select {
	case to <- line:
	default:
	}
}

// code is the exit code, if it has come.
func (m *marks) code() (code string, told bool) {
	select {
	case code = <-m.exit:
		return code, true
	default:
		return "", false
	}
}
