// Package place tells where in the project a path is that a program has printed.
//
// Programs print paths as they see them: from the directory that they ran in,
// from the root, from inside a container, as a file: address, with backslashes.
// What the pipeline keeps counts from the project, with slashes, so that a report
// means the same on every machine. A path that is not below the project stays as
// it was printed: a guess would point a reader at the wrong file.
package place

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Place is where a program ran.
type Place struct {
	Project string // absolute; "" where nothing can be looked up
	Dir     string // below the project, with slashes; "" or "." is the project
}

// Path is where a printed path is, counted from the project.
func (p Place) Path(printed string) string {
	found, _ := p.Below(printed)
	return found
}

// Below is Path, and whether that is below the project.
func (p Place) Below(printed string) (string, bool) {
	name := slashed(printed)
	if name == "" || strings.ContainsRune(name, 0) {
		return printed, false
	}
	if path.IsAbs(name) {
		return p.absolute(path.Clean(name))
	}
	here, there := path.Join(p.Dir, name), path.Clean(name)
	switch {
	case !inside(here) && !inside(there):
		return path.Clean(name), false
	case !inside(here), here != there && !p.exists(here) && p.exists(there):
		return there, inside(there)
	}
	return here, true
}

// Exists tells whether a path below the project names a file that is there.
func (p Place) Exists(below string) bool { return p.exists(below) }

func (p Place) absolute(name string) (string, bool) {
	for _, root := range p.roots() {
		if below, is := strings.CutPrefix(name, root); is && below != "" {
			return below, true
		}
	}
	if foreign(name) {
		return name, false
	}
	// Inside a container the project has another root: what counts is the longest
	// end of the path that is a file here. One name alone is too little to go by,
	// unless there was no more than a root above it.
	parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for from := 1; from < len(parts) && (from < len(parts)-1 || len(parts) == 2); from++ {
		end := path.Join(parts[from:]...)
		for _, candidate := range []string{path.Join(p.Dir, end), end} {
			if p.exists(candidate) {
				return candidate, true
			}
		}
	}
	return name, false
}

// roots are the project's directory as it was given and as it really is, with a
// slash at the end.
func (p Place) roots() []string {
	if p.Project == "" {
		return nil
	}
	roots := []string{filepath.ToSlash(filepath.Clean(p.Project))}
	if actual, err := filepath.EvalSymlinks(p.Project); err == nil {
		roots = append(roots, filepath.ToSlash(actual))
	}
	for i := range roots {
		roots[i] = strings.TrimSuffix(roots[i], "/") + "/"
	}
	return slices.Compact(roots)
}

func (p Place) exists(below string) bool {
	if p.Project == "" || !inside(below) {
		return false
	}
	info, err := os.Stat(filepath.Join(p.Project, filepath.FromSlash(below)))
	return err == nil && info.Mode().IsRegular()
}

// slashed undoes what is only another way to write a path.
func slashed(printed string) string {
	name := strings.TrimSpace(printed)
	if strings.HasPrefix(name, "file:") {
		if u, err := url.Parse(name); err == nil && u.Path != "" {
			name = u.Path
		}
	}
	if !strings.Contains(name, "/") {
		name = strings.ReplaceAll(name, `\`, "/")
	}
	return name
}

// inside tells whether a clean path stays below where it starts.
func inside(name string) bool {
	return name != "." && name != ".." && !strings.HasPrefix(name, "../") && !path.IsAbs(name)
}

// foreign tells whether a path leads to what a project uses but does not own.
func foreign(name string) bool {
	return slices.ContainsFunc([]string{"/node_modules/", "/site-packages/", "/dist-packages/", "/usr/lib/", "/usr/local/lib/"},
		func(part string) bool { return strings.Contains(name, part) })
}
