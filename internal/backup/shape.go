package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/backup/tree"
	"iact-infra/internal/command"
)

// shape checks that the decoded parts of a source are what its kind should be.
// part is called for each part in order, then either end or stop.
type shape interface {
	part(p manifest.Part, data []byte) error
	bad(p manifest.Part) // instead of part, for one that could not be read
	end(whole bool) error
	stop()
}

// unchecked says that the bytes are right, but not whether they make sense.
type unchecked struct{ cause error }

func (u *unchecked) Error() string { return "structure not checked: " + u.cause.Error() }
func (u *unchecked) Unwrap() error { return u.cause }

func newShape(ctx context.Context, door *command.Door, held *manifest.Source) (shape, error) {
	switch held.Kind {
	case source.KindPostgres:
		return newDumpShape(ctx, door)
	case source.KindGlobals:
		return &textShape{trailer: "-- PostgreSQL database cluster dump complete"}, nil
	case source.KindMariaDB:
		return &textShape{trailer: source.DumpTrailer}, nil
	case source.KindFiles, source.KindVolume:
		if !isTree(held) {
			return newStreamShape(), nil
		}
		return &treeShape{}, nil
	case source.KindVM:
		return newMachineShape(), nil
	}
	return nil, &unchecked{fmt.Errorf("this program does not know the kind %s", held.Kind)}
}

// isTar says whether the parts of a source are a tar, by whomever it was written.
func isTar(held *manifest.Source) bool {
	return held.Kind == source.KindFiles || held.Kind == source.KindVolume
}

// isTree says whether they are a tar that was laid down file by file: its parts
// make sense alone. One that came as a stream is cut anywhere.
func isTree(held *manifest.Source) bool {
	return isTar(held) && held.Detail["layout"] != source.LayoutStream
}

type noShape struct{}

func (noShape) part(manifest.Part, []byte) error { return nil }
func (noShape) bad(manifest.Part)                {}
func (noShape) end(bool) error                   { return nil }
func (noShape) stop()                            {}

type treeShape struct{ c tree.Checker }

func (t *treeShape) part(p manifest.Part, data []byte) error { return t.c.Part(p, data) }
func (t *treeShape) bad(p manifest.Part)                     { t.c.Bad(p) }
func (t *treeShape) end(bool) error                          { return t.c.End() }
func (t *treeShape) stop()                                   {}

// textShape keeps the end of a text and wants the line that its writer prints
// only when it has finished.
type textShape struct {
	trailer string
	tail    []byte
	any     bool
}

func (t *textShape) part(_ manifest.Part, data []byte) error {
	const enough = 4096
	t.any = true
	t.tail = append(t.tail, data[max(0, len(data)-enough):]...)
	t.tail = t.tail[max(0, len(t.tail)-enough):]
	return nil
}

func (t *textShape) bad(manifest.Part) {}

func (t *textShape) end(bool) error {
	if t.any && !bytes.Contains(t.tail, []byte("\n"+t.trailer)) {
		return fmt.Errorf("the text does not end with %q: the dump was cut short", t.trailer)
	}
	return nil
}

func (t *textShape) stop() {}

// dumpShape lets pg_restore read the whole dump: its table of contents alone
// is fine in a dump that is cut to a third.
type dumpShape struct {
	w    *io.PipeWriter
	done chan error
	any  bool
}

func newDumpShape(ctx context.Context, door *command.Door) (shape, error) {
	if _, err := door.Look(ctx, "pg_restore"); err != nil {
		return nil, &unchecked{err}
	}
	r, w := io.Pipe()
	d := &dumpShape{w: w, done: make(chan error, 1)}
	go func() {
		err := door.Feed(ctx, command.Read("pg_restore", "-f", "/dev/null"), r)
		_ = r.CloseWithError(errEnded)
		d.done <- err
	}()
	return d, nil
}

var errEnded = errors.New("pg_restore has ended")

func (d *dumpShape) part(_ manifest.Part, data []byte) error {
	d.any = true
	// When pg_restore ended early, end has the reason.
	_, _ = d.w.Write(data)
	return nil
}

func (d *dumpShape) bad(manifest.Part) {}

var errAbandoned = errors.New("a part before was bad")

func (d *dumpShape) end(whole bool) error {
	switch {
	case !d.any: // nothing was due: pg_restore is not asked
		d.stop()
		return nil
	case !whole:
		d.stop()
		return errAbandoned
	}
	_ = d.w.Close()
	if err := <-d.done; err != nil {
		return fmt.Errorf("not a complete dump: %w", err)
	}
	return nil
}

func (d *dumpShape) stop() {
	_ = d.w.CloseWithError(errAbandoned)
	<-d.done
}

// lost names what a bad part of a tree held, as its index tells.
func lost(dir string, p manifest.Part) string {
	const most = 5
	if p.Index == nil {
		return ""
	}
	held, err := tree.Names(dir, p, most+1)
	if err != nil || len(held) == 0 {
		return ""
	}
	more := ""
	if len(held) > most {
		held, more = held[:most], ", …"
	}
	return " (it holds " + strings.Join(held, ", ") + more + ")"
}

func indexGood(dir string, p manifest.Part) error {
	data, err := os.ReadFile(filepath.Join(dir, manifest.IndexName(p.Number)))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("missing")
	}
	if err != nil {
		return err
	}
	if manifest.Sum(data) != *p.Index {
		return errors.New("not what was written")
	}
	return nil
}

func same(dir, name string, want []byte) error {
	got, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("missing")
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("not what was written")
	}
	return nil
}

// sumsGood makes sure that SHA256SUMS says what the manifest says.
func sumsGood(set *store.Set) error {
	want, err := sums(set)
	if err != nil {
		return nil //nolint:nilerr // a list of parts that cannot be read is a finding of its own
	}
	return same(set.Dir, "SHA256SUMS", want)
}

// strangers lists the files of a source that look like parts and are none.
// RESTORE.md takes every file of that name.
func strangers(dir string, parts []manifest.Part) []string {
	known := map[string]bool{}
	for _, p := range parts {
		known[manifest.PartName(p.Number)] = true
	}
	var found []string
	// What cannot be read is found by reading the parts.
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(dir, path)
		if err == nil && relErr == nil && filepath.Ext(name) == ".zst" && !known[name] {
			found = append(found, name)
		}
		return nil
	})
	return found
}
