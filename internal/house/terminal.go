package house

import (
	"io"
	"os"

	"golang.org/x/term"
)

// answers is where the person at the terminal answers, nil when there is none:
// a question needs both to be read and to be answered.
func (h *House) answers() io.Reader {
	in, _ := h.terminal()
	if in == nil {
		return nil
	}
	return in
}

// terminal is where a person types and reads, nil when there is none. Standard
// output may lead elsewhere.
func (h *House) terminal() (in, out *os.File) {
	in, out = h.env.Stdin, h.env.Stderr
	if in == nil || out == nil || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return nil, nil
	}
	return in, out
}
