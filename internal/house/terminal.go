package house

import (
	"io"

	"golang.org/x/term"
)

// answers is where the person at the terminal answers, nil when there is none:
// a question needs both to be read and to be answered.
func (h *House) answers() io.Reader {
	in, out := h.env.Stdin, h.env.Stderr
	if in == nil || out == nil || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return nil
	}
	return in
}
