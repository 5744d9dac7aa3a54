package symptom

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	windowBytes  = 256 << 10 // how much is searched at once
	contextBytes = 1 << 10   // no match reaches further from its literal
	excerptBytes = 400
)

// A search goes through one log. The window holds normalised text; its last
// contextBytes are searched with the next window, when what follows is known,
// and as much before that is kept for matches that began earlier.
type search struct {
	c        *Catalogue
	window   []byte
	offset   int64 // of the window's first byte in the whole text
	searched int   // index in the window up to which literals were looked for
	hits     [][]int
	compiled []*regexp.Regexp
	found    []*found // by entry
}

type found struct {
	rank  int
	at    int64
	spans [][2]int64
	Finding
}

func (c *Catalogue) newSearch() *search {
	return &search{
		c:        c,
		hits:     make([][]int, len(c.needles.patterns)),
		compiled: make([]*regexp.Regexp, len(c.needles.patterns)),
		found:    make([]*found, len(c.entries)),
	}
}

// take adds one normalised line.
func (s *search) take(line []byte) {
	if len(s.window) > 0 || s.offset > 0 {
		s.window = append(s.window, '\n')
	}
	s.window = append(s.window, line...)
	if len(s.window) >= windowBytes {
		s.scan(len(s.window) - contextBytes)
		s.slide()
	}
}

func (s *search) finish() { s.scan(len(s.window)) }

// slide drops what no later match can reach.
func (s *search) slide() {
	cut := max(0, s.searched-2*contextBytes)
	s.offset += int64(cut)
	s.searched -= cut
	s.window = append(s.window[:0], s.window[cut:]...)
}

func (s *search) scan(limit int) {
	for i := range s.hits {
		s.hits[i] = s.hits[i][:0]
	}
	s.c.needles.each(s.window, s.searched, limit, func(p, at int) {
		if s.wanted(p) {
			s.hits[p] = append(s.hits[p], at)
		}
	})
	s.searched = limit
	for p, hits := range s.hits {
		for len(hits) > 0 && s.wanted(p) {
			n := cluster(hits)
			s.try(p, max(0, hits[0]-contextBytes), min(len(s.window), hits[n-1]+contextBytes))
			hits = hits[n:]
		}
	}
}

// cluster counts the hits whose surroundings overlap: they are tried together,
// so that a text full of near misses is not read again for each of them.
func cluster(hits []int) int {
	n := 1
	for n < len(hits) && hits[n]-hits[n-1] < 2*contextBytes {
		n++
	}
	return n
}

// wanted is false when the entry was found by a pattern that tells as much.
func (s *search) wanted(p int) bool {
	f := s.found[s.c.needles.patterns[p].entry]
	return f == nil || s.c.needles.patterns[p].rank < f.rank
}

func (s *search) try(p, from, to int) {
	pat, text := s.c.needles.patterns[p], s.window[from:to]
	if !pat.possible(text) {
		return
	}
	if s.compiled[p] == nil {
		s.compiled[p] = pat.compile()
	}
	re := s.compiled[p]
	m := re.FindSubmatchIndex(text)
	if m == nil {
		return
	}
	f := &found{rank: pat.rank, at: s.offset + int64(from+m[0])}
	f.spans = append(f.spans, [2]int64{f.at, s.offset + int64(from+m[1])})
	if before := s.found[pat.entry]; before != nil {
		f.spans = append(f.spans, before.spans...)
	}
	named := map[string]string{}
	for g := 1; g < len(m)/2; g++ {
		if m[2*g] < 0 || m[2*g] == m[2*g+1] {
			continue
		}
		value := strings.ReplaceAll(string(text[m[2*g]:m[2*g+1]]), "\n", " ")
		f.Values = append(f.Values, value)
		if name := re.SubexpNames()[g]; name != "" {
			named[name] = value
		}
	}
	f.Entry = s.c.entries[pat.entry].filled(named)
	f.Excerpt = excerpt(s.window, from+m[0], from+m[1])
	s.found[pat.entry] = f
}

// findings returns what was found in the order of the catalogue, without the
// entries that recognised only what a more specific one did.
func (s *search) findings() []Finding {
	var all []Finding
	var taken [][2]int64
	for _, f := range s.found {
		if f == nil || slices.ContainsFunc(taken, func(t [2]int64) bool { return overlap(t, f.spans[0]) }) {
			continue
		}
		taken = append(taken, f.spans...)
		all = append(all, f.Finding)
	}
	return all
}

func overlap(a, b [2]int64) bool { return a[0] < b[1] && b[0] < a[1] }

// excerpt returns the whole lines around a match, or as much of them as fits.
func excerpt(text []byte, from, to int) string {
	for from > 0 && text[from-1] != '\n' && to-from < excerptBytes {
		from--
	}
	for to < len(text) && text[to] != '\n' && to-from < excerptBytes {
		to++
	}
	for from < to && !utf8.RuneStart(text[from]) {
		from++
	}
	for to < len(text) && to > from && !utf8.RuneStart(text[to]) {
		to--
	}
	return string(text[from:to])
}
