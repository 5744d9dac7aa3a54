package devjson

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// compose is the project of Compose: its files, one laid over the other.
type compose struct {
	dir      string // paths of all its files begin here
	files    []string
	tops     []field // the keys at the top of each
	services []*service
	whole    bool // nothing comes from elsewhere
}

// field is a key of a mapping, with its value.
type field struct {
	file string
	key  *yaml.Node
	in   *yaml.Node
}

// service is what all files say about a service.
type service struct {
	name  string
	parts []field
	meant bool // a misspelt key says what it is made of
}

// fields are the keys of a mapping, with what it merges from elsewhere.
func fields(file string, of *yaml.Node) []field { return merged(file, of, 0) }

// merged goes no deeper than people write: a mapping may merge itself.
func merged(file string, of *yaml.Node, depth int) (all []field) {
	of = resolved(of)
	if of == nil || of.Kind != yaml.MappingNode || depth > 5 {
		return nil
	}
	var from []*yaml.Node
	own := map[string]bool{}
	for i := 0; i+1 < len(of.Content); i += 2 {
		key, in := of.Content[i], resolved(of.Content[i+1])
		switch {
		case key.Tag != "!!merge":
			all, own[key.Value] = append(all, field{file, key, in}), true
		case in.Kind == yaml.SequenceNode:
			from = append(from, in.Content[:min(len(in.Content), 20)]...)
		default:
			from = append(from, in)
		}
	}
	for _, m := range from {
		for _, f := range merged(file, m, depth+1) {
			if !own[f.key.Value] { // what stands here covers what is merged
				all, own[f.key.Value] = append(all, f), true
			}
		}
	}
	return all
}

// resolved is a node behind its aliases.
func resolved(n *yaml.Node) *yaml.Node {
	for range 10 {
		if n == nil || n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	return n
}

// get are the values of a key, in the order of the files.
func (s *service) get(key string) (all []field) {
	for _, part := range s.parts {
		for _, f := range fields(part.file, part.in) {
			if f.key.Value == key {
				all = append(all, f)
			}
		}
	}
	return all
}

// word is the last value of a key that is a text.
func (s *service) word(key string) string {
	said := ""
	for _, f := range s.get(key) {
		if f.in.Kind == yaml.ScalarNode {
			said = f.in.Value
		}
	}
	return said
}

// items are what a key lists: items of lists, a single text, or the keys of a
// mapping.
func (s *service) items(key string) (all []field) {
	for _, f := range s.get(key) {
		switch f.in.Kind {
		case yaml.SequenceNode:
			for _, item := range f.in.Content {
				all = append(all, field{f.file, resolved(item), resolved(item)})
			}
		case yaml.MappingNode:
			all = append(all, fields(f.file, f.in)...)
		case yaml.ScalarNode:
			if f.in.Value != "" {
				all = append(all, field{f.file, f.in, f.in})
			}
		}
	}
	return all
}

func (p *compose) service(name string) *service {
	for _, s := range p.services {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (p *compose) names() (all []string) {
	for _, s := range p.services {
		all = append(all, s.name)
	}
	slices.Sort(all)
	return all
}

// where is the place of a node.
func (f field) where() string { return fmt.Sprintf("%s:%d:%d", f.file, f.key.Line, f.key.Column) }

// compose judges the compose files, and that one of them has the service.
func (c *check) compose(root value, m member) {
	var files []value
	switch m.value.kind {
	case text:
		files = []value{m.value}
	case array:
		files = slices.DeleteFunc(slices.Clone(m.value.items), func(v value) bool { return v.kind != text })
	default:
		return
	}
	p := &c.project
	p.whole = len(files) > 0
	for i, file := range files {
		if !c.composeFile(file, i == 0) {
			p.whole = false
		}
	}
	c.topKeys()
	names := p.names()
	service, there := root.named("service")
	switch {
	case !there && root.find("service") == nil:
		c.add("DC-SERVICE", Fail, m.at, "there is no key service", "nothing says which service of the compose file is the devcontainer", `add "service"`)
	case there && p.whole && !slices.Contains(names, service.text):
		c.add("DC-SERVICE", Fail, service.at, fmt.Sprintf("no compose file has a service %q", service.text), "there are: "+strings.Join(names, ", "), suggested(service.text, names, "name one of these, or add the service"))
	}
	for _, item := range root.get("runServices").items {
		if p.whole && item.kind == text && !slices.Contains(names, item.text) {
			c.add("DC-SERVICE", Fail, item.at, fmt.Sprintf("runServices has %q", item.text), "no compose file has this service; there are: "+strings.Join(names, ", "), suggested(item.text, names, "name one of these, or take it out"))
		}
	}
	c.services()
}

func suggested(word string, known []string, otherwise string) string {
	if near := Near(word, known); near != "" {
		return fmt.Sprintf("write %q", near)
	}
	return otherwise
}

// composeFile reads a file; whole says that nothing of it comes from elsewhere.
// unreadable says where a file stops to be YAML.
// twice names keys that a mapping has twice.
