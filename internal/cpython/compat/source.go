package compat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// sourceFiles are the project's own files with an ending. What tools made, and
// environments, are no sources.
func sourceFiles(ctx context.Context, project string, endings ...string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(project, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case path == project && err != nil:
			return err
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && path != project && passedOver(path):
			return fs.SkipDir
		case entry.Type().IsRegular() && slices.Contains(endings, filepath.Ext(path)):
			all = append(all, path)
		}
		return nil
	})
	return all, err
}

func passedOver(dir string) bool {
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	}
	switch base := filepath.Base(dir); base {
	case "node_modules", "__pycache__", "site-packages", ".git", ".hg", ".svn", ".tox", ".nox", ".eggs", ".iact", ".mypy_cache", ".ruff_cache", ".pytest_cache":
		return true
	case "build", "dist":
		return !there("__init__.py")
	default:
		return there("pyvenv.cfg") || there("conda-meta") || strings.HasSuffix(base, ".egg-info")
	}
}

// scanned is what a compilation says of one file.
type scanned struct {
	File     int       `json:"file"`
	Error    string    `json:"error"`
	Unread   string    `json:"unread"`
	Line     int       `json:"line"`
	Warnings []warning `json:"warnings"`
	Found    []use     `json:"found"`
}

type warning struct {
	Line int    `json:"line"`
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// use is one place that uses what is gone, or will go.
type use struct {
	Kind    string `json:"kind"`
	Line    int    `json:"line"`
	Name    string `json:"name"`
	Guarded bool   `json:"guarded"`
}

type scanQuestion struct {
	Files   []string `json:"files"`
	Target  []int    `json:"target"`
	Modules []string `json:"modules"`
	Names   []string `json:"names"`
	Methods []string `json:"methods"`
}

// source compiles the project's files with the new interpreter, and again with
// the old one those of which the new one complains.
func (r *run) source(ctx context.Context) error {
	if r.Project == "" || !r.new.known() {
		return nil
	}
	var err error
	if r.sources, err = sourceFiles(ctx, r.Project, ".py"); err != nil {
		return err
	}
	q := scanQuestion{Target: r.new.facts.Info, Modules: r.watched()}
	for _, one := range concerning(r.new.minorNumber()) {
		switch one.kind {
		case kindName:
			q.Names = append(q.Names, one.name)
		case kindMethod:
			q.Methods = append(q.Methods, one.name)
		}
	}
	now, err := r.scan(ctx, r.new, r.sources, q)
	if err != nil {
		return err
	}
	var complained []string
	for _, file := range r.sources {
		if one := now[file]; one != nil && (one.Error != "" || len(one.Warnings) > 0) {
			complained = append(complained, file)
		}
	}
	before := map[string]*scanned{}
	if r.old.known() {
		if before, err = r.scan(ctx, r.old, complained, scanQuestion{Target: r.old.facts.Info}); err != nil {
			return err
		}
	}
	r.judgeSources(now, before)
	return nil
}

// scan runs the files in two halves. A file that takes the compiler down is
// named, and the others go on without it.
func (r *run) scan(ctx context.Context, s *side, files []string, q scanQuestion) (map[string]*scanned, error) {
	var mu sync.Mutex
	result := make(map[string]*scanned, len(files))
	group, inner := errgroup.WithContext(ctx)
	for part := range atOnce {
		var mine []string
		for i := part; i < len(files); i += atOnce {
			mine = append(mine, files[i])
		}
		group.Go(func() error {
			for len(mine) > 0 {
				one := q
				one.Files = mine
				answers, begun, err := ask[*scanned](inner, r, s, scanProbe, one, r.limit()+time.Duration(len(mine))*50*time.Millisecond)
				mu.Lock()
				for _, a := range answers {
					if a.File >= 0 && a.File < len(mine) {
						result[mine[a.File]] = a
					}
				}
				mu.Unlock()
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err == nil {
					return nil
				}
				at, wrong := strconv.Atoi(begun)
				if wrong != nil || at < 0 || at >= len(mine) {
					return fmt.Errorf("compile the sources with %s: %w", s.program, err)
				}
				_, text := ending(err)
				mu.Lock()
				result[mine[at]] = &scanned{Error: "the compiler does not survive it: " + text}
				mu.Unlock()
				mine = mine[at+1:]
			}
			return nil
		})
	}
	return result, group.Wait()
}

// watched are the modules whose import is worth a word: what the new standard
// library has not, or will not have, and nobody else provides.
func (r *run) watched() []string {
	all := map[string]bool{}
	for _, one := range concerning(r.new.minorNumber()) {
		if one.kind == kindModule {
			all[one.name] = true
		}
	}
	if r.old.known() {
		for _, name := range r.old.facts.Stdlib {
			if !slices.Contains(r.new.facts.Stdlib, name) {
				all[name] = true
			}
		}
	}
	for _, d := range r.new.names {
		for _, module := range d.Modules {
			delete(all, module)
		}
	}
	var names []string
	for name := range all {
		if !provides(r.Project, name) && !provides(filepath.Join(r.Project, "src"), name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// provides says whether a directory holds a module of that name.
func provides(dir, module string) bool {
	top, _, _ := strings.Cut(module, ".")
	for _, name := range []string{top + ".py", filepath.Join(top, "__init__.py")} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
