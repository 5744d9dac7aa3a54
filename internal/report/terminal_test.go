package report_test

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/report"
)

// shown plays a terminal: what stands on its rows after some output. Escape
// codes other than colours and "erase to the end of the row" are not known.
func shown(t *testing.T, text string) []string {
	t.Helper()
	rows, column := [][]rune{nil}, 0
	runes := []rune(regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(text, ""))
	for i := 0; i < len(runes); i++ {
		row := &rows[len(rows)-1]
		switch r := runes[i]; r {
		case '\r':
			column = 0
		case '\n':
			rows, column = append(rows, nil), 0
		case 0x1b:
			if string(runes[i:min(i+3, len(runes))]) != "\x1b[K" {
				t.Fatalf("unknown escape code in %q", text)
			}
			*row = (*row)[:min(column, len(*row))]
			i += 2
		default:
			for len(*row) <= column {
				*row = append(*row, ' ')
			}
			(*row)[column] = r
			column++
		}
	}
	var out []string
	for _, row := range rows {
		out = append(out, strings.TrimRight(string(row), " "))
	}
	return out
}

func TestATerminalShowsMarksAndKeepsNoBarBehind(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{true, false} {
		console, out, errs, clock := plain(func(o *report.Options) { o.Terminal, o.Color, o.Width = true, color, 100 })
		one := console.Step(1, "backup:prepare", "Prepare", 0)
		one.Skipped("already done")
		two := console.Step(3, "backup:db", "Back up the databases", 2*time.Minute)
		three := console.Step(5, "backup:config", "Back up the configuration", 0)
		p := two.Progress("shop", 1<<20)
		p.Add(512 << 10)
		two.Info("dumping shop")
		two.Warn("slow")
		if err := console.Result(nil, func(w io.Writer) { _, _ = io.WriteString(w, "result\n") }); err != nil {
			t.Fatal(err)
		}
		p.Done()
		clock.pass(3 * time.Second)
		two.Done("1 database")
		three.Failed(io.ErrUnexpectedEOF)
		want := []string{
			"– backup:prepare  already done",
			"  backup:db  dumping shop",
			"! backup:db  slow",
			"✓ backup:db  1 database  (3.0 s)",
			"✗ backup:config  unexpected EOF  (3.0 s)",
			"",
		}
		if got := shown(t, errs.String()); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the terminal shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if out.String() != "result\n" {
			t.Errorf("standard output got %q", out)
		}
		if has := strings.Contains(errs.String(), "\x1b"); has != color {
			t.Errorf("colour is %v, escape codes are %v: %q", color, has, errs)
		}
		if color && !strings.Contains(errs.String(), "\x1b[32m✓\x1b[0m backup:db") {
			t.Errorf("the mark has no colour: %q", errs)
		}
	}
}

func TestSlowBarShowsBytesRateAndTimeLeftAndFitsTheRow(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 60, 80, 200} {
		console, _, errs, _ := plain(func(o *report.Options) { o.Terminal, o.Width = true, width })
		l := console.Step(3, "backup:db", "Back up the databases", 0)
		p := l.Progress("a_database_with_a_rather_long_name", 3<<30)
		p.Add(1 << 30)
		time.Sleep(700 * time.Millisecond) // the bar measures its rate by the real clock
		p.Add(1 << 30)
		l.Info("look") // draws the row anew
		rows := shown(t, errs.String())
		bar := rows[len(rows)-1]
		if n := len([]rune(bar)); n >= width {
			t.Errorf("width %d: the row has %d columns: %q", width, n, bar)
		}
		for _, want := range []string{"backup:db", "66%"} {
			if !strings.Contains(bar, want) {
				t.Errorf("width %d: no %q in %q", width, want, bar)
			}
		}
		if width >= 80 && !regexp.MustCompile(`\(2\.0/3\.0 ?Gi?B, [\d.]+ [KMG]i?B/s\) \[\d+s:\d+s\]`).MatchString(bar) {
			t.Errorf("width %d: no bytes, rate and time left in %q", width, bar)
		}
		p.Add(2 << 30) // more than was estimated
		l.Info("look")
		rows = shown(t, errs.String())
		if bar = rows[len(rows)-1]; width >= 80 && !strings.Contains(bar, "(4.0 GiB") || strings.Contains(bar, "%") {
			t.Errorf("width %d: work that outgrew its estimate shows %q", width, bar)
		}
		l.Done("")
		rows = shown(t, errs.String())
		if got := rows[len(rows)-1]; got != "" {
			t.Errorf("width %d: %q is left behind", width, got)
		}
	}
}

func TestAStepWithoutProgressShowsHowLongItTakes(t *testing.T) {
	t.Parallel()
	console, _, errs, clock := plain(func(o *report.Options) { o.Terminal, o.Lang = true, "es" })
	l := console.Step(3, "backup:db", "Respaldar las bases", 40*time.Second)
	clock.pass(12 * time.Second)
	deadline := time.Now().Add(10 * time.Second)
	want := "  backup:db  3. Respaldar las bases  12 s de unos 40 s"
	for {
		rows := shown(t, errs.String())
		if got := rows[len(rows)-1]; got == want {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the row is %q, want %q", got, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
	l.Done("")
}

func TestNoEscapeCodeLeavesAPlainConsole(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*report.Options){
		"no terminal": nil,
		"NO_COLOR":    func(o *report.Options) { o.Terminal = true },
		"json":        func(o *report.Options) { o.Format = report.FormatJSON },
	} {
		console, out, errs, _ := plain(change)
		l := console.Step(1, "a:b", "\x1b[31mtitle", time.Second)
		p := l.Progress("\x1b[31mname", -1)
		p.Add(1)
		l.Info("\x1b[31minfo")
		l.Warn("warn")
		console.Print("\x1b[31mprint")
		if err := console.Result("x", func(w io.Writer) { _, _ = io.WriteString(w, "x") }); err != nil {
			t.Fatal(err)
		}
		p.Done()
		l.Failed(io.ErrUnexpectedEOF)
		console.Step(1, "a:b", "t", 0).Done("x")
		if all := out.String() + errs.String(); strings.Contains(all, "\x1b") {
			t.Errorf("%s: %q", name, all)
		}
	}
}
