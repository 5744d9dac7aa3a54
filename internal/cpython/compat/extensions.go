package compat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extension is one compiled module on one side.
type extension struct {
	path  string
	key   string // the same on both sides
	owner *distribution
	own   bool // the project's
	tag   tag
	code  string // of what is wrong; "" while nothing is
	why   string
	state string
	soft  bool // the same module is there in Python, too
}

// extensions proves that the interpreter sees every extension, and that the
// loader takes it.
func (r *run) extensions(ctx context.Context) error {
	own, err := sourceFiles(ctx, r.Project, ".so")
	if err != nil {
		return err
	}
	surveys := map[*side]map[string]*extension{}
	var all []*load
	for _, s := range []*side{r.old, r.new} {
		if !s.known() || s == r.old && !s.compares() {
			continue
		}
		if surveys[s], err = r.survey(ctx, s, own); err != nil {
			return err
		}
		all = append(all, r.toLoad(s, surveys[s])...)
	}
	if err := r.loads(ctx, all); err != nil {
		return err
	}
	for _, l := range all {
		bad := map[string]loaded{}
		for _, one := range l.went {
			bad[one.Name] = one
		}
		for _, x := range surveys[l.side] {
			if one, ok := bad[x.path]; ok && one.state != good {
				x.state, x.code, x.why = one.state, "CP-EXT-007", one.Text
			}
		}
	}
	r.judgeExtensions(surveys)
	return nil
}

// survey finds the extensions of a side and looks at their names and headers.
func (r *run) survey(ctx context.Context, s *side, own []string) (map[string]*extension, error) {
	python, err := machineOf(s.facts.Executable)
	if err != nil {
		return nil, err
	}
	owners := map[string]*distribution{}
	for _, d := range s.facts.Distributions {
		for _, path := range d.Extensions {
			owners[path] = d
		}
	}
	found := map[string]*extension{}
	add := func(path, key string, mine bool) {
		x := &extension{path: path, tag: parseTag(filepath.Base(path)), owner: owners[path], own: mine, state: good}
		if x.look(s.facts, python) {
			x.key = filepath.Join(filepath.Dir(key), x.tag.stem)
			if was := found[x.key]; was == nil || was.state != good {
				found[x.key] = x
			}
		}
	}
	for _, site := range s.facts.Sites {
		if s.packaged && !strings.HasPrefix(site, s.facts.Prefix+"/") {
			continue // the interpreter's own are no business of the project
		}
		err := filepath.WalkDir(site, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return nil
			}
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".so") {
				in, _ := filepath.Rel(site, path)
				add(path, in, false)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, path := range own {
		add(path, path, true)
	}
	return found, nil
}

// look says whether the file is an extension, and notes what is wrong with it.
func (x *extension) look(f *facts, python machine) bool {
	wrong := func(code, why string) bool {
		x.code, x.why, x.state = code, why, failed
		for _, other := range []string{x.tag.stem + ".py", filepath.Join(x.tag.stem, "__init__.py")} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(x.path), other)); err == nil {
				x.soft = true
			}
		}
		return true
	}
	if code, why := x.tag.wrong(f); code != "" {
		return wrong(code, why)
	}
	if x.tag.bare && !starts(x.path, x.tag.stem) {
		// What is broken cannot be told from a library, unless its place says it.
		return false
	}
	built, err := machineOf(x.path)
	switch {
	case err != nil:
		return wrong("CP-EXT-005", err.Error())
	case built != python:
		return wrong("CP-EXT-004", "it was built for "+built.String()+", the interpreter is "+python.String())
	}
	return true
}

// toLoad gives each distribution's good extensions to a process of its own,
// after its packages: some preload the libraries that the extensions need.
func (r *run) toLoad(s *side, found map[string]*extension) []*load {
	groups := map[*distribution]*load{}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		x := found[key]
		if x.code != "" {
			continue
		}
		if groups[x.owner] == nil {
			l := &load{side: s, name: "extensions"}
			if x.owner != nil {
				l.name = x.owner.Name
				l.modules = x.owner.Modules
				// What is known not to import is not tried again.
				for _, d := range r.wanted {
					if d.name == normal(x.owner.Name) && d.row(r, s).state != good {
						l.modules = nil
					}
				}
			}
			groups[x.owner] = l
		}
		groups[x.owner].extensions = append(groups[x.owner].extensions, x.path)
	}
	return slices.Collect(maps.Values(groups))
}

func (r *run) judgeExtensions(surveys map[*side]map[string]*extension) {
	now, was := surveys[r.new], surveys[r.old]
	level, bad, oldBad := OK, 0, 0
	verdicts := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		x := now[key]
		if x.code == "" {
			continue
		}
		bad++
		state := ""
		if o := was[key]; o != nil {
			state = o.state
		}
		f := r.unfit(x, state)
		verdicts[f.Verdict] = true
		if rank(f.Level) < rank(level) {
			level = f.Level
		}
		r.report.add(f)
	}
	for _, x := range was {
		if x.code != "" {
			oldBad++
		}
	}
	if len(now) == 0 && len(was) == 0 {
		return
	}
	row := Row{Kind: "extensions", Name: "C extensions", Old: "?", New: count(len(now), bad), Verdict: New, Level: level}
	if was != nil {
		row.Old, row.Verdict = count(len(was), oldBad), Same
		switch {
		case verdicts[Broken] || verdicts[New]:
			row.Verdict = Broken
		case oldBad > bad:
			row.Verdict = Fixed
		}
	}
	r.report.row(row)
}

func count(all, bad int) string {
	if bad == 0 {
		return fmt.Sprintf("%d load", all)
	}
	return fmt.Sprintf("%d load, %d do not", all-bad, bad)
}
