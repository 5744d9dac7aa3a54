package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// entries is a list of mappings in the configuration. The keys of an entry are a
// table of their own, whose values go into that entry.
type entries struct {
	auto  *bool  // takes the word auto; nil: it does not
	clear func() // drops what a weaker file said: a list is replaced whole
	add   func() (keys []key, done func(given []string, origin string))
	count func() int
	keys  func(i int) []key
}

// entryList reads a list of mappings.
func (r *reader) entryList(k key, n *yaml.Node, keyPath string) bool {
	list := k.entries(r.config)
	word := n.Kind == yaml.ScalarNode && n.Value == "auto" && list.auto != nil
	if !word && n.Kind != yaml.SequenceNode {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	list.clear()
	for old := range r.config.origins {
		if strings.HasPrefix(old, keyPath+"[") {
			delete(r.config.origins, old)
		}
	}
	if list.auto != nil {
		*list.auto = word
	}
	if word {
		return true
	}
	if len(n.Content) == 0 {
		r.report(n, keyPath, "an empty list", "remove the key, or write at least one entry")
	}
	lines := map[string]int{} // of the names so far
	for i, item := range n.Content {
		r.entry(list, item, fmt.Sprintf("%s[%d]", keyPath, i), lines)
	}
	return true
}

func (r *reader) entry(list entries, n *yaml.Node, keyPath string, lines map[string]int) {
	keys, done := list.add()
	for _, k := range keys {
		if k.fallback != "" {
			r.scalarOrList(k, fallbackNode(k), keyPath+"."+k.name, k.at(r.config, nil))
		}
	}
	if n.Kind != yaml.MappingNode {
		r.wrongType(n, keyPath, "keys and values ("+names(keys, "")+")")
		return
	}
	given := r.section(keys, n, keyPath+".", nil)
	done(given, r.place(n).String())
	for _, k := range keys {
		if k.required && !slices.Contains(given, k.name) {
			r.report(n, keyPath, "no "+k.name, "give "+k.name+": "+wants(k))
		}
		if name, is := r.config.origins[keyPath+".name"]; is && k.name == "name" {
			text := display(k, k.at(r.config, nil))
			if line, again := lines[text]; again {
				r.reportAt(name, keyPath+".name", fmt.Sprintf("the name %q is taken by the entry in line %d", text, line), "every entry has a name of its own")
			}
			lines[text] = n.Line
		}
	}
}

// showEntries lists the values of a list of mappings.
func (c *Config) showEntries(k key, keyPath string) []Setting {
	list := k.entries(c)
	if list.auto != nil && *list.auto {
		return []Setting{{keyPath, "auto", c.origins[keyPath].String()}}
	}
	var settings []Setting
	for i := range list.count() {
		settings = append(settings, c.show(list.keys(i), fmt.Sprintf("%s[%d].", keyPath, i), nil)...)
	}
	return settings
}

// entrySchema is the schema of one entry.
func entrySchema(keys []key) object {
	s := sectionSchema(keys)
	s["type"] = "object"
	if needed := required(keys, ""); len(needed) > 0 {
		s["required"] = needed
	}
	return s
}

func entriesSchema(k key) object {
	list := object{"type": "array", "minItems": 1, "items": entrySchema(k.keys)}
	if k.fallback == "auto" {
		return object{"anyOf": []object{{"const": "auto"}, list}}
	}
	return list
}

// entryExample shows one entry with every key there is.
func (c *commenter) entryExample(k key, indent string) {
	start := "- "
	for _, ek := range k.keys {
		line := indent + start + ek.name + ":"
		if ek.shape != listing {
			line += " " + cmp.Or(ek.example, ek.fallback)
		}
		c.line(beside(line, 46, "# "+c.say(ek.en, ek.es)))
		if start = "  "; ek.shape == listing {
			c.entryExample(ek, indent+"    ")
		}
	}
}
