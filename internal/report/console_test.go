package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/report"
)

// clock is a time that moves only when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// output is a stream that may be written and read at once.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func plain(change func(*report.Options)) (*report.Console, *output, *output, *clock) {
	out, errs, c := &output{}, &output{}, newClock()
	o := report.Options{Out: out, Err: errs, Lang: "en", Now: c.Now}
	if change != nil {
		change(&o)
	}
	return report.New(o), out, errs, c
}

func TestAStepIsOneLineAfterWhatItHadToSay(t *testing.T) {
	t.Parallel()
	console, out, errs, clock := plain(nil)
	l := console.Step(3, "backup:db", "Back up the databases", time.Minute)
	l.Info("dumping %s", "iact_analytics")
	p := l.Progress("iact_analytics", 1000)
	p.Add(1000)
	p.Done()
	l.Warn("the role %q has no password", "app")
	clock.pass(8200 * time.Millisecond)
	l.Done("3 databases, 1.2 GiB in 600 parts")
	want := `backup:db: dumping iact_analytics
backup:db: warning: the role "app" has no password
backup:db  ok  3 databases, 1.2 GiB in 600 parts  (8.2 s)
`
	if errs.String() != want {
		t.Errorf("got\n%swant\n%s", errs, want)
	}
	if out.String() != "" {
		t.Errorf("standard output got %q", out)
	}
}

func TestStepsEndInTheLanguageOfTheUser(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{
		"en": "a:b  skipped  already done\na:b  failed  pg_dump: exit 1  (0 ms)\na:b  failed  (0 ms)\na:b: warning: x\n",
		"es": "a:b  omitido  already done\na:b  falló  pg_dump: exit 1  (0 ms)\na:b  falló  (0 ms)\na:b: aviso: x\n",
	} {
		console, _, errs, _ := plain(func(o *report.Options) { o.Lang = lang })
		console.Step(1, "a:b", "t", 0).Skipped("already done")
		console.Step(1, "a:b", "t", 0).Failed(errors.New("pg_dump: exit 1"))
		console.Step(1, "a:b", "t", 0).Failed(nil)
		console.Step(1, "a:b", "t", 0).Warn("x")
		if errs.String() != want {
			t.Errorf("%s: got\n%swant\n%s", lang, errs, want)
		}
		if console.Lang() != lang {
			t.Errorf("Lang() = %q", console.Lang())
		}
	}
}

func TestTheFirstEndOfAStepCounts(t *testing.T) {
	t.Parallel()
	console, _, errs, _ := plain(nil)
	l := console.Step(1, "a:b", "t", 0)
	l.Failed(errors.New("deferred"))
	l.Done("done")
	l.Skipped("skipped")
	if want := "a:b  failed  deferred  (0 ms)\n"; errs.String() != want {
		t.Errorf("got %q, want %q", errs, want)
	}
}

func TestNilLinesAndProgressAreSilent(t *testing.T) {
	t.Parallel()
	var l *report.Line
	l.Info("x")
	l.Warn("x")
	p := l.Progress("x", 1)
	p.Add(1)
	p.Done()
	l.Done("x")
	l.Skipped("x")
	l.Failed(errors.New("x"))
	if p != nil {
		t.Error("a nil line has a progress")
	}
}

func TestLongWorkReportsItselfEveryTenSecondsWithRateAndTimeLeft(t *testing.T) {
	t.Parallel()
	console, _, errs, clock := plain(nil)
	l := console.Step(3, "backup:db", "t", 0)
	p := l.Progress("shop", 100<<20)
	for range 30 {
		clock.pass(time.Second)
		p.Add(1 << 20)
	}
	clock.pass(time.Second)
	p.Add(100 << 20) // outgrows the estimate
	clock.pass(10 * time.Second)
	p.Add(0)
	p.Done()
	l.Done("")
	want := `backup:db: shop  10.0 MiB of 100 MiB (10 %), 1.0 MiB/s, 1 min 30 s left
backup:db: shop  20.0 MiB of 100 MiB (20 %), 1.0 MiB/s, 1 min 20 s left
backup:db: shop  30.0 MiB of 100 MiB (30 %), 1.0 MiB/s, 1 min 10 s left
backup:db: shop  130 MiB, 3.2 MiB/s
backup:db  ok  (41.0 s)
`
	if errs.String() != want {
		t.Errorf("got\n%swant\n%s", errs, want)
	}
}

func TestJSONIsOneDocumentALineAndNothingElseOnStandardOutput(t *testing.T) {
	t.Parallel()
	console, out, errs, _ := plain(func(o *report.Options) { o.Format = report.FormatJSON })
	l := console.Step(1, "backup:list", "t", 0)
	l.Info("reading")
	console.Print("note")
	noText := func(io.Writer) { t.Error("text was asked for") }
	for _, v := range []any{map[string]any{"id": "a<b>", "n": 1}, []int{}} {
		if err := console.Result(v, noText); err != nil {
			t.Fatal(err)
		}
	}
	l.Done("2 sets")
	if want := "{\"id\":\"a<b>\",\"n\":1}\n[]\n"; out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is no JSON document", line)
		}
	}
	if want := "backup:list: reading\nnote\nbackup:list  ok  2 sets  (0 ms)\n"; errs.String() != want {
		t.Errorf("standard error got %q", errs)
	}
	if err := console.Result(make(chan int), nil); err == nil || console.JSON() == false {
		t.Error("what cannot be encoded is no error")
	}
}

func TestTextResultsGoToStandardOutput(t *testing.T) {
	t.Parallel()
	console, out, errs, _ := plain(nil)
	if err := console.Result(1, func(w io.Writer) { _, _ = io.WriteString(w, "one set\n") }); err != nil {
		t.Fatal(err)
	}
	if out.String() != "one set\n" || errs.String() != "" {
		t.Errorf("got %q and %q", out, errs)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAResultThatCannotBeWrittenIsAnError(t *testing.T) {
	t.Parallel()
	for _, format := range []string{report.FormatText, report.FormatJSON} {
		console, _, _, _ := plain(func(o *report.Options) { o.Out, o.Format = full{}, format })
		err := console.Result("x", func(w io.Writer) { _, _ = io.WriteString(w, "x") })
		if err == nil || err.Error() != "write result: no space left on device" {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestNothingFromOutsideCanDriveTheTerminal(t *testing.T) {
	t.Parallel()
	console, _, errs, _ := plain(nil)
	l := console.Step(1, "a:b", "t", 0)
	l.Info("file %s", "evil\x1b[2Jname\u202e")
	l.Info("two\r\nlines\n")
	console.Print("  indented\n\x1b]0;title\x07")
	l.Done("caf\xe9\nend")
	want := "a:b: file evil\\x1b[2Jname\\u202e\na:b: two\na:b: lines\n  indented\n\\x1b]0;title\\x07\na:b  ok  caf\\xe9 end  (0 ms)\n"
	if errs.String() != want {
		t.Errorf("got %q, want %q", errs, want)
	}
}

func TestParallelStepsNeverTearALine(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*report.Options){
		"plain":    nil,
		"terminal": func(o *report.Options) { o.Terminal, o.Width = true, 60 },
	} {
		console, _, errs, clock := plain(change)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				l := console.Step(1, "backup:db", "title", time.Minute)
				p := l.Progress("shop", 1000)
				for range 100 {
					p.Add(10)
					clock.pass(time.Second)
					l.Info("message")
				}
				p.Done()
				l.Done("evidence")
			})
		}
		wg.Wait()
		ends := 0
		for line := range strings.Lines(errs.String()) {
			line = strings.TrimSpace(line[strings.LastIndexByte(line, '\r')+1:])
			switch {
			case strings.Contains(line, "  evidence  ("):
				ends++
			case strings.HasSuffix(line, " message"), strings.HasPrefix(line, "backup:db: shop  "):
			default:
				t.Errorf("%s: torn line %q", name, line)
			}
		}
		if ends != 8 {
			t.Errorf("%s: %d of 8 steps ended", name, ends)
		}
	}
}
