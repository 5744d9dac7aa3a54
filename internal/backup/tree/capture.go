package tree

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
)

// packSize is what a part of whole files holds, in bytes of the stream, and
// from which on a file gets parts of its own.
const packSize = 4 << 20

// Options say what of a directory is captured.
type Options struct {
	Root   string
	Ignore func(path string, dir bool) bool
	Skip   []string // directories that are left out wherever they are met

	// Base is the log of the set before, nil for a new log; State is what is
	// known of that set, and Source the name that it has there.
	Base   *Base
	State  *manifest.State
	Source string

	// Now tells when reading a file began; nil is the system's clock.
	Now func() time.Time
}

// Result says what was captured.
type Result struct {
	Entries int64
	// Notes name what was skipped or changed while it was read. Unreadable
	// counts the files whose content is missing for want of rights or by I/O
	// errors.
	Notes      []string
	Unreadable int
}

// mostNotes bounds the notes that a set keeps for a source.
const mostNotes = 200

// capture is one run over a tree.
type capture struct {
	ctx   context.Context
	layer *archive.Layer
	press *archive.Press
	base  *Base
	read  *reader
	now   func() time.Time

	pack []entry // the part that is being gathered
	size int64

	// Files with several names come last and one after the other, so that a
	// link is written only when its file has been.
	hard   spool
	serial bool
	names  map[fileID]string // the name under which the file was written

	mu     sync.Mutex
	result Result
	more   int
}

// Capture walks a directory and lays it down.
func Capture(ctx context.Context, layer *archive.Layer, press *archive.Press, o Options) (Result, error) {
	root, err := os.OpenFile(o.Root, os.O_RDONLY, 0)
	if err != nil {
		return Result{}, fmt.Errorf("open directory: %w", err)
	}
	defer root.Close()
	c := &capture{
		ctx: layer.Context(), layer: layer, press: press, base: o.Base,
		read: &reader{root: int(root.Fd())}, names: map[fileID]string{}, now: o.Now,
	}
	if c.now == nil {
		c.now = time.Now
	}
	w := walker{ctx: ctx, ignore: o.Ignore, skip: map[fileID]bool{}, note: c.noted, missed: c.unreadable}
	for _, dir := range o.Skip {
		if id, ok := identify(dir); ok {
			w.skip[id] = true
		}
	}
	if o.Base == nil {
		err = c.first(&w, o.Root)
	} else {
		err = c.next(&w, o)
	}
	if err != nil {
		return Result{}, err
	}
	if err := c.flush(); err != nil {
		return Result{}, err
	}
	if err := layer.Wait(); err != nil {
		return Result{}, err
	}
	slices.Sort(c.result.Notes)
	if c.more > 0 {
		c.result.Notes = append(c.result.Notes, fmt.Sprintf("… and %d more", c.more))
	}
	return c.result, nil
}

// first lays down everything that the walk meets.
func (c *capture) first(w *walker, root string) error {
	w.visit = func(e *entry) error {
		c.result.Entries++
		if e.kind == typeFile && e.links > 1 {
			c.hard.add(e, c.press)
			return nil
		}
		return c.append(e)
	}
	if err := w.walk(root); err != nil {
		return err
	}
	if err := c.single(); err != nil {
		return err
	}
	parents := map[string]bool{}
	if err := c.hard.each(func(e *entry) error {
		above(parents, e.path)
		return c.append(e)
	}); err != nil {
		return err
	}
	return c.directories(parents)
}

// single begins the files that have several names.
func (c *capture) single() error {
	if err := c.flush(); err != nil {
		return err
	}
	err := c.layer.Wait()
	c.serial = true
	return err
}

// next lays down what the log of the set before does not hold.
func (c *capture) next(w *walker, o Options) error {
	var changed spool
	parents := map[string]bool{}
	w.visit = func(e *entry) error {
		c.result.Entries++
		same := c.base.unchanged(e)
		if e.kind == typeFile && e.links > 1 {
			if same {
				e.target = "same"
			}
			c.hard.add(e, c.press)
			return nil
		}
		if !same {
			changed.add(e, c.press)
		}
		return nil
	}
	if err := w.walk(o.Root); err != nil {
		return err
	}
	c.base.settle()
	if err := c.base.keep(c.layer, o.State, o.Source); err != nil {
		return err
	}
	again := func(e *entry) error {
		above(parents, e.path)
		if e.kind == typeDir {
			parents[e.path] = true // with the other directories, below
			return nil
		}
		return c.append(e)
	}
	if err := changed.each(again); err != nil {
		return err
	}
	if err := c.base.survivors(func(e *entry) error {
		if e.kind == typeLink || e.links > 1 && e.kind == typeFile {
			return nil // with the other files of several names, below
		}
		e.stored, e.target = 0, ""
		return again(e)
	}); err != nil {
		return err
	}
	if err := c.groups(again); err != nil {
		return err
	}
	return c.directories(parents)
}

// groups appends the files that have several names: all names of a file as
// soon as one of them is new, changed, or in a part that was not kept. Links
// then always follow their file in the stream.
func (c *capture) groups(again func(*entry) error) error {
	if err := c.single(); err != nil {
		return err
	}
	fresh := map[fileID]bool{}
	err := c.hard.each(func(e *entry) error {
		if e.target != "same" || !c.base.kept(e.path) {
			fresh[fileID{e.device, e.inode}] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.hard.each(func(e *entry) error {
		if !fresh[fileID{e.device, e.inode}] {
			return nil
		}
		e.target = ""
		return again(e)
	})
}

// directories appends the directories that are new or changed, and those in
// which something was appended: writing into them has changed their times for
// tar, so they must come after it.
func (c *capture) directories(parents map[string]bool) error {
	all := make([]string, 0, len(parents))
	for dir := range parents {
		all = append(all, dir)
	}
	// A directory directly before what is in it: tar sets its times on leaving.
	slices.SortFunc(all, func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	})
	for _, dir := range all {
		e := entry{path: dir, kind: typeDir}
		if err := c.append(&e); err != nil {
			return err
		}
	}
	return nil
}

// above adds every directory on the way to a name: tar makes those that are
// missing when it gets there, which changes the times of the ones above.
func above(all map[string]bool, name string) {
	for name != "." {
		name = path.Dir(name)
		if all[name] {
			return
		}
		all[name] = true
	}
}

// append puts one entry into the part that is being gathered, or gives it
// parts of its own.
func (c *capture) append(e *entry) error {
	size := int64(3 * block)
	if e.kind == typeFile {
		if e.size > packSize {
			return c.large(e)
		}
		size += e.size
	}
	if c.size+size > packSize && len(c.pack) > 0 {
		if err := c.flush(); err != nil {
			return err
		}
	}
	c.pack = append(c.pack, *e)
	c.size += size
	return nil
}

// flush hands the gathered entries to one of the cores.
func (c *capture) flush() error {
	if len(c.pack) == 0 {
		return nil
	}
	pack := c.pack
	c.pack, c.size = make([]entry, 0, len(pack)), 0
	buf, err := c.layer.Buffer()
	if err != nil {
		return err
	}
	fill := func(buf []byte) ([]byte, []byte, error) {
		var index indexWriter
		for i := range pack {
			if err := c.ctx.Err(); err != nil {
				return buf, nil, err
			}
			buf = c.small(buf, &pack[i], &index)
		}
		return buf, index.frame(c.press.Frame), nil
	}
	if !c.serial {
		c.layer.Add(buf, fill)
		return nil
	}
	buf, index, err := fill(buf)
	if err != nil {
		c.layer.Release(buf)
		return err
	}
	c.layer.Add(buf, func(buf []byte) ([]byte, []byte, error) { return buf, index, nil })
	return nil
}

// noted keeps a note for the manifest.
func (c *capture) noted(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.result.Notes) == mostNotes {
		c.more++
		return
	}
	c.result.Notes = append(c.result.Notes, fmt.Sprintf(format, args...))
}

// unreadable notes a name whose content the set lacks.
func (c *capture) unreadable(format string, args ...any) {
	c.noted(format, args...)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.Unreadable++
}
