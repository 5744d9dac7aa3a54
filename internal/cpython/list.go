package cpython

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Interpreter is one line of cpython:list. Its JSON is part of the public
// interface.
type Interpreter struct {
	Version string `json:"version"`
	Prefix  string `json:"prefix"`
	Current bool   `json:"current"` // PREFIX/python leads to it
	Running int    `json:"running_pid,omitempty"`
}

// Kept is a finished build in the cache.
type Kept struct {
	ID       string    `json:"id"`
	Version  string    `json:"version"`
	Created  time.Time `json:"created"`
	For      string    `json:"distribution"`
	Prefix   string    `json:"prefix"`
	Bytes    int64     `json:"size_bytes"`
	Problem  string    `json:"problem,omitempty"`
	Compiler string    `json:"compiler"`
}

// Listing is the result of cpython:list and cpython:cache.
type Listing struct {
	Installed []Interpreter `json:"installed"`
	Cache     []Kept        `json:"cache"`
}

// List shows what is installed and what is in the cache.
func (r *Room) List(ctx context.Context, door *command.Door) (Listing, error) {
	l := Listing{Installed: []Interpreter{}, Cache: []Kept{}}
	c, err := r.o.Config()
	if err != nil {
		return l, err
	}
	if l.Installed, err = installedIn(c); err != nil {
		return l, err
	}
	entries, err := r.cache(c, door).List(ctx)
	if err != nil {
		return l, err
	}
	for _, e := range entries {
		one := Kept{ID: e.ID, Version: e.Version, Created: e.Created, For: e.Key.Distribution, Prefix: e.Prefix, Bytes: e.Archive.Size, Compiler: e.Key.Compiler}
		if e.Problem != nil {
			one.Problem = e.Problem.Error()
		}
		l.Cache = append(l.Cache, one)
	}
	return l, nil
}

// installedIn are the interpreters of this toolkit, the newest version first.
func installedIn(c *config.Config) ([]Interpreter, error) {
	all := []Interpreter{}
	in, err := leads(filepath.Join(c.CPython.Prefix, current))
	if err != nil {
		return all, err
	}
	files, err := filepath.Glob(filepath.Join(c.CPython.Prefix, "python-*", build.InfoFile))
	if err != nil {
		return all, err
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue // a link of a series leads to one that is listed
		}
		one := Interpreter{Version: strings.TrimPrefix(filepath.Base(dir), "python-"), Prefix: dir, Current: filepath.Base(dir) == in}
		if one.Running, err = build.Running(dir); err != nil {
			return all, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b Interpreter) int { return compare(b.Version, a.Version) })
	return all, nil
}

// compare orders versions; what is none comes as text does.
func compare(a, b string) int {
	v, err := release.Parse(a)
	o, oerr := release.Parse(b)
	if err != nil || oerr != nil {
		return cmp.Compare(a, b)
	}
	return v.Compare(o)
}

// Write prints the listing for people.
func (l Listing) Write(w io.Writer) {
	if len(l.Installed) == 0 {
		fmt.Fprintln(w, "no interpreter of ours is installed: cpython:all builds one")
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, one := range l.Installed {
		note := ""
		if one.Current {
			note = "in use"
		}
		if one.Running != 0 {
			note = strings.TrimSpace(note + fmt.Sprintf("  process %d runs from it", one.Running))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", one.Version, one.Prefix, note)
	}
	_ = t.Flush() // w says what there is to say
	if len(l.Cache) == 0 {
		return
	}
	fmt.Fprintln(w, "in the cache:")
	for _, one := range l.Cache {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", one.Version, one.Prefix, one.For, report.Bytes(one.Bytes), one.Created.Local().Format(time.DateTime), cmp.Or(one.Problem, one.ID))
	}
	_ = t.Flush()
}

// Export writes the cached build of the version in the form that the project
// publishes, cpython-X.Y.Z-DISTRO-buildN.tgz, into a directory.
func (r *Room) Export(ctx context.Context, door *command.Door, to string, number int) (string, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	w := &procedure.Work{Door: door}
	b, _, err := r.build(w)
	if err != nil {
		return "", err
	}
	key, known, err := r.key(ctx, w, c, b)
	if err != nil {
		return "", err
	}
	if !known {
		return "", fault.New(fault.Missing, "cpython:all -version="+b.Version+" makes one", fmt.Errorf("export python %s: there is no finished build of it", b.Version))
	}
	path, err := r.cache(c, door).Export(ctx, key, to, number)
	if err != nil {
		return "", fmt.Errorf("export python %s: %w", b.Version, err)
	}
	return path, nil
}
