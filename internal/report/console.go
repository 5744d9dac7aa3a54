package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"
)

// redrawEvery is how often the live row of a terminal is refreshed.
const redrawEvery = 200 * time.Millisecond

// Console owns both output streams of a run. It is safe for concurrent use.
type Console struct {
	opt   Options
	words words

	mu      sync.Mutex
	open    []*Line // in the order in which they began
	drawn   int     // columns that the live row takes now
	ticking bool    // a goroutine refreshes the live row
	asking  int     // questions that wait for an answer
}

// New returns a console; what the options leave out has the default.
func New(o Options) *Console {
	o = o.filled()
	return &Console{opt: o, words: wordsIn(o.Lang)}
}

// JSON tells whether results are written as JSON.
func (c *Console) JSON() bool { return c.opt.Format == FormatJSON }

// Lang is the language of the user, "es" or "en".
func (c *Console) Lang() string {
	if c.opt.Lang == "es" {
		return "es"
	}
	return "en"
}

// Print writes a message, of several lines if need be, to standard error.
func (c *Console) Print(s string) {
	c.say(strings.Join(cleanLines(s), "\n") + "\n")
}

// Result writes a target's result to standard output: v as one JSON document
// on one line, or what text writes. A stream that could not be written to
// (full disk, reader gone) is an error: a cut result must not look whole.
func (c *Console) Result(v any, text func(w io.Writer)) error {
	var doc bytes.Buffer
	if c.JSON() || text == nil {
		enc := json.NewEncoder(&doc)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("encode result: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	defer c.draw()
	w := bufio.NewWriterSize(c.opt.Out, 64<<10)
	if doc.Len() > 0 {
		_, _ = w.Write(doc.Bytes()) // Flush returns the error of any write
	} else {
		text(w)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// say writes whole lines to standard error, above the live row.
func (c *Console) say(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sayLocked(text)
}

func (c *Console) sayLocked(text string) {
	c.erase()
	// Nobody is left to be told when standard error itself fails.
	_, _ = io.WriteString(c.opt.Err, text)
	c.draw()
}

func (c *Console) erase() {
	if c.drawn == 0 {
		return
	}
	if c.opt.Color {
		_, _ = io.WriteString(c.opt.Err, eraseRow)
	} else {
		_, _ = io.WriteString(c.opt.Err, "\r"+strings.Repeat(" ", c.drawn)+"\r")
	}
	c.drawn = 0
}

// draw shows the newest open work on the live row. It stays one column short
// of the terminal, or the row would wrap and could not be erased.
func (c *Console) draw() {
	if !c.opt.Terminal || len(c.open) == 0 || c.asking > 0 {
		return
	}
	row := cutColumns(c.row(), c.opt.Width-1)
	width := uniseg.StringWidth(row)
	padding := strings.Repeat(" ", max(0, c.drawn-width))
	_, _ = io.WriteString(c.opt.Err, "\r"+row+padding)
	c.drawn = max(c.drawn, width)
}

func (c *Console) row() string {
	for i := len(c.open) - 1; i >= 0; i-- {
		if n := len(c.open[i].running); n > 0 {
			return c.open[i].running[n-1].row(c.opt.Width)
		}
	}
	return c.open[len(c.open)-1].row()
}

// start refreshes the live row for as long as a line is open.
func (c *Console) start() {
	if !c.opt.Terminal || c.ticking {
		return
	}
	c.ticking = true
	go func() {
		tick := time.NewTicker(redrawEvery)
		defer tick.Stop()
		for range tick.C {
			if !c.tick() {
				return
			}
		}
	}()
}

func (c *Console) tick() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) == 0 {
		c.ticking = false
		return false
	}
	c.draw()
	return true
}

func (c *Console) paint(style, text string) string {
	if !c.opt.Color || text == "" {
		return text
	}
	return style + text + styleReset
}

func cutColumns(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	var b strings.Builder
	used, state := 0, -1
	for len(s) > 0 {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		if used+width > columns-1 {
			break
		}
		b.WriteString(cluster)
		used += width
	}
	return b.String() + "…"
}
