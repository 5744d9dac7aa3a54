package amend

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// oneLine is a value as one line of YAML in flow style, without comments, as a
// person writes it: with quotes where they are needed and nowhere else.
func oneLine(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.MappingNode:
		var fields []string
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, err := oneLine(n.Content[i])
			if err != nil {
				return "", err
			}
			value, err := oneLine(n.Content[i+1])
			if err != nil {
				return "", err
			}
			fields = append(fields, key+": "+value)
		}
		return "{" + strings.Join(fields, ", ") + "}", nil
	case yaml.SequenceNode:
		var items []string
		for _, item := range n.Content {
			line, err := oneLine(item)
			if err != nil {
				return "", err
			}
			items = append(items, line)
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	if n.ShortTag() != "!!str" || plain(n) {
		return n.Value, nil
	}
	out, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value, Style: yaml.DoubleQuotedStyle})
	return strings.TrimSuffix(string(out), "\n"), err
}

// plain says whether a text needs no quotes, in braces and brackets, too: it is
// a usual word that reads back as what it is, by the rules of every YAML.
func plain(n *yaml.Node) bool {
	if !regexp.MustCompile(`^[A-Za-z_/.~]([A-Za-z0-9_~./:@+-]*[A-Za-z0-9_/.])?$`).MatchString(n.Value) ||
		regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`).MatchString(n.Value) {
		return false
	}
	back, err := parse([]byte("[" + n.Value + "]"))
	return err == nil && len(back.Content) == 1 && back.Content[0].Value == n.Value && back.Content[0].ShortTag() == "!!str"
}
