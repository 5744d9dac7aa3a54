package devjson

import (
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// parsedLine is a line of the shell.
func parsedLine(line string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(line), "")
}

// shellError is what a shell does not understand, or "".
func shellError(line string) string {
	_, err := parsedLine(line)
	var wrong syntax.ParseError
	if errors.As(err, &wrong) {
		return wrong.Text
	}
	return ""
}
