package compat

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"iact-infra/internal/fault"
)

// words splits a command line as a shell does, with quotes and backslashes and
// nothing else. What only a shell could do is refused.
func words(line string) ([]string, error) {
	refuse := func(why error) ([]string, error) {
		return nil, fault.New(fault.Usage, "put it into a script, and name the script", fmt.Errorf("read command %q: %w", line, why))
	}
	if strings.ContainsRune(line, 0) {
		return refuse(errors.New("it holds a zero byte"))
	}
	var all []string
	var bad error
	err := syntax.NewParser().Words(strings.NewReader(line), func(word *syntax.Word) bool {
		if !plain(word.Parts) {
			bad = errors.New("no shell runs it, and it needs one")
			return false
		}
		var fields []string
		fields, bad = expand.Fields(&expand.Config{}, word) // without one the package takes its own, which all share
		all = append(all, fields...)
		return bad == nil
	})
	switch {
	case bad != nil:
		return refuse(bad)
	case err != nil:
		return refuse(fmt.Errorf("no shell runs it: %w", err))
	case len(all) == 0:
		return refuse(errors.New("it is empty"))
	}
	return all, nil
}

// plain says whether a word is text and quotes only.
func plain(parts []syntax.WordPart) bool {
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
		case *syntax.SglQuoted:
			if part.Dollar {
				return false
			}
		case *syntax.DblQuoted:
			if part.Dollar || !plain(part.Parts) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
