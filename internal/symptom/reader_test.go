package symptom_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/symptom"
)

const (
	line = "2026-11-23 10:00:01.123 UTC [4711] LOG:  duration: 0.123 ms  statement: SELECT id, name FROM calls WHERE id = 42\n"
	last = "pg_dump: error: aborting because of server version mismatch\n" +
		"pg_dump: detail: server version: 17.7 (Debian 17.7-3.pgdg13+1); pg_dump version: 15.14\n"
)

// repeated gives the text again and again, for that many bytes.
func repeated(text string, size int64) io.Reader {
	return io.LimitReader(&cycle{text: text}, size)
}

type cycle struct {
	text string
	at   int
}

func (c *cycle) Read(p []byte) (int, error) {
	n := copy(p, c.text[c.at:])
	c.at = (c.at + n) % len(c.text)
	return n, nil
}

// Not parallel: it measures time and all that is allocated.
func TestSlowHugeLogIsExplainedInSecondsAndInLittleMemory(t *testing.T) {
	c := load(t)
	for name, text := range map[string]string{
		"ordinary lines": line,
		"near misses":    "find: No space, permission denied for table x, Access denied for user 'a'@'b' to nobody, could not uncompress data\n",
		"one long line":  strings.Repeat("x y ", 1000),
		"no blanks":      strings.Repeat("x", 1000),
		"known errors":   "pg_restore: error: could not execute query: ERROR:  role \"x\" does not exist\n",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			found, err := c.ExplainReader(io.MultiReader(repeated(text, hugeLog), strings.NewReader("\n"+last)))
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err != nil || !slices.Contains(ids(found), "B01") {
				t.Fatalf("the last lines were not found: %v, %v", ids(found), err)
			}
			if took > 5*time.Second {
				t.Errorf("%d bytes took %v", hugeLog, took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes took %d KiB of memory", hugeLog, used>>10)
			}
		})
	}
}

func TestAnErrorIsFoundWhereverItStandsInALog(t *testing.T) {
	t.Parallel()
	c := load(t)
	_, plain, _ := strings.Cut(line, "] ") // normalising takes nothing off: the window fills up at a known size
	plain = strings.ReplaceAll(plain, "  ", " ")
	for size := 253 << 10; size < 258<<10; size += 61 {
		filler := strings.Repeat(plain, size/len(plain)+1)[:size]
		found := c.Match(filler + "\n" + last + filler[:8<<10])
		if len(found) != 1 || found[0].ID != "B01" || len(found[0].Values) != 2 {
			t.Fatalf("at %d: %+v", size, found)
		}
	}
}

func TestTheSizeOfTheReadsDoesNotMatter(t *testing.T) {
	t.Parallel()
	c := load(t)
	var log strings.Builder
	for _, e := range c.Entries() {
		log.WriteString(strings.Join(e.Samples, "\n") + "\n")
	}
	want := c.Match(log.String())
	for name, r := range map[string]io.Reader{
		"one byte":       iotest.OneByteReader(strings.NewReader(log.String())),
		"half":           iotest.HalfReader(strings.NewReader(log.String())),
		"data and error": iotest.DataErrReader(strings.NewReader(log.String())),
	} {
		got, err := c.ExplainReader(r)
		if err != nil || !slices.Equal(ids(got), ids(want)) {
			t.Errorf("%s: %v, %v, want %v", name, ids(got), err, ids(want))
		}
	}
}

func TestWhatWasReadIsExplainedThoughReadingFailed(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	found, err := load(t).ExplainReader(io.MultiReader(strings.NewReader(last), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !slices.Equal(ids(found), []string{"B01"}) {
		t.Errorf("%v, %v", ids(found), err)
	}
}

func FuzzMatch(f *testing.F) {
	c := load(f)
	for _, e := range c.Entries() {
		for _, s := range e.Samples {
			f.Add([]byte(s))
		}
	}
	f.Add([]byte("\x1b[\x1b]\x1b\\\r\n\xff\xe2\x80"))
	f.Add([]byte("[2026-11-23 10:00:01 [12-] a | ║"))
	f.Fuzz(func(t *testing.T, text []byte) {
		once := symptom.Normalise(string(text))
		if twice := symptom.Normalise(once); twice != once {
			t.Errorf("%q becomes %q, then %q", text, once, twice)
		}
		if strings.ContainsAny(once, "\x1b\r\t") || strings.Contains(once, "  ") || strings.Contains(once, "\n\n") {
			t.Errorf("%q becomes %q", text, once)
		}
		for _, found := range c.Match(string(text)) {
			if !bytes.Contains([]byte(once), []byte(found.Excerpt)) {
				t.Errorf("%s: excerpt %q is not in %q", found.ID, found.Excerpt, once)
			}
		}
	})
}

func BenchmarkExplain(b *testing.B) {
	c := load(b)
	const size = 8 << 20
	b.SetBytes(size)
	for b.Loop() {
		if _, err := c.ExplainReader(repeated(line, size)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b)
	}
}
