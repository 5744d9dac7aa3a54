package devjson

// get is the value of a member, or one without a kind.
func (v value) get(key string) value {
	if m := v.find(key); m != nil {
		return m.value
	}
	return value{}
}

// last are the members that count, in the order of the file: of a key that is
// there twice, the last one.
func (v value) last() []member {
	var counted []member
	for i := range v.members {
		if v.find(v.members[i].key) == &v.members[i] {
			counted = append(counted, v.members[i])
		}
	}
	return counted
}

// word is a text, or "".
func (v value) word() string {
	if v.kind == text {
		return v.text
	}
	return ""
}

// scalar is a text, a number, true or false, as a text; null is "".
func (v value) scalar() string {
	if v.text == "null" && v.kind == other {
		return ""
	}
	return v.text
}

// words are the texts and numbers of a list, or the one that stands alone.
func (v value) words() (all []string) {
	if v.kind == array {
		for _, item := range v.items {
			if word := item.scalar(); word != "" {
				all = append(all, word)
			}
		}
		return all
	}
	if word := v.scalar(); word != "" {
		all = append(all, word)
	}
	return all
}

// table are the members that are no list and no object; null are those that are
// null.
func (v value) table() (pairs map[string]string, null []string) {
	for _, m := range v.last() {
		switch {
		case m.value.kind == other && m.value.text == "null":
			null = append(null, m.key)
		case m.value.kind == text || m.value.kind == other:
			if pairs == nil {
				pairs = map[string]string{}
			}
			pairs[m.key] = m.value.text
		}
	}
	return pairs, null
}

// yes is true or false, and nil when it is neither.
func (v value) yes() *bool {
	if v.kind != other || v.text != "true" && v.text != "false" {
		return nil
	}
	yes := v.text == "true"
	return &yes
}
