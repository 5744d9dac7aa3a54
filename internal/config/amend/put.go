package amend

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// put writes the items where the path leads to.
func put(text []byte, path, items []string) ([]byte, error) {
	e := editor{text: text, newline: "\n", items: items}
	if bytes.Contains(text, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	if root == nil || null(root) && root.Value == "" {
		return e.end(path, 0), nil
	}
	var key *yaml.Node
	value, flow := root, false
	for i, name := range path {
		flow = flow || value.Style&yaml.FlowStyle != 0
		if value.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("add to %s: line %d holds no keys and values", strings.Join(path, "."), value.Line)
		}
		k, v := entry(value, name)
		switch {
		case v == nil && flow:
			return e.intoFlow(value, path[i:]), nil
		case v == nil && key == nil:
			return e.end(path, value.Column-1), nil
		case v == nil:
			return e.after(key.Line, e.nested(path[i:], value.Column-1)), nil
		case i == len(path)-1:
			return e.value(k, v, flow)
		case null(v) && v.Value == "" && !flow:
			return e.after(k.Line, e.nested(path[i+1:], k.Column+1)), nil
		}
		key, value = k, v
	}
	return nil, fmt.Errorf("add to a list: no path")
}

// editor changes one text.
type editor struct {
	text    []byte
	newline string
	items   []string
}

// value puts the items where a value stands already.
func (e *editor) value(key, v *yaml.Node, flow bool) ([]byte, error) {
	at := e.offset(v)
	switch {
	case v.Kind == yaml.SequenceNode && v.Style&yaml.FlowStyle != 0:
		return e.ontoFlow(v), nil
	case v.Kind == yaml.SequenceNode:
		return e.after(e.lastLine(v), e.block(v.Column-1)), nil
	case v.Kind != yaml.ScalarNode:
		return nil, fmt.Errorf("change line %d: it holds keys and values", v.Line)
	case flow:
		return e.splice(at, scalarEnd(e.text, at), e.inFlow()), nil
	case v.Value == "" && null(v): // nothing is written there
		return e.after(key.Line, e.block(key.Column+1)), nil
	}
	end := scalarEnd(e.text, at)
	if rest := e.text[end:]; len(rest) == 0 || rest[0] == '\n' || rest[0] == '\r' {
		for at > 0 && e.text[at-1] == ' ' { // no blank is left at the end of the line
			at--
		}
	}
	e.text = e.splice(at, end, "")
	return e.after(v.Line, e.block(key.Column+1)), nil
}

// block is the items in lines of their own.
func (e *editor) block(indent int) string {
	var b strings.Builder
	for _, item := range e.items {
		b.WriteString(strings.Repeat(" ", indent) + "- " + item + e.newline)
	}
	return b.String()
}

// nested is the items below keys.
func (e *editor) nested(path []string, indent int) string {
	var b strings.Builder
	for _, name := range path {
		b.WriteString(strings.Repeat(" ", indent) + name + ":" + e.newline)
		indent += 2
	}
	return b.String() + e.block(indent)
}

func (e *editor) inFlow() string { return "[" + strings.Join(e.items, ", ") + "]" }

// intoFlow adds keys to a mapping in braces.
func (e *editor) intoFlow(mapping *yaml.Node, path []string) []byte {
	added := path[len(path)-1] + ": " + e.inFlow()
	for i := len(path) - 2; i >= 0; i-- {
		added = path[i] + ": {" + added + "}"
	}
	if len(mapping.Content) > 0 {
		added += ", "
	}
	at := e.offset(mapping) + 1
	return e.splice(at, at, added)
}

// ontoFlow adds the items to a list in brackets, behind its last item.
func (e *editor) ontoFlow(list *yaml.Node) []byte {
	if len(list.Content) == 0 {
		at := e.offset(list) + 1
		return e.splice(at, at, strings.Join(e.items, ", "))
	}
	at := e.offset(list.Content[len(list.Content)-1])
	separator := ", "
	start := bytes.LastIndexByte(e.text[:at], '\n') + 1
	if indent := e.text[start:at]; start > 0 && len(bytes.TrimSpace(indent)) == 0 { // an item a line
		separator = "," + e.newline + string(indent)
	}
	end := valueEnd(e.text, at)
	return e.splice(end, end, separator+strings.Join(e.items, separator))
}

// end adds keys at the end of the text, before a line that ends the document.
func (e *editor) end(path []string, indent int) []byte {
	text := e.text
	var tail []byte
	if at := bytes.LastIndex(text, []byte("\n...")); at >= 0 {
		text, tail = text[:at+1], text[at+1:]
	}
	added := e.nested(path, indent)
	if len(text) > 0 {
		if text[len(text)-1] != '\n' {
			added = e.newline + added
		}
		if len(bytes.TrimSpace(text)) > 0 {
			added = e.newline + added
		}
	}
	return append(append(bytes.Clone(text), added...), tail...)
}

// after adds whole lines behind a line, counted from one.
func (e *editor) after(line int, added string) []byte {
	at := 0
	for range line {
		next := bytes.IndexByte(e.text[at:], '\n')
		if next < 0 {
			at = len(e.text)
			added = e.newline + added
			break
		}
		at += next + 1
	}
	return e.splice(at, at, added)
}

func (e *editor) splice(from, to int, added string) []byte {
	return append(append(bytes.Clone(e.text[:from]), added...), e.text[to:]...)
}

// offset is where a node begins; the parser counts characters.
func (e *editor) offset(n *yaml.Node) int {
	at := 0
	for range n.Line - 1 {
		at += bytes.IndexByte(e.text[at:], '\n') + 1
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(e.text[at:])
		at += size
	}
	return min(at, len(e.text))
}

// lastLine is the last line of a list of lines with dashes: up to the first one
// that is not further in than the dashes.
func (e *editor) lastLine(list *yaml.Node) int {
	last := list.Content[len(list.Content)-1]
	line := last.Line
	if last.Style&yaml.FlowStyle != 0 {
		line += bytes.Count(e.text[e.offset(last):valueEnd(e.text, e.offset(last))], []byte("\n"))
	}
	lines := bytes.Split(e.text, []byte("\n"))
	for n := line + 1; n <= len(lines); n++ {
		text := lines[n-1]
		within := bytes.TrimLeft(text, " ")
		if len(bytes.TrimSpace(within)) == 0 {
			continue
		}
		if len(text)-len(within) < list.Column {
			break
		}
		line = n
	}
	return line
}
