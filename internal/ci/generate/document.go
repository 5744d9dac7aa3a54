package generate

import (
	"bytes"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// entry is one key of a mapping. A value is a string, a number, a bool, entries,
// a list of strings or of entries. An entry without a value is left out, so that
// what does not apply needs no branch.
type entry struct {
	key   string
	value any
}

// entries is a mapping that keeps its order.
type entries []entry

// noted is a string with a comment behind it.
type noted struct{ text, note string }

// empty is a list that is written although there is nothing in it.
type empty struct{}

// blank is a key that is written without a value.
type blank struct{}

// document writes YAML. Strings are quoted by the library wherever they need it:
// no name can become syntax.
func document(root entries) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node(root)); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

func node(value any) *yaml.Node {
	list := func(items []*yaml.Node) *yaml.Node {
		if len(items) == 0 {
			return nil
		}
		return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
	}
	switch v := value.(type) {
	case entries:
		mapping := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range v {
			if child := node(e.value); child != nil {
				mapping.Content = append(mapping.Content, text(e.key), child)
			}
		}
		if len(mapping.Content) == 0 {
			return nil
		}
		return mapping
	case []entries:
		var items []*yaml.Node
		for _, item := range v {
			if child := node(item); child != nil {
				items = append(items, child)
			}
		}
		return list(items)
	case []string:
		var items []*yaml.Node
		for _, item := range v {
			items = append(items, text(item))
		}
		return list(items)
	case string:
		if v == "" {
			return nil
		}
		return text(v)
	case noted:
		n := text(v.text)
		n.LineComment = v.note
		return n
	case empty:
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	case blank:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	}
	return nil
}

// text is a string whatever it looks like.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}
