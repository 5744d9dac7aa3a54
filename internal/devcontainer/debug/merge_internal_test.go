package debug

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func sourceOf(name string, in io.Reader) *source {
	return &source{name: name, in: in, parse: stamped}
}

// merged are the lines of sources as NAME:LINE.
func merged(t *testing.T, since time.Time, all ...*source) (lines []string, broken []string) {
	t.Helper()
	err := merge(all, since, func(e Entry) error {
		lines = append(lines, e.Source+":"+e.Line)
		return nil
	}, func(s *source, err error) { broken = append(broken, s.name+": "+err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	return lines, broken
}

func TestLinesOfSeveralLogsAreMergedByTimeAndEachLogKeepsItsOrder(t *testing.T) {
	t.Parallel()
	a := sourceOf("a", strings.NewReader("2026-11-27T10:00:01Z one\n2026-11-27T10:00:04Z four\n  of two lines\n2026-11-27T10:00:03Z the clock was set back\n"))
	b := sourceOf("b", strings.NewReader("a line without a time\n2026-11-27T10:00:02Z two\n\n2026-11-27T10:00:04Z at the same time\n"))
	c := sourceOf("c", io.MultiReader(strings.NewReader("2026-11-27T10:00:03Z three\n"), iotest.ErrReader(errors.New("broke off"))))
	lines, broken := merged(t, time.Time{}, a, b, c)
	want := []string{"a:one", "b:two", "c:three", "a:four", "a:  of two lines", "a:the clock was set back", "b:at the same time"}
	if !slices.Equal(lines, want) || !slices.Equal(broken, []string{"c: broke off"}) {
		t.Errorf("%q, %q", lines, broken)
	}
}

func TestOldLinesAreLeftOutAndLongOnesAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*lineKept)
	since := time.Date(2026, 11, 27, 10, 0, 2, 0, time.UTC)
	lines, _ := merged(t, since, sourceOf("a", strings.NewReader("2026-11-27T10:00:01Z old\n2026-11-27T10:00:02Z "+long+"\n2026-11-27T10:00:03Z next\n")))
	if len(lines) != 2 || len(lines[0]) > lineKept+2 || lines[1] != "a:next" {
		t.Errorf("%d lines, %.60q", len(lines), lines)
	}
}

func TestATimeLineHoldsTheLastLinesAndThoseThatWereRecognised(t *testing.T) {
	t.Parallel()
	line := &Timeline{}
	const all, lines = 10_000, 100
	for i := range all {
		e := Entry{Line: fmt.Sprint(i)}
		if i == 7 {
			e.Symptom = &Symptom{ID: "D01"}
		}
		line.add(e, lines)
		if len(line.Entries) > 2*lines+recognisedKept {
			t.Fatalf("%d lines are held", len(line.Entries))
		}
	}
	line.drop(len(line.Entries) - lines)
	if first, last := line.Entries[0], line.Entries[len(line.Entries)-1]; first.Line != "7" || last.Line != "9999" || line.Earlier+len(line.Entries) != all {
		t.Errorf("from %v to %v, %d earlier, %d held", first, last, line.Earlier, len(line.Entries))
	}
}

func TestTimesAreReadAsEachProgramWritesThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 10, 0, 1, 123_000_000, time.UTC)
	madrid := time.FixedZone("CET", 3600)
	for _, test := range []struct {
		parse      parser
		line, rest string
	}{
		{stamped, "2026-11-27T10:00:01.123000000Z hello world", "hello world"},
		{byDaemon(), `time="2026-11-27T11:00:01.123000000+01:00" level=warning msg="x"`, `level=warning msg="x"`},
		{byJournal(), `1795773601.123000 box dockerd[12]: time="2026-11-27T10:00:01.1Z" level=info msg="x"`, `level=info msg="x"`},
		{byJournal(), `1795773601.123000 box systemd[1]: Started docker.service.`, `Started docker.service.`},
		{byServer(madrid), "2026-11-27 11:00:01.123 [info] Extension host", "[info] Extension host"},
	} {
		got, rest, timed := test.parse(test.line)
		if !timed || !got.Equal(at) || rest != test.rest {
			t.Errorf("%s: %v %q %v", test.line, got, rest, timed)
		}
	}
}

func FuzzTimes(f *testing.F) {
	for _, line := range []string{"", "2026-11-27T10:00:01Z x", `time="2026" y`, "1795773601.123000 a b: c", "2026-11-27 11:00:01.123 z", "99999999999999999999.123456 a b: c"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, parse := range []parser{stamped, byDaemon(), byJournal(), byServer(time.UTC)} {
			if at, rest, timed := parse(line); !timed && !at.IsZero() || len(rest) > len(line) {
				t.Errorf("%q: %v %q %v", line, at, rest, timed)
			}
		}
	})
}
