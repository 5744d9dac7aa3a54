// Package symptom explains the output of a failed program.
//
// The catalogue is data: one YAML file a procedure, each entry with the text
// that a program prints, what it means, what to do about it, and samples of
// real output that the tests hold against the patterns. Programs are asked with
// LC_ALL=C, so one pattern a wording is enough.
//
// A log is never searched as a whole. Each pattern names, without being told
// to, its longest literal text; one pass over the log finds all literals of all
// patterns at once, and a regular expression runs only around such a place. So
// a log of any size takes one pass and a fixed amount of memory.
//
// Logs arrive wrapped, coloured, framed and stamped. Normalise undoes that
// before anything is compared; in a pattern a blank stands for any white space,
// line breaks included.
package symptom

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Text is a text in both languages.
type Text struct {
	ES string `yaml:"es"`
	EN string `yaml:"en"`
}

// In returns the text in a language: Spanish for "es", else English.
func (t Text) In(lang string) string {
	if lang == "es" {
		return t.ES
	}
	return t.EN
}

// Entry is one symptom: how it shows, why it happens and what helps.
//
// Cause and Fix may hold {name} or {name|default}: the value of the pattern's
// group of that name, or the default where this wording does not tell it. What
// Entries and the findings hand out is filled in.
type Entry struct {
	ID         string   `yaml:"id"`
	Patterns   []string `yaml:"patterns"` // any of them; those that tell more come first
	Cause      Text     `yaml:"cause"`
	Fix        Text     `yaml:"fix"`
	Next       string   `yaml:"next"` // the target to run next, or nothing
	Source     string   `yaml:"source"`
	Samples    []string `yaml:"samples"`
	With       []string `yaml:"with"`       // entries that rightly show up in the same samples
	Unverified bool     `yaml:"unverified"` // never held against a live program
	General    bool     `yaml:"general"`    // the words of many programs: it speaks after all that know more
}

// Finding is an entry that was recognised in a text.
type Finding struct {
	Entry            // with Cause and Fix filled in
	Excerpt string   // the lines that were recognised
	Values  []string // what the pattern's groups matched, without the empty ones
}

// Catalogue holds the entries, the most specific first: file after file, then
// those that are general.
type Catalogue struct {
	entries []Entry
	needles *needles
}

// Entries returns all entries in order, with the defaults in their texts.
func (c *Catalogue) Entries() []Entry {
	entries := slices.Clone(c.entries)
	for i := range entries {
		entries[i] = entries[i].filled(nil)
	}
	return entries
}

// Match explains a text: what was recognised in it, the most specific first.
// Of several entries that recognise the same words, the first one counts.
func (c *Catalogue) Match(text string) []Finding {
	found, _ := c.ExplainReader(strings.NewReader(text)) // a strings.Reader has no errors
	return found
}

// MatchPreferring is Match with the findings of some ids first, in the order
// of these ids: a step knows which symptoms are likely in its programs.
func (c *Catalogue) MatchPreferring(text string, ids []string) []Finding {
	found := c.Match(text)
	rank := func(f Finding) int {
		if i := slices.Index(ids, f.ID); i >= 0 {
			return i
		}
		return len(ids)
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return rank(a) - rank(b) })
	return found
}

// ExplainReader explains a log of any size in a fixed amount of memory. Where
// reading fails it returns what it found up to there, and the error.
func (c *Catalogue) ExplainReader(r io.Reader) ([]Finding, error) {
	s := c.newSearch()
	lines := newNormaliser(s.take)
	err := lines.readFrom(r)
	s.finish()
	if err != nil {
		return s.findings(), fmt.Errorf("read log: %w", err)
	}
	return s.findings(), nil
}
