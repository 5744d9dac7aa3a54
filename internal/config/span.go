package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Span is a stretch of the calendar, such as two years, five months, seven days
// and three hours. How long it is depends on where it ends: months and years
// have the length that they have.
type Span struct{ Years, Months, Days, Hours int }

// spanPattern is the form of a span, for the schema.
const spanPattern = `^(0|([0-9]{1,6}[ymdh])+)$`

// spanDigits keeps every number of a span far from where arithmetic overflows.
const spanDigits = 6

// ParseSpan reads 2y5m7d3h: numbers with the units y, m for months, d and h, in
// any order. 0 is no span at all.
func ParseSpan(s string) (Span, error) {
	var v Span
	if s == "0" {
		return v, nil
	}
	if s == "" {
		return v, errors.New("it is empty")
	}
	into := map[byte]*int{'y': &v.Years, 'm': &v.Months, 'd': &v.Days, 'h': &v.Hours}
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		switch {
		case rest[0] == '-':
			return Span{}, errors.New("it is negative: how far back is a plain number")
		case digits == 0:
			return Span{}, errors.New("a number goes before each unit, as in 2y5m7d3h")
		case digits > spanDigits:
			return Span{}, fmt.Errorf("a number in it has more than %d digits", spanDigits)
		case digits == len(rest):
			return Span{}, fmt.Errorf("%s has no unit: y, m (months), d or h", rest)
		}
		place, known := into[rest[digits]]
		if !known {
			return Span{}, fmt.Errorf("the units are y, m (months), d and h%s", instead(rest[digits:], rest[:digits]))
		}
		if place == nil {
			return Span{}, fmt.Errorf("the unit %c stands in it twice", rest[digits])
		}
		*place, _ = strconv.Atoi(rest[:digits]) // a few digits, and nothing else
		into[rest[digits]] = nil
		rest = rest[digits+1:]
	}
	return v, nil
}

// instead is how a span in weeks is written.
func instead(unit, number string) string {
	if n, _ := strconv.Atoi(number); strings.HasPrefix(unit, "w") {
		return fmt.Sprintf("; write %dd for %s weeks", 7*n, number)
	}
	return ""
}

// Zero reports a span of no length, which is none.
func (s Span) Zero() bool { return s == Span{} }

// String writes what ParseSpan reads, from years to hours.
func (s Span) String() string {
	var b strings.Builder
	for _, part := range []struct {
		n    int
		unit string
	}{{s.Years, "y"}, {s.Months, "m"}, {s.Days, "d"}, {s.Hours, "h"}} {
		if part.n != 0 {
			fmt.Fprintf(&b, "%d%s", part.n, part.unit)
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
