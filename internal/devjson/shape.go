package devjson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/config"
)

// shape is what a value may be.
type shape struct {
	kinds   string           // letters of kindNames; "" is any
	soft    bool             // another type passes, and may work
	enum    []string         // the texts that it may be
	pattern string           // or what a text looks like
	like    string           // an example of the pattern
	effect  string           // what comes of another text
	keys    map[string]shape // the keys of an object; nil: any
	each    *shape           // what a list holds, or an object without keys
}

// kindNames are the kinds of values, for people.
func kindNames() map[byte]string {
	return map[byte]string{'s': "a text", 'n': "a number", 'b': "true or false", 'l': "a list", 'o': "an object", '0': "null"}
}

// letter is the kind of a value, of which a number, a truth and null are three.
func (v value) letter() byte {
	switch {
	case v.kind == text:
		return 's'
	case v.kind == array:
		return 'l'
	case v.kind == object:
		return 'o'
	case v.text == "true" || v.text == "false":
		return 'b'
	case v.text == "null":
		return '0'
	}
	return 'n'
}

// shaped judges a value and what is in it.
func (c *check) shaped(name string, v value, s shape) {
	if letter := v.letter(); s.kinds != "" && strings.IndexByte(s.kinds, letter) < 0 {
		var may []string
		for _, k := range []byte(s.kinds) {
			may = append(may, kindNames()[k])
		}
		state := Fail
		if s.soft {
			state = Warn
		}
		c.add("DC-TYPE", state, v.at, name+" is "+kindNames()[letter], "it has to be "+strings.Join(may, ", or "), "correct the value: "+example(s.kinds[0]))
		return
	}
	if v.kind == text && !strings.Contains(v.text, "${") {
		c.worded(name, v, s)
	}
	for _, item := range v.items {
		if s.each != nil {
			c.shaped("an item of "+name, item, *s.each)
		}
	}
	for _, m := range v.last() {
		inner, known := s.keys[m.key]
		switch {
		case known:
			c.shaped(name+"."+m.key, m.value, inner)
		case s.keys != nil:
			c.stranger(name+".", m, v, s.keys)
		case s.each != nil:
			c.shaped(name+"."+m.key, m.value, *s.each)
		}
	}
}

func example(letter byte) string {
	return map[byte]string{'s': `"text"`, 'n': "8000", 'b': "true", 'l': `["one", "two"]`, 'o': `{"key": "value"}`, '0': "null"}[letter]
}

// worded judges what a text says.
func (c *check) worded(name string, v value, s shape) {
	switch {
	case len(s.enum) > 0 && !slices.Contains(s.enum, v.text):
		fix := "write one of: " + strings.Join(s.enum, ", ")
		if near := Near(v.text, s.enum); near != "" {
			fix = fmt.Sprintf("write %q; there are: %s", near, strings.Join(s.enum, ", "))
		}
		c.add("DC-ENUM", Fail, v.at, fmt.Sprintf("%s is %q", name, v.text), s.effect, fix)
	case s.pattern != "" && !regexp.MustCompile(s.pattern).MatchString(v.text):
		c.add("DC-VALUE", Fail, v.at, fmt.Sprintf("%s is %q", name, v.text), s.effect, "write it like "+s.like)
	}
}

// stranger judges a key that the reference does not have.
func (c *check) stranger(prefix string, m member, of value, known map[string]shape) {
	if m.key == "" || strings.ContainsAny(m.key[:1], "$_#/") || strings.HasPrefix(m.key, "x-") {
		return // so people write comments
	}
	near := Near(m.key, names(known))
	switch {
	case near != "" && of.find(near) == nil:
		c.add("DC-KEY", Fail, m.at, fmt.Sprintf("%s%s", prefix, m.key), "no tool knows this key, and it is passed over without a word", fmt.Sprintf("write %q", near))
	case near != "":
		c.add("DC-KEY", Warn, m.at, fmt.Sprintf("%s%s", prefix, m.key), fmt.Sprintf("no tool knows this key; %q is there as well", near), "take it out")
	default:
		c.add("DC-KEY", Warn, m.at, fmt.Sprintf("%s%s", prefix, m.key), "the reference has no such key: it is passed over without a word", "https://containers.dev/implementors/json_reference has the keys; what belongs to a tool goes below customizations")
	}
}

func names(of map[string]shape) (all []string) {
	for name := range of {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Near is the name that a person meant: the same but for capitals, or one that
// is near.
func Near(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return k
		}
	}
	lower := make([]string, len(known))
	for i, k := range known {
		lower[i] = strings.ToLower(k)
	}
	if i := slices.Index(lower, config.Nearest(word, lower)); i >= 0 {
		return known[i]
	}
	return ""
}
