package daemon

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
)

// Merge gives a daemon.json the wanted settings. Everything else stays as it was
// written: other keys, their order, numbers, indentation, the end of lines. When
// nothing has to change, the bytes are the same.
func Merge(old []byte, want Settings) (merged []byte, changes []Change, err error) {
	if err := want.check(); err != nil {
		return nil, nil, err
	}
	return merge(old, want.wishes())
}

func merge(old []byte, wishes []wish) (merged []byte, changes []Change, err error) {
	if len(bytes.TrimSpace(old)) == 0 {
		if len(wishes) == 0 {
			return old, nil, nil
		}
		fresh, changes, err := merge([]byte("{}\n"), wishes)
		return fresh, changes, err
	}
	root, err := parse(old)
	if err != nil {
		return nil, nil, err
	}
	m := merging{text: old, layout: layoutOf(old, root)}
	m.object(root, "", wishes)
	return m.result(), m.changes, nil
}

// merging collects edits of a text.
type merging struct {
	text    []byte
	layout  layout
	edits   []edit
	changes []Change
}

type edit struct {
	start, end int
	text       string
}

func (m *merging) object(n node, path string, wishes []wish) {
	var missing []wish
	for _, w := range wishes {
		there, ok := n.find(w.key)
		switch {
		case !ok:
			missing = append(missing, w)
			m.note(path, w, "")
		case len(w.fields) > 0 && there.value.isObject(m.text):
			m.object(there.value, path+w.key+".", w.fields)
		case len(w.fields) > 0 || !same(m.text[there.value.start:there.value.end], []byte(w.value)):
			m.note(path, w, oneLine(m.text[there.value.start:there.value.end]))
			indent := m.layout.indentAt(m.text, there.keyStart)
			m.edits = append(m.edits, edit{there.value.start, there.value.end, m.layout.render(w, indent)})
		}
	}
	if len(missing) > 0 {
		m.edits = append(m.edits, m.layout.insert(m.text, n, missing))
	}
}

// note records a change, one for each field of an object.
func (m *merging) note(path string, w wish, old string) {
	if len(w.fields) == 0 {
		m.changes = append(m.changes, changeOf(path+w.key, old, w.value))
		return
	}
	for _, field := range w.fields {
		m.note(path+w.key+".", field, old)
	}
}

func (m *merging) result() []byte {
	slices.SortFunc(m.edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out []byte
	at := 0
	for _, e := range m.edits {
		out = append(append(out, m.text[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, m.text[at:]...)
}

// same compares two values, whatever their form. Numbers are the same when they
// are spelled alike: nothing is rounded.
func same(a, b []byte) bool {
	read := func(text []byte) (value any, ok bool) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		err := decoder.Decode(&value)
		return value, err == nil
	}
	x, okX := read(a)
	y, okY := read(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

// oneLine is a value as a message shows it.
func oneLine(text []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return string(text)
	}
	return out.String()
}
