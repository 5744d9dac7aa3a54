package debug

import (
	"bufio"
	"container/heap"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is one line of a log.
type Entry struct {
	Time    time.Time `json:"time"`
	Source  string    `json:"source"` // engine, events, container NAME, lifecycle, server FILE
	Stream  string    `json:"stream,omitempty"`
	Line    string    `json:"line"`
	Symptom *Symptom  `json:"symptom,omitempty"` // what was recognised in it
}

// Symptom is what a line means.
type Symptom struct {
	ID    string `json:"id"`
	Cause string `json:"cause"`
	Fix   string `json:"fix"`
}

// source is a log, read line by line. Its lines are in the order of time.
type source struct {
	name, stream string
	in           io.Reader
	close        func() error
	// parse takes the time off a line; false for one that has none, which belongs to
	// the line before it.
	parse func(line string) (time.Time, string, bool)

	lines *bufio.Reader
	last  time.Time
	next  Entry
}

// lineKept is how much of a line is shown. What comes after it is passed over.
const lineKept = 16 << 10

// advance reads the next line at or after since; io.EOF at the end. A line that
// is out of order, as after a clock was set, takes the time of the one before: a
// merge keeps the order of each log.
func (s *source) advance(since time.Time) error {
	if s.lines == nil {
		s.lines = bufio.NewReaderSize(s.in, lineKept)
	}
	for {
		text, err := s.line()
		if err != nil {
			return err
		}
		at, rest, timed := s.parse(text)
		if !timed {
			at, rest = s.last, text
		}
		if at.Before(s.last) {
			at = s.last
		}
		if s.last = at; at.IsZero() || at.Before(since) || strings.TrimSpace(rest) == "" {
			continue
		}
		s.next = Entry{Time: at, Source: s.name, Stream: s.stream, Line: rest}
		return nil
	}
}

// line is the next line, without its end; of a long one the beginning.
func (s *source) line() (string, error) {
	part, long, err := s.lines.ReadLine()
	if err != nil {
		return "", err
	}
	text := strings.ToValidUTF8(string(part), string(utf8.RuneError))
	for long && err == nil {
		_, long, err = s.lines.ReadLine()
	}
	return text, nil
}

// queue are sources by the time of their next line; of the same time the one that
// was named first.
type queue []*ranked

type ranked struct {
	*source
	rank int
}

func (q queue) Len() int { return len(q) }
func (q queue) Less(a, b int) bool {
	if c := q[a].next.Time.Compare(q[b].next.Time); c != 0 {
		return c < 0
	}
	return q[a].rank < q[b].rank
}
func (q queue) Swap(a, b int) { q[a], q[b] = q[b], q[a] }
func (q *queue) Push(one any) {
	if r, is := one.(*ranked); is {
		*q = append(*q, r)
	}
}
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// merge gives all lines of all sources in the order of time, and holds one line
// of each. A source that breaks off is told to broken, and the others go on.
func merge(all []*source, since time.Time, each func(Entry) error, broken func(*source, error)) error {
	q := &queue{}
	step := func(r *ranked) {
		err := r.advance(since)
		if err == nil {
			heap.Push(q, r)
			return
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if r.close != nil {
			err = errors.Join(err, r.close())
		}
		if err != nil {
			broken(r.source, err)
		}
	}
	for i, s := range all {
		step(&ranked{s, i})
	}
	defer func() {
		for _, left := range *q {
			if left.close != nil {
				_ = left.close() // its end is not waited for: the merge has failed
			}
		}
	}()
	for q.Len() > 0 {
		first, _ := heap.Pop(q).(*ranked)
		if err := each(first.next); err != nil {
			return err
		}
		step(first)
	}
	return nil
}
