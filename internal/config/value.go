package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// unlimited is how Unlimited is written; -1 is taken, too.
const unlimited = "unlimited"

// scalarOrList reads one value of a plain shape into dst, and reports whether
// it was right.
func (r *reader) scalarOrList(k key, n *yaml.Node, keyPath string, dst any) bool {
	if list, ok := dst.(*[]string); ok {
		return r.list(k, n, keyPath, list)
	}
	if n.Kind != yaml.ScalarNode {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	switch dst := dst.(type) {
	case *int:
		return r.number(k, n, keyPath, dst)
	case *time.Duration:
		return r.duration(k, n, keyPath, dst)
	case *Span:
		return r.span(k, n, keyPath, dst)
	case *int64:
		return r.size(k, n, keyPath, dst)
	case *bool:
		return r.truth(k, n, keyPath, dst)
	case **bool: // one without a default: nil is neither
		*dst = new(bool)
		return r.truth(k, n, keyPath, *dst)
	case *string:
		return r.word(k, n, keyPath, dst)
	}
	panic(fmt.Sprintf("config: the key %s is read into a %T", k.name, dst))
}

// word reads a text, a path or one of the choices.
func (r *reader) word(k key, n *yaml.Node, keyPath string, dst *string) bool {
	value, ok := r.text(k, n, keyPath)
	if !ok {
		return false
	}
	if k.shape == choice && !slices.Contains(k.choices, value) {
		rule := "known: " + strings.Join(k.choices, ", ")
		if near := nearest(value, k.choices); near != "" {
			rule = "did you mean " + near + "? " + rule
		}
		r.report(n, keyPath, fmt.Sprintf("unknown %s %s", k.name, quote(k.name, value)), rule)
		return false
	}
	if k.shape == path {
		value = r.absolute(value)
	}
	*dst = value
	return true
}

// text reads one text and holds it against the rule of its key.
func (r *reader) text(k key, n *yaml.Node, keyPath string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		want := wants(k)
		if k.shape == texts {
			want = "a text" // for each item
		}
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			want += "; put it in quotes"
		}
		r.wrongType(n, keyPath, want)
		return "", false
	}
	what, rule := "", ""
	switch {
	case strings.TrimSpace(n.Value) == "":
		what, rule = "empty", "give a value, or leave it out"
	case strings.ContainsFunc(n.Value, isControl):
		what, rule = "holds a line break or another control character", "a value is one line"
	case k.rule != nil:
		if rule = k.rule(n.Value); rule != "" {
			what = "got " + quote(k.name, n.Value)
		}
	}
	if what == "" && k.shape == path && strings.HasPrefix(n.Value, "~") && r.home == "" {
		what, rule = "got "+quote(k.name, n.Value), "HOME is not set: write the path without ~"
	}
	if what != "" {
		r.report(n, keyPath, what, rule)
		return "", false
	}
	return n.Value, true
}

func (r *reader) list(k key, n *yaml.Node, keyPath string, dst *[]string) bool {
	if n.Kind != yaml.SequenceNode {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	*dst = []string{}
	ok := true
	for i, item := range n.Content {
		value, right := r.text(k, item, fmt.Sprintf("%s[%d]", keyPath, i))
		if !right {
			ok = false
			continue
		}
		*dst = append(*dst, value)
		if r.layer > 0 {
			r.config.origins[fmt.Sprintf("%s[%d]", keyPath, len(*dst)-1)] = r.place(item)
		}
	}
	return ok
}

// number takes plain decimals only: YAML reads 010 as eight and 0x10 as sixteen.
func (r *reader) number(k key, n *yaml.Node, keyPath string, dst *int) bool {
	if k.shape == count && (n.Value == unlimited && n.ShortTag() == "!!str" || n.Value == "-1" && n.ShortTag() == "!!int") {
		*dst = Unlimited
		return true
	}
	if n.ShortTag() != "!!int" {
		want := wants(k)
		if _, err := strconv.Atoi(n.Value); err == nil && n.ShortTag() == "!!str" {
			want += "; remove the quotes"
		}
		r.wrongType(n, keyPath, want)
		return false
	}
	value, err := strconv.Atoi(n.Value)
	if err != nil || strconv.Itoa(value) != n.Value || value < k.min || value > k.max {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	*dst = value
	return true
}

func (r *reader) duration(k key, n *yaml.Node, keyPath string, dst *time.Duration) bool {
	value, ok := parseDuration(n.Value)
	if n.ShortTag() != "!!str" || !ok {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	*dst = value
	return true
}

func (r *reader) span(k key, n *yaml.Node, keyPath string, dst *Span) bool {
	if tag := n.ShortTag(); tag != "!!str" && n.Value != "0" {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	value, err := ParseSpan(n.Value)
	if err != nil {
		r.report(n, keyPath, "got "+quote("", n.Value), err.Error())
		return false
	}
	*dst = value
	return true
}

func (r *reader) size(k key, n *yaml.Node, keyPath string, dst *int64) bool {
	value, ok := parseSize(n.Value)
	if n.ShortTag() != "!!str" || !ok {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	*dst = value
	return true
}

func (r *reader) truth(k key, n *yaml.Node, keyPath string, dst *bool) bool {
	if n.ShortTag() != "!!bool" || n.Decode(dst) != nil {
		r.wrongType(n, keyPath, wants(k))
		return false
	}
	return true
}

// absolute makes a path absolute: ~ is HOME, the rest counts from the base of
// the file being read.
func (r *reader) absolute(p string) string {
	if p == "~" || strings.HasPrefix(p, "~/") {
		p = r.home + p[1:]
	}
	if !filepath.IsAbs(p) {
		p = filepath.Join(r.file.base, p)
	}
	return filepath.Clean(p)
}

// wrongType reports what a node is and what it should be. An alias gets a rule
// of its own: none is followed, so that no file can grow while it is read.
func (r *reader) wrongType(n *yaml.Node, keyPath, want string) {
	last := keyPath[strings.LastIndexAny(keyPath, ".")+1:]
	if n.Kind == yaml.AliasNode {
		r.report(n, keyPath, "got "+got(n, last), "aliases are not followed: write the value out")
		return
	}
	r.report(n, keyPath, "got "+got(n, last), "wants "+want)
}

// got names what a node is, for a person.
func got(n *yaml.Node, name string) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "the alias " + quote("", "*"+n.Value)
	}
	value := quote(name, n.Value)
	switch n.ShortTag() {
	case "!!str":
		return "the text " + value
	case "!!int", "!!float":
		return "the number " + strings.Trim(value, `"`)
	case "!!bool":
		return "the truth value " + strings.Trim(value, `"`)
	case "!!timestamp":
		return "the date " + value
	case "!!null":
		return "no value"
	case "!!merge":
		return "a merge of aliases (<<)"
	}
	return "a value with the tag " + quote("", n.Tag)
}

// wants names what a key takes, for a person.
func wants(k key) string {
	switch k.shape {
	case path:
		return "a path"
	case number:
		return fmt.Sprintf("a whole number from %d to %d", k.min, k.max)
	case count:
		return fmt.Sprintf("a whole number from 0 to %d, or unlimited", k.max)
	case span:
		return "a span such as 7d, 6m or 2y5m7d3h, or 0"
	case duration:
		return "a duration such as 90s, 90m, 2h or 30d"
	case truth:
		return "true or false"
	case choice:
		return "one of " + strings.Join(k.choices, ", ")
	case texts:
		return "a list, such as [one, two]"
	case sources:
		return "auto or a list of sources"
	case size:
		return "a size such as 5MB or 512MiB"
	case listing:
		if k.fallback == "auto" {
			return "auto or a list of " + k.name
		}
		return "a list of " + k.name
	}
	return "a text"
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func isControl(c rune) bool {
	return c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == 0x2028 || c == 0x2029
}
