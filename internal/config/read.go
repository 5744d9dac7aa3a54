package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader lays one file over the other into config and gathers the problems.
// A later file replaces single keys; a list it replaces whole.
type reader struct {
	config   *Config
	home     string
	layer    int
	file     file // the one being read; the zero file while defaults are set
	problems Problems
}

func newReader(root, home string) *reader {
	return &reader{config: &Config{Root: root, origins: map[string]place{}}, home: home, file: file{base: root}}
}

// read lays one file over what is there already.
func (r *reader) read(f file) {
	r.layer++
	r.file = f
	node, problem := parse(f.data)
	if problem != nil {
		problem.File, problem.layer = f.name, r.layer
		r.problems = append(r.problems, *problem)
		return
	}
	if node != nil {
		r.section(table(), node, "", nil)
	}
}

func (r *reader) place(n *yaml.Node) place {
	return place{r.file.name, n.Line, n.Column, r.layer}
}

// report adds a problem at a node.
func (r *reader) report(n *yaml.Node, keyPath, what, rule string) {
	r.reportAt(r.place(n), keyPath, what, rule)
}

func (r *reader) reportAt(at place, keyPath, what, rule string) {
	r.problems = append(r.problems, Problem{File: at.file, Line: max(at.line, 1), Col: max(at.col, 1),
		Key: keyPath, What: what, Rule: rule, layer: at.layer})
}

// section reads a mapping. An empty section, all of whose keys are commented
// out, is as good as none. It returns the keys that it saw.
func (r *reader) section(keys []key, n *yaml.Node, prefix string, s *Source) []string {
	if isNull(n) && s == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.wrongType(n, strings.TrimSuffix(prefix, "."), "keys and values ("+names(keys, "")+")")
		return nil
	}
	kind := kindOf(s)
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if name.Kind != yaml.ScalarNode || name.ShortTag() == "!!merge" {
			r.report(name, prefix+"?", "a key is "+got(name, ""), "a key is one of "+names(keys, kind))
			continue
		}
		keyPath := prefix + mask("", oneLine(name.Value))
		if slices.Contains(seen, name.Value) {
			r.report(name, keyPath, "the key stands here a second time", "remove one of the two")
			continue
		}
		seen = append(seen, name.Value)
		at := slices.IndexFunc(keys, func(k key) bool { return k.name == name.Value })
		switch {
		case at < 0 && isPassword(name.Value) && nearest(name.Value, namesOf(keys, kind)) == "":
			r.report(name, keyPath, "a password in clear text is refused",
				"put it alone into a file of mode 0600 and name that: password_file: FILE; or use ~/.pgpass")
		case at < 0:
			what, rule := unknown(name.Value, keys, kind)
			r.report(name, keyPath, what, rule)
		case !keys[at].takes(kind):
			r.report(name, keyPath, fmt.Sprintf("not a key of kind %s but of %s", kind, strings.Join(keys[at].kinds, ", ")),
				"keys of "+kind+": "+names(keys, kind))
		default:
			r.value(keys[at], name, value, prefix+keys[at].name, s)
		}
	}
	return seen
}

// value reads the value of one key to where the table says that it goes.
func (r *reader) value(k key, name, n *yaml.Node, keyPath string, s *Source) {
	if k.shape == section {
		r.clear(k, n, keyPath)
		r.section(k.keys, n, keyPath+".", nil)
		return
	}
	if isNull(n) {
		rule := "give " + wants(k)
		if !k.required {
			rule += ", or remove the key for its default"
		}
		r.report(name, keyPath, "no value", rule)
		return
	}
	var ok bool
	switch k.shape {
	case sources:
		ok = r.sources(k, n, keyPath)
	case listing:
		ok = r.entryList(k, n, keyPath)
	default:
		ok = r.scalarOrList(k, n, keyPath, k.at(r.config, s))
	}
	if ok && r.layer > 0 {
		r.config.origins[keyPath] = r.place(n)
	}
}

// clear drops what a weaker file or the defaults say of a section that is given
// whole. What is left out of it comes from the place where the section stands.
func (r *reader) clear(k key, n *yaml.Node, keyPath string) {
	if k.clear == nil || n.Kind != yaml.MappingNode {
		return
	}
	k.clear(r.config)
	for _, rule := range k.keys {
		r.scalarOrList(rule, fallbackNode(rule), keyPath+"."+rule.name, rule.at(r.config, nil))
		if r.layer > 0 {
			r.config.origins[keyPath+"."+rule.name] = r.place(n)
		}
	}
}

// sources reads the list of sources, or the word auto.
func (r *reader) sources(k key, n *yaml.Node, keyPath string) bool {
	if n.Kind == yaml.ScalarNode && n.Value == "auto" {
		r.config.Backup.Auto = true
		r.forgetSources(keyPath)
		return true
	}
	if n.Kind != yaml.SequenceNode {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	r.config.Backup.Auto = false
	r.forgetSources(keyPath)
	if len(n.Content) == 0 {
		r.report(n, keyPath, "an empty list: nothing would be backed up", "write auto, or at least one source")
	}
	lines := map[string]int{} // of the names so far
	for i, item := range n.Content {
		itemPath := fmt.Sprintf("%s[%d]", keyPath, i)
		s := r.source(k.keys, item, itemPath)
		if line, again := lines[s.Name]; again {
			r.reportAt(r.config.origins[itemPath+".name"], itemPath+".name",
				fmt.Sprintf("the name %q is taken by the source in line %d", s.Name, line), "every source has a name of its own")
		} else if s.Name != "" {
			lines[s.Name] = item.Line
		}
		r.config.Backup.Sources = append(r.config.Backup.Sources, s)
	}
	return true
}

// forgetSources drops what a weaker file said: a list is replaced whole.
func (r *reader) forgetSources(keyPath string) {
	r.config.Backup.Sources = nil
	for old := range r.config.origins {
		if strings.HasPrefix(old, keyPath+"[") {
			delete(r.config.origins, old)
		}
	}
}

// source reads one entry of the list. Its kind comes first, wherever it
// stands: it decides which other keys there are.
func (r *reader) source(keys []key, n *yaml.Node, keyPath string) Source {
	s := Source{Kind: peekKind(n), Origin: r.place(n).String()}
	r.sourceDefaults(keys, &s)
	seen := r.section(keys, n, keyPath+".", &s)
	if n.Kind != yaml.MappingNode {
		return s
	}
	for _, k := range keys {
		if k.required && (len(k.kinds) == 0 || slices.Contains(k.kinds, s.Kind)) && !slices.Contains(seen, k.name) {
			r.report(n, keyPath, "no "+k.name, "a source needs "+k.name+": "+wants(k))
		}
	}
	if (s.Kind == "postgres" || s.Kind == "mariadb") && s.Database == "" {
		s.Database = s.Name
	}
	if s.Kind == "volume" && s.Volume == "" {
		s.Volume = s.Name
	}
	if s.Kind == "vm" && s.Machine == "" {
		s.Machine = s.Name
	}
	if slices.Contains(seen, "socket") && slices.Contains(seen, "host") {
		r.reportAt(r.config.origins[keyPath+".socket"], keyPath+".socket", "socket and host are both given", "a server is reached in one way: remove one of the two")
	}
	r.checkPasswordFile(s, keyPath+".password_file")
	r.checkFarPaths(s, n, keyPath)
	return s
}

// checkFarPaths refuses paths of another place that would have been made paths
// of this machine.
func (r *reader) checkFarPaths(s Source, n *yaml.Node, keyPath string) {
	if s.Via == "" || s.Via == "local" {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		if (name == "path" || name == "socket") && value.Kind == yaml.ScalarNode && value.Value != "" && !strings.HasPrefix(value.Value, "/") {
			r.report(value, keyPath+"."+name, "got "+quote(name, value.Value), "a path of "+s.Via+" is written from /: ~ and relative paths are of this machine")
		}
	}
}

// peekKind finds the kind of a source before its keys are judged.
func peekKind(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "kind" && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func kindOf(s *Source) string {
	if s == nil {
		return ""
	}
	return s.Kind
}

// defaults sets every key outside of sources to its default, through the same
// code that reads a file.
func (r *reader) defaults() {
	var set func(keys []key)
	set = func(keys []key) {
		for _, k := range keys {
			switch {
			case k.shape == section && k.fallback == "":
				set(k.keys)
			case k.fallback != "": // else the zero value
				r.value(k, nil, fallbackNode(k), k.name, nil)
			}
		}
	}
	set(table())
}

func (r *reader) sourceDefaults(keys []key, s *Source) {
	for _, k := range keys {
		if k.fallback = k.fallbackOf(s.Kind); k.fallback != "" && k.takes(s.Kind) {
			r.scalarOrList(k, fallbackNode(k), k.name, k.at(r.config, s))
		}
	}
}

func fallbackNode(k key) *yaml.Node {
	n, problem := parse([]byte(k.fallback))
	if problem != nil || n == nil {
		panic("config: the default of " + k.name + " is not YAML")
	}
	return n
}
