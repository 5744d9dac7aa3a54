package fingerprint

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
)

// Options say of what a snapshot is taken.
type Options struct {
	Root string // the project
	// Index is the file that remembers hashes; "" remembers nothing.
	Index string
	// Door asks git which files it tracks although it ignores them. Nil, or no git:
	// such files count as ignored.
	Door *command.Door
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Snapshot is a project as it was when a run began. It may be asked by several
// jobs at once.
type Snapshot struct {
	root  string
	now   func() time.Time
	index string

	mu    sync.Mutex
	files map[string]*found // everything that was met, by path
	kept  []string          // of these, what is no ignored file, sorted
	dirs  map[string]bool   // that were walked
	old   map[string]record // what the index knew
	fresh bool              // something was hashed that the index does not know
}

// Open walks the project.
func Open(ctx context.Context, o Options) (*Snapshot, error) {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, fmt.Errorf("find project: %w", err)
	}
	s := &Snapshot{root: root, now: o.Now, index: o.Index, files: map[string]*found{}, dirs: map[string]bool{}}
	if s.now == nil {
		s.now = time.Now
	}
	var tracked []string
	w := newWalk(ctx, root)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { s.old = readIndex(o.Index); return nil })
	group.Go(func() error { tracked = trackedYetIgnored(ctx, o.Door, root); return nil })
	group.Go(func() error { return w.run(".", scopes(root)) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.take(w)
	for _, name := range tracked {
		if s.files[name] != nil {
			continue
		}
		if f, err := lstat(root, name); err == nil && f.kind != 0 {
			s.files[name] = f
			s.kept = append(s.kept, name)
		}
	}
	slices.Sort(s.kept)
	return s, nil
}

func (s *Snapshot) take(w *walk) {
	for _, f := range w.files {
		s.files[f.path] = f
		s.kept = append(s.kept, f.path)
	}
	for _, dir := range w.dirs {
		s.dirs[dir] = true
	}
}

// trackedYetIgnored asks git. What it can't answer is left out: then a project is
// no repository, or has no git beside it.
func trackedYetIgnored(ctx context.Context, door *command.Door, root string) []string {
	if door == nil {
		return nil
	}
	c := command.Read("git", "ls-files", "-z", "--cached", "--ignored", "--exclude-per-directory=.gitignore")
	c.Dir = root
	text, err := door.Text(ctx, c).String()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Split(text, "\x00"), func(name string) bool { return name == "" })
}

// Selection says which files of a project are the inputs of a job.
type Selection struct {
	Dir string // below the project; "." is the project
	// Patterns have the syntax of gitignore, counted from Dir, or from the project
	// with // in front. The last one that matches a file, or a directory above it,
	// decides; "!" takes files away. Without any pattern that adds, everything below
	// Dir is added. A pattern without stars or brackets that names an ignored file,
	// or an output, is an input all the same, as it is when the listing is made.
	Patterns []string
	Except   []string // outputs: paths below the project, which may be patterns of path.Match
}

// Inputs lists the inputs of a job. Only what the index does not know is read.
func (s *Snapshot) Inputs(ctx context.Context, sel Selection) (Listing, error) {
	rules, err := compile(sel)
	if err != nil {
		return Listing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var chosen []*found
	for _, name := range s.below(sel, rules) {
		if !excepted(sel.Except, name) && rules.selects(name) {
			chosen = append(chosen, s.files[name])
		}
	}
	literal, missing, err := s.literal(ctx, sel, rules)
	if err != nil {
		return Listing{}, err
	}
	chosen = append(chosen, literal...)
	if err := s.sum(ctx, chosen); err != nil {
		return Listing{}, err
	}
	files := make([]File, 0, len(chosen))
	for _, f := range chosen {
		if !f.gone {
			files = append(files, f.file())
		}
	}
	return newListing(files, missing), nil
}

// below lists the files that the selection could name.
func (s *Snapshot) below(sel Selection, rules ruleset) []string {
	dir := path.Clean(sel.Dir)
	if dir == "." || rules.wide {
		return s.kept
	}
	from, _ := slices.BinarySearch(s.kept, dir+"/")
	to, _ := slices.BinarySearch(s.kept, dir+"0") // "0" is the byte after the slash
	return s.kept[from:to]
}

// literal finds what patterns name although it was not walked or is an output.
func (s *Snapshot) literal(ctx context.Context, sel Selection, rules ruleset) (more []*found, missing []string, err error) {
	seen := map[string]bool{}
	for _, l := range rules.literals {
		name := l.path
		_, walked := slices.BinarySearch(s.kept, name)
		if (walked || s.dirs[name]) && !excepted(sel.Except, name) {
			continue
		}
		f, err := lstat(s.root, name)
		if err != nil {
			if !slices.ContainsFunc(s.kept, l.rule.matches) { // "a.js" is src/a.js too
				missing = append(missing, name)
			}
			continue
		}
		w := newWalk(ctx, s.root)
		if f.kind != 0 {
			w.files = append(w.files, f)
		} else if err := w.run(name, nil); err != nil {
			return nil, nil, err
		}
		for _, f := range w.files {
			if !seen[f.path] && rules.selects(f.path) {
				seen[f.path] = true
				if was := s.files[f.path]; was != nil && was.stat == f.stat {
					f = was
				}
				s.files[f.path] = f
				more = append(more, f)
			}
		}
	}
	return more, missing, nil
}

// excepted tells whether a path is an output or lies in one.
func excepted(outputs []string, name string) bool {
	return slices.ContainsFunc(outputs, func(out string) bool {
		out = path.Clean(out)
		if !strings.ContainsAny(out, `*?[\`) {
			return name == out || strings.HasPrefix(name, out+"/")
		}
		for at := name; at != "."; at = path.Dir(at) {
			if ok, err := path.Match(out, at); ok && err == nil {
				return true
			}
		}
		return false
	})
}
