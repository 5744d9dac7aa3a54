package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
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
	if near := likely(word, known); near != "" {
		return fmt.Sprintf("write %q", near)
	}
	return otherwise
}

// composeFile reads a file; whole says that nothing of it comes from elsewhere.
func (c *check) composeFile(file value, first bool) (whole bool) {
	where, known := c.inProject(path.Dir(c.path), file.text)
	if !known {
		return false
	}
	if first {
		c.project.dir = path.Dir(where)
	}
	in, err := c.look(where)
	if errors.Is(err, fs.ErrNotExist) {
		c.add("DC-COMPOSE", Fail, file.at, where+" is not there", "the path is taken from the folder of "+c.path, "correct the path, or add the file"+c.elsewhere(path.Base(where), path.Dir(where)))
		return false
	}
	var read yaml.Node
	if err == nil {
		err = yaml.Unmarshal(in, &read)
	}
	if err != nil {
		c.unreadable(where, in, err)
		return false
	}
	foreign := regexp.MustCompile(`\$\{?(localWorkspaceFolder|containerWorkspaceFolder|localEnv:|containerEnv:)\w*`)
	if at := foreign.FindIndex(in); at != nil {
		line := bytes.Count(in[:at[0]], []byte("\n")) + 1
		c.addAt("DC-VARIABLE", Warn, fmt.Sprintf("%s:%d", where, line), string(in[at[0]:at[1]]), "only devcontainer.json knows this variable; Compose takes it for an empty one", "write the path, or give the variable a value in .env")
	}
	if len(read.Content) == 0 {
		c.addAt("DC-COMPOSE", Fail, where, "the file is empty", "Compose says \"empty compose file\"", "write its services")
		return false
	}
	c.project.files = append(c.project.files, where)
	c.twice(where, read.Content[0], 0)
	whole = true
	for _, f := range fields(where, read.Content[0]) {
		c.project.tops = append(c.project.tops, f)
		switch f.key.Value {
		case "include":
			whole = false
		case "services":
			for _, s := range fields(where, f.in) {
				known := c.project.service(s.key.Value)
				if known == nil {
					known = &service{name: s.key.Value}
					c.project.services = append(c.project.services, known)
				}
				known.parts = append(known.parts, s)
			}
		}
	}
	return whole
}

// unreadable says where a file stops to be YAML.
func (c *check) unreadable(where string, in []byte, err error) {
	said := strings.ReplaceAll(err.Error(), "\n", " ")
	fix := "docker compose -f " + where + " config shows more"
	at := where
	if line := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(said); line != nil {
		at += ":" + line[1]
	}
	n := 0
	for line := range bytes.Lines(in) {
		if n++; regexp.MustCompile(`^ *\t\s*\S`).Match(line) {
			c.addAt("DC-COMPOSE", Fail, fmt.Sprintf("%s:%d", where, n), "the line begins with a tab", "YAML takes spaces only: "+said, "put spaces in its place: expand -t 2 "+where)
			return
		}
	}
	c.addAt("DC-COMPOSE", Fail, at, "it cannot be read", said, fix)
}

// twice names keys that a mapping has twice.
func (c *check) twice(file string, of *yaml.Node, depth int) {
	if depth > 50 {
		return
	}
	seen := map[string]int{}
	for i, n := range of.Content {
		if of.Kind == yaml.MappingNode && i%2 == 0 {
			if line, there := seen[n.Value]; there && n.Tag != "!!merge" {
				c.addAt("DC-DUPLICATE", Fail, fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column), fmt.Sprintf("the key %q is there already, in line %d", n.Value, line), "Compose says \"mapping key already defined\" and does not start", "take one of the two out")
			}
			seen[n.Value] = n.Line
		}
		c.twice(file, n, depth+1)
	}
}
