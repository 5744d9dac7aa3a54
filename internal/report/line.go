package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Line is one step on the console, from Step to Done, Skipped or Failed. The
// first of these ends it; a later one says nothing. All methods may be called
// on a nil Line, which is silent, and from several goroutines.
type Line struct {
	console  *Console
	number   int
	target   string
	title    string
	estimate time.Duration
	began    time.Time

	// Guarded by the console's lock.
	running []*Progress
	ended   bool
	spoke   time.Time // when long work was last reported in plain mode
}

// Step opens the line of a step. An estimate of 0 is not shown.
func (c *Console) Step(number int, target, title string, estimate time.Duration) *Line {
	now := c.opt.Now()
	l := &Line{console: c, number: number, target: Clean(target), title: Clean(title), estimate: estimate, began: now, spoke: now}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, l)
	c.draw()
	c.start()
	return l
}

// Info says something worth keeping in the log of the run.
func (l *Line) Info(format string, args ...any) { l.message("", format, args) }

// Warn says what did not stop the step but wants attention.
func (l *Line) Warn(format string, args ...any) {
	if l != nil {
		l.message(l.console.words.warning, format, args)
	}
}

func (l *Line) message(kind, format string, args []any) {
	if l == nil {
		return
	}
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	var b strings.Builder
	for _, line := range cleanLines(text) {
		b.WriteString(l.prefixed(kind, line))
		b.WriteByte('\n')
	}
	l.console.say(b.String())
}

func (l *Line) prefixed(kind, text string) string {
	c := l.console
	if c.opt.Terminal {
		mark := " "
		if kind != "" {
			mark = c.paint(styleYellow, "!")
		}
		return mark + " " + c.paint(styleDim, l.target) + "  " + text
	}
	if kind != "" {
		return l.target + ": " + kind + ": " + text
	}
	return l.target + ": " + text
}

// Done ends the line well; the evidence is what proves it.
func (l *Line) Done(evidence string) {
	if l != nil {
		l.end("✓", styleGreen, l.console.words.ok, evidence, true)
	}
}

// Skipped ends the line of a step that had nothing to do.
func (l *Line) Skipped(evidence string) {
	if l != nil {
		l.end("–", styleDim, l.console.words.skipped, evidence, false)
	}
}

// Forget ends the line without a word, for work that turned out to be none.
func (l *Line) Forget() {
	if l == nil {
		return
	}
	c := l.console
	c.mu.Lock()
	defer c.mu.Unlock()
	l.ended, l.running = true, nil
	c.open = slices.DeleteFunc(c.open, func(o *Line) bool { return o == l })
}

// Failed ends the line badly. With a nil error it shows the mark alone, for a
// caller that explains the error itself.
func (l *Line) Failed(err error) {
	if l == nil {
		return
	}
	cause := ""
	if err != nil {
		cause = err.Error()
	}
	l.end("✗", styleRed, l.console.words.failed, cause, true)
}

func (l *Line) end(mark, style, word, evidence string, timed bool) {
	c := l.console
	took := c.opt.Now().Sub(l.began)
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	l.running = nil
	c.open = slices.DeleteFunc(c.open, func(o *Line) bool { return o == l })

	fields := []string{l.target, word}
	if c.opt.Terminal {
		fields = []string{c.paint(style, mark) + " " + l.target}
	}
	if evidence = Clean(evidence); evidence != "" {
		fields = append(fields, evidence)
	}
	if timed {
		fields = append(fields, c.paint(styleDim, "("+Duration(took)+")"))
	}
	c.sayLocked(strings.Join(fields, "  ") + "\n")
}

// row is the live row of a step that shows no progress of its own.
func (l *Line) row() string {
	took := l.console.opt.Now().Sub(l.began)
	row := "  " + l.target + "  "
	if l.number > 0 {
		row += fmt.Sprintf("%d. ", l.number)
	}
	row += l.title
	var times []string
	if took >= time.Second {
		times = append(times, seconds(took))
	}
	if l.estimate > 0 {
		times = append(times, fmt.Sprintf(l.console.words.about, seconds(l.estimate)))
	}
	return row + "  " + strings.Join(times, " "+l.console.words.of+" ")
}
