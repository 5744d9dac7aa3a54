// Package amend changes a YAML file as a person would: it writes what is new and
// leaves every other byte alone, so that comments, blank lines and the way of
// writing stay. The parser says where things stand; the text is never written
// anew from its nodes. What comes out is parsed again: a text that cannot be
// changed in this way is an error, and no file.
package amend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// List adds items, each one line of YAML in flow style, to the end of the list
// at a path of keys. A list that is not there is made; a single value, such as
// auto, gives way to it.
func List(text []byte, path, items []string) ([]byte, error) {
	before, err := Items(text, path)
	if err != nil {
		return nil, err
	}
	changed, err := put(text, path, items)
	if err != nil {
		return nil, err
	}
	after, err := Items(changed, path)
	if err == nil && (len(after) != len(before)+len(items) || !slices.Equal(after[:len(before)], before)) {
		err = errors.New("the text is written in a way that cannot be added to")
	}
	if err != nil {
		return nil, fmt.Errorf("add to %s: %w", strings.Join(path, "."), err)
	}
	return changed, nil
}

// Items are the items of the list at a path, each as one line of YAML in flow
// style, without comments. What is no list has none.
func Items(text []byte, path []string) ([]string, error) {
	node, err := at(text, path)
	if err != nil || node == nil || node.Kind != yaml.SequenceNode {
		return nil, err
	}
	var all []string
	for _, item := range node.Content {
		line, err := oneLine(item)
		if err != nil {
			return nil, err
		}
		all = append(all, line)
	}
	return all, nil
}

// Holds says whether there is a value at a path.
func Holds(text []byte, path []string) (bool, error) {
	node, err := at(text, path)
	return node != nil && !null(node), err
}

// Field is a key and its value: a text, a number or a list of texts.
type Field struct {
	Key   string
	Value any
}

// Map is keys and values as one line of YAML in flow style.
func Map(fields []Field) (string, error) {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		var key, value yaml.Node
		if err := errors.Join(key.Encode(f.Key), value.Encode(f.Value)); err != nil {
			return "", err
		}
		m.Content = append(m.Content, &key, &value)
	}
	return oneLine(m)
}

// Text is a text as one line of YAML in flow style.
func Text(s string) (string, error) {
	return oneLine(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s})
}

// at finds the value at a path; nil where there is none.
func at(text []byte, path []string) (*yaml.Node, error) {
	value, err := parse(text)
	for _, name := range path {
		if value == nil || value.Kind != yaml.MappingNode {
			return nil, err
		}
		_, value = entry(value, name)
	}
	return value, err
}

func entry(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// parse gives the one value of a text, nil when it holds nothing but comments.
func parse(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0 {
		return nil, nil //nolint:nilnil // an empty file is a good one
	}
	if err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	return document.Content[0], nil
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
