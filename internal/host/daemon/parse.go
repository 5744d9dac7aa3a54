package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"iact-infra/internal/fault"
)

// node is a value in the text of a file: where it is, and what it holds.
type node struct {
	start, end int
	members    []member // of an object
}

type member struct {
	key              string
	keyStart, keyEnd int
	value            node
}

func (n node) isObject(text []byte) bool { return text[n.start] == '{' }

func (n node) find(key string) (member, bool) {
	for _, m := range n.members {
		if m.key == key {
			return m, true
		}
	}
	return member{}, false
}

// hint is for every file that cannot be read.
const hint = "correct the file by hand, or move it away to begin with an empty one"

// parse reads a file that must hold one JSON object. A key that is there twice
// is an error: the daemon takes one of the two, and which one was meant is not
// known.
func parse(text []byte) (node, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return node{}, fault.New(fault.Usage, hint, unreadable(text, err))
	}
	w := walker{text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	root, err := w.value("")
	if err == nil && !root.isObject(text) {
		err = fmt.Errorf("read daemon.json: %s: it holds no object", position(text, root.start))
	}
	if err != nil {
		return node{}, fault.New(fault.Usage, hint, err)
	}
	return root, nil
}

// unreadable says where the text stops being JSON.
func unreadable(text []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("read daemon.json: %w", err)
	}
	offset := min(max(0, int(syntax.Offset)-1), len(text))
	at, rest := position(text, offset), text[offset:]
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return fmt.Errorf("read daemon.json: %s: the file begins with a byte order mark: %w", at, err)
	case bytes.HasPrefix(rest, []byte("/")), bytes.HasPrefix(rest, []byte("#")):
		return fmt.Errorf("read daemon.json: %s: JSON has no comments: %w", at, err)
	default:
		return fmt.Errorf("read daemon.json: %s: %w", at, err)
	}
}

// position is a place in the text as line and column, for people.
func position(text []byte, offset int) string {
	before := text[:min(max(0, offset), len(text))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(bytes.Runes(before[bytes.LastIndexByte(before, '\n')+1:])) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

// walker reads tokens together with their places.
type walker struct {
	text    []byte
	decoder *json.Decoder
}

func (w *walker) token() (token json.Token, start, end int, err error) {
	start = int(w.decoder.InputOffset())
	token, err = w.decoder.Token()
	// The decoder counts what stands between two tokens to neither.
	for start < len(w.text) && bytes.IndexByte([]byte(" \t\r\n,:"), w.text[start]) >= 0 {
		start++
	}
	return token, start, int(w.decoder.InputOffset()), err
}

func (w *walker) value(path string) (node, error) {
	token, start, end, err := w.token()
	if err != nil {
		return node{}, fmt.Errorf("read daemon.json: %s: %w", position(w.text, start), err)
	}
	n := node{start: start, end: end}
	switch token {
	case json.Delim('{'):
		err = w.object(path, &n)
	case json.Delim('['):
		for err == nil && w.decoder.More() {
			_, err = w.value(path + "[]")
		}
	default:
		return n, nil
	}
	if err != nil {
		return node{}, err
	}
	_, _, n.end, err = w.token()
	return n, err
}

func (w *walker) object(path string, n *node) error {
	for w.decoder.More() {
		token, start, end, err := w.token()
		if err != nil {
			return fmt.Errorf("read daemon.json: %s: %w", position(w.text, start), err)
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("read daemon.json: %s: a key is no text", position(w.text, start))
		}
		name := key
		if path != "" {
			name = path + "." + key
		}
		if first, twice := n.find(key); twice {
			return fmt.Errorf("read daemon.json: %s: the key %q is there twice, first at %s", position(w.text, start), name, position(w.text, first.keyStart))
		}
		value, err := w.value(name)
		if err != nil {
			return err
		}
		n.members = append(n.members, member{key: key, keyStart: start, keyEnd: end, value: value})
	}
	return nil
}
