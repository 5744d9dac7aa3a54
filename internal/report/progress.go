package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"
)

// plainEvery is how often long work is reported where nothing can be redrawn.
const plainEvery = 10 * time.Second

// Progress counts the bytes of one piece of work of a step. Add is cheap
// enough for every block of a stream. A nil Progress counts nothing.
type Progress struct {
	line   *Line
	name   string
	total  int64 // -1 when not known
	pieces bool  // it counts pieces and not bytes
	began  time.Time

	count atomic.Int64
	bar   *progressbar.ProgressBar // guarded by the console's lock
}

// Progress begins to count work: total in bytes, -1 when it is not known. The
// total is an estimate: work that outgrows it goes on without one.
func (l *Line) Progress(name string, total int64) *Progress { return l.progress(name, total, false) }

// Count is Progress for work that is counted in pieces and not in bytes.
func (l *Line) Count(name string, total int64) *Progress { return l.progress(name, total, true) }

func (l *Line) progress(name string, total int64, pieces bool) *Progress {
	if l == nil {
		return nil
	}
	c := l.console
	if total <= 0 {
		total = -1
	}
	p := &Progress{line: l, name: Clean(name), total: total, pieces: pieces, began: c.opt.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !l.ended {
		l.running = append(l.running, p)
		c.draw()
	}
	return p
}

// Add counts n bytes more.
func (p *Progress) Add(n int) {
	if p == nil {
		return
	}
	p.count.Add(int64(n))
	if !p.line.console.opt.Terminal {
		p.speak()
	}
}

// Done ends the work: its bar goes, or the bar of older work comes back.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	c := p.line.console
	c.mu.Lock()
	defer c.mu.Unlock()
	p.line.running = slices.DeleteFunc(p.line.running, func(o *Progress) bool { return o == p })
	c.draw()
}

// speak reports long work in plain mode, once per step and interval.
func (p *Progress) speak() {
	c := p.line.console
	now := c.opt.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.line.ended || now.Sub(p.line.spoke) < plainEvery {
		return
	}
	p.line.spoke = now
	c.sayLocked(p.line.prefixed("", p.plain(now)) + "\n")
}

// plain says how far the work is: bytes, rate and time left.
func (p *Progress) plain(now time.Time) string {
	w := p.line.console.words
	count := p.count.Load()
	amount := Bytes
	if p.pieces {
		amount = func(n int64) string { return strconv.FormatInt(n, 10) }
	}
	text := p.name + "  " + amount(count)
	known := p.total > 0 && count <= p.total
	if known {
		text += fmt.Sprintf(" %s %s (%d %%)", w.of, amount(p.total), int(float64(count)/float64(p.total)*100))
	}
	took := now.Sub(p.began).Seconds()
	if took <= 0 || count <= 0 {
		return text
	}
	rate := float64(count) / took
	if !p.pieces {
		text += ", " + Bytes(int64(rate)) + "/s"
	}
	if known {
		left := time.Duration(float64(p.total-count) / rate * float64(time.Second))
		text += ", " + fmt.Sprintf(w.left, seconds(left))
	}
	return text
}

// row renders the bar of the work for a terminal of that many columns.
func (p *Progress) row(columns int) string {
	count := p.count.Load()
	if p.total > 0 && count > p.total {
		p.total, p.bar = -1, nil
	}
	if p.bar == nil {
		p.bar = p.newBar(columns)
		p.bar.StartWithoutRender()
	}
	// The bar writes to nowhere: the console draws it, on a row that it shares
	// with messages. Its only error is a count above the total, excluded above.
	_ = p.bar.Set64(count)
	return Clean(p.bar.String())
}

// beside is what a bar of progressbar needs next to its name and itself:
// percentage, bytes of total, rate, time taken and left.
const beside = 56

func (p *Progress) newBar(columns int) *progressbar.ProgressBar {
	name := "  " + p.line.target + "  " + p.name
	options := []progressbar.Option{
		progressbar.OptionSetWriter(io.Discard),
		progressbar.OptionShowBytes(!p.pieces),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetElapsedTime(p.total > 0),
		// Without an interval of its own a bar of unknown length starts no goroutine.
		progressbar.OptionSetSpinnerChangeInterval(0),
		progressbar.OptionSpinnerType(14),
	}
	if p.total > 0 {
		name = cutColumns(name, max(12, columns-beside-10))
		options = append(options, progressbar.OptionSetWidth(min(30, max(5, columns-beside-uniseg.StringWidth(name)))))
	}
	return progressbar.NewOptions64(p.total, append(options, progressbar.OptionSetDescription(name))...)
}
