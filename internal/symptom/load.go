package symptom

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed data/*.yaml
var data embed.FS

// Load parses the catalogue. It costs milliseconds, so a caller does it when
// something has failed, not before. Regular expressions are compiled later
// still: when the literal text of a pattern has been seen.
func Load() (*Catalogue, error) {
	names, err := fs.Glob(data, "data/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list symptoms: %w", err)
	}
	var entries []Entry
	for _, name := range names {
		content, err := fs.ReadFile(data, name)
		if err != nil {
			return nil, fmt.Errorf("read symptoms: %w", err)
		}
		more, err := parse(content)
		if err != nil {
			return nil, fmt.Errorf("parse symptoms %s: %w", name, err)
		}
		entries = append(entries, more...)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return rank(a) - rank(b) })
	return newCatalogue(entries)
}

// rank puts the general entries last: "no space left on device" is found too
// where another entry knows whose device it is, whatever file that stands in.
func rank(e Entry) int {
	if e.General {
		return 1
	}
	return 0
}

func parse(content []byte) ([]Entry, error) {
	var entries []Entry
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	if err := dec.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return entries, nil
}

func newCatalogue(entries []Entry) (*Catalogue, error) {
	c := &Catalogue{entries: entries}
	var patterns []pattern
	for i, e := range entries {
		if len(e.Patterns) == 0 {
			return nil, fmt.Errorf("parse symptom %s: no pattern", e.ID)
		}
		groups := map[string]bool{}
		for rank, source := range e.Patterns {
			p, names, err := newPattern(source)
			if err != nil {
				return nil, fmt.Errorf("parse symptom %s: %w", e.ID, err)
			}
			for _, name := range names {
				groups[name] = true
			}
			p.entry, p.rank = i, rank
			patterns = append(patterns, p)
		}
		if name := unknownPlaceholder(e, groups); name != "" {
			return nil, fmt.Errorf("parse symptom %s: no pattern has a group for {%s}", e.ID, name)
		}
	}
	c.needles = newNeedles(patterns)
	return c, nil
}

// filled returns the entry with the placeholders of its texts replaced.
func (e Entry) filled(values map[string]string) Entry {
	e.Cause = Text{ES: fill(e.Cause.ES, values), EN: fill(e.Cause.EN, values)}
	e.Fix = Text{ES: fill(e.Fix.ES, values), EN: fill(e.Fix.EN, values)}
	return e
}

// fill replaces {name|default}. A log may hold anything, and a fix is made to
// be pasted into a shell: only values of harmless characters are let in.
func fill(text string, values map[string]string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return placeholder().ReplaceAllStringFunc(text, func(p string) string {
		name, fallback, ok := strings.Cut(p[1:len(p)-1], "|")
		if v := values[name]; v != "" && harmless(v) {
			return v
		}
		if !ok {
			return "<" + name + ">"
		}
		return fallback
	})
}

// unknownPlaceholder returns a placeholder that no pattern could ever fill.
func unknownPlaceholder(e Entry, groups map[string]bool) string {
	for _, text := range []string{e.Cause.ES, e.Cause.EN, e.Fix.ES, e.Fix.EN} {
		if !strings.Contains(text, "{") {
			continue
		}
		for _, p := range placeholder().FindAllString(text, -1) {
			if name, _, _ := strings.Cut(strings.Trim(p, "{}"), "|"); !groups[name] {
				return name
			}
		}
	}
	return ""
}

func placeholder() *regexp.Regexp {
	return regexp.MustCompile(`\{[a-z]+(\|[^{}]*)?\}`)
}

func harmless(value string) bool {
	if len(value) > 128 || strings.HasPrefix(value, "-") {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return false
		}
		return !strings.ContainsRune("._-/@:+", r)
	})
}
