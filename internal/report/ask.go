package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Ask writes a question on standard error and waits for a line of answers. The
// live row stays away meanwhile. It needs somebody who answers: whoever asks
// has made sure that there is a terminal. When the context ends, the answer is
// not waited for.
func (l *Line) Ask(ctx context.Context, answers io.Reader, question string) (string, error) {
	if l == nil {
		return "", errors.New("ask: there is no console")
	}
	c := l.console
	c.mu.Lock()
	c.erase()
	c.asking++
	_, err := io.WriteString(c.opt.Err, l.prefixed("", Clean(question))+" ")
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asking--
		c.draw()
	}()
	if err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := readLine(answers)
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		return a.line, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Confirm asks a question that is answered by yes or no, which is the default.
func (l *Line) Confirm(ctx context.Context, answers io.Reader, question string) (bool, error) {
	answer, err := l.Ask(ctx, answers, question)
	if err != nil && answer == "" {
		return false, fmt.Errorf("ask: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "s", "si", "sí":
		return true, nil
	}
	return false, nil
}

// Aside keeps the live row away while somebody else writes to the terminal.
func (l *Line) Aside(work func() error) error {
	if l == nil {
		return work()
	}
	c := l.console
	c.mu.Lock()
	c.erase()
	c.asking++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asking--
		c.draw()
	}()
	return work()
}

// readLine takes no byte more than the line has: another question may follow.
func readLine(in io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		n, err := in.Read(one)
		switch {
		case n > 0 && one[0] == '\n':
			return string(line), nil
		case n > 0:
			line = append(line, one[0])
		case err != nil:
			return string(line), err
		}
	}
}
