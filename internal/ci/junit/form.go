package junit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// form is what a report is written in.
type form int

const (
	isXML form = iota
	isJest
	isGo
)

// formSize is how much of a report is looked at to tell its form.
const formSize = 64 << 10

// formOf tells the form by the first line that is no chatter of the program. What
// is none of the others is read as XML: that says best what is wrong with it.
func formOf(in *bufio.Reader) form {
	begin, _ := in.Peek(formSize)
	for line := range bytes.Lines(begin) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] != '{' && line[0] != '<' {
			continue
		}
		var e event
		switch {
		case line[0] == '<':
			return isXML
		case json.Unmarshal(line, &e) == nil && e.Action != "":
			return isGo
		}
		return isJest
	}
	return isXML
}

// explained says what is wrong with JSON, for people.
func explained(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it is cut off: the program that wrote it was stopped, or the disk is full")
	}
	return fmt.Errorf("read %s: %w", what, err)
}
