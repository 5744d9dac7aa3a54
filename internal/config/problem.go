package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one fault of a configuration file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"column"`
	Key  string `json:"key,omitempty"`  // path of the key; empty for a fault of the whole file
	What string `json:"what"`           // what was found
	Rule string `json:"rule,omitempty"` // what is right instead

	layer int // later files sort after earlier ones
}

// String is the problem on one line: FILE:LINE:COL: key: what; rule.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Col)
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.What)
	if p.Rule != "" {
		b.WriteString("; " + p.Rule)
	}
	return b.String()
}

// Problems is the error of Load: everything that is wrong, in file order.
type Problems []Problem

// Error has one line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.at().compare(b.at()) })
}

func (p Problem) at() place { return place{p.File, p.Line, p.Col, p.layer} }

// place is where a value stands. Later files have a higher layer.
type place struct {
	file  string
	line  int
	col   int
	layer int
}

// String is "default" for the zero place, else FILE:LINE.
func (p place) String() string {
	if p.file == "" {
		return "default"
	}
	return fmt.Sprintf("%s:%d", p.file, p.line)
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.layer, q.layer), cmp.Compare(p.line, q.line), cmp.Compare(p.col, q.col))
}
