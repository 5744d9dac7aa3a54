package cache

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// findings is what a tree needs to work elsewhere.
type findings struct {
	machine   string
	libraries []Library
	bound     []string // text files that carry the prefix
}

// inspect looks into every file of a tree that is to live at prefix. It refuses
// what would break without the directories in gone: links out of the tree,
// search paths of libraries, and interpreters of scripts.
func (t *tree) inspect(ctx context.Context, prefix string, gone ...string) (findings, error) {
	found := make([]fileFindings, len(t.nodes))
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, n := range t.nodes {
		if running.Err() != nil {
			break
		}
		if n.info.Mode().Type() == os.ModeSymlink && !stays(n.name, n.link, prefix) {
			g.Go(func() error { return unfit(n.name, "is a link to %s, out of the tree", n.link) })
		}
		if !n.info.Mode().IsRegular() || n.first != "" {
			continue
		}
		g.Go(func() (err error) {
			found[i], err = inspectFile(t.path(n), n.name, prefix, gone)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return findings{}, err
	}
	return t.gather(found, prefix), ctx.Err()
}

type fileFindings struct {
	bound bool
	elf   *program
}

func inspectFile(file, name, prefix string, gone []string) (fileFindings, error) {
	var found fileFindings
	f, err := os.Open(file)
	if err != nil {
		return found, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return found, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		if found.elf, err = readProgram(f); err != nil {
			return found, nil // test data of CPython: nothing loads it
		}
		for _, dir := range found.elf.search {
			if lost(dir, prefix, gone) || !path.IsAbs(dir) && !strings.HasPrefix(dir, "$ORIGIN") && !strings.HasPrefix(dir, "${ORIGIN}") {
				return found, unfit(name, "looks for its libraries in %q (RPATH), which is not there later", dir)
			}
		}
	case !bytes.Contains(head, []byte{0}):
		line, _, _ := bytes.Cut(head, []byte("\n"))
		if interpreter, ok := bytes.CutPrefix(line, []byte("#!")); ok && lost(strings.TrimSpace(string(interpreter)), prefix, gone) {
			return found, unfit(name, "is run by %s, which is not there later", bytes.TrimSpace(interpreter))
		}
		found.bound, err = contains(io.MultiReader(bytes.NewReader(head), f), prefix)
	}
	return found, err
}

// lost reports whether a path is gone later.
func lost(file, prefix string, gone []string) bool {
	return !within(file, prefix) && slices.ContainsFunc(gone, func(dir string) bool { return within(file, dir) })
}

// contains looks for a short text in a long one.
func contains(r io.Reader, text string) (bool, error) {
	buffer := make([]byte, 32<<10)
	kept := 0
	for {
		n, err := r.Read(buffer[kept:])
		if bytes.Contains(buffer[:kept+n], []byte(text)) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		end := buffer[max(0, kept+n-len(text)+1) : kept+n]
		kept = copy(buffer, end)
	}
}

// gather joins what was found. A library that the tree holds itself is not
// asked of the machine.
func (t *tree) gather(found []fileFindings, prefix string) findings {
	own := map[string]bool{}
	for _, n := range t.nodes {
		own[path.Base(n.name)] = true
	}
	var all findings
	needed := map[string]*Library{}
	for i, f := range found {
		if f.bound {
			all.bound = append(all.bound, t.nodes[i].name)
		}
		if f.elf == nil {
			continue
		}
		if all.machine == "" {
			all.machine = f.elf.machine
		}
		if f.elf.machine != all.machine {
			continue // test data for another machine
		}
		for _, name := range f.elf.needed {
			if own[name] {
				continue
			}
			if needed[name] == nil {
				needed[name] = &Library{Name: name, User: t.nodes[i].name}
			}
			needed[name].add(f.elf, prefix)
		}
	}
	for _, l := range needed {
		slices.Sort(l.Versions)
		slices.Sort(l.Dirs)
		all.libraries = append(all.libraries, *l)
	}
	slices.SortFunc(all.libraries, func(a, b Library) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (l *Library) add(p *program, prefix string) {
	for _, version := range p.versions[l.Name] {
		if !slices.Contains(l.Versions, version) {
			l.Versions = append(l.Versions, version)
		}
	}
	for _, dir := range p.search {
		if filepath.IsAbs(dir) && !within(dir, prefix) && !slices.Contains(l.Dirs, dir) {
			l.Dirs = append(l.Dirs, dir)
		}
	}
}
