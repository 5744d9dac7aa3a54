package coverage

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// builder collects files by path.
type builder map[string]*File

func (b builder) file(path string) *File {
	if b[path] == nil {
		b[path] = newFile(path)
	}
	return b[path]
}

func newFile(path string) *File {
	return &File{Path: path, Hits: map[int]int{}, Taken: map[int][]int{}}
}

// report makes the figures. Nothing measured is an error.
func (b builder) report() (Report, error) {
	r := b.sum()
	if r.Lines.All == 0 {
		return Report{}, empty()
	}
	return r, nil
}

func (b builder) sum() Report {
	var r Report
	for _, path := range slices.Sorted(maps.Keys(b)) {
		f := *b[path]
		if f.Hits != nil {
			f.count()
		}
		r.Lines.add(f.Lines)
		r.Branches.add(f.Branches)
		r.Files = append(r.Files, f)
	}
	return r
}

func (c *Count) add(other Count) {
	c.Covered += other.Covered
	c.All += other.All
}

func (f *File) count() {
	f.Lines, f.Branches = Count{}, Count{}
	for _, hits := range f.Hits {
		f.Lines.All++
		if hits > 0 {
			f.Lines.Covered++
		}
	}
	for _, taken := range f.Taken {
		f.Branches.All += len(taken)
		for _, hits := range taken {
			if hits > 0 {
				f.Branches.Covered++
			}
		}
	}
}

// Merge puts reports together. A line of a file that several have measured was
// reached as often as in all of them. Of a file whose lines are not at hand, as
// after a way through JSON, the report that reached more of it counts.
func Merge(reports ...Report) Report {
	merged := builder{}
	for _, r := range reports {
		for _, f := range r.Files {
			merged.add(f)
		}
	}
	return merged.sum()
}

func (b builder) add(f File) {
	have := b[f.Path]
	switch {
	case have == nil:
		// Reports that were given stay as they are.
		f.Hits, f.Taken = maps.Clone(f.Hits), maps.Clone(f.Taken)
		b[f.Path] = &f
		return
	case have.Hits == nil || f.Hits == nil:
		if f.Lines.Covered > have.Lines.Covered {
			b[f.Path] = &f
		}
		return
	}
	for line, hits := range f.Hits {
		have.Hits[line] = sum(have.Hits[line], hits)
	}
	for line, taken := range f.Taken {
		if have.Taken == nil {
			have.Taken = map[int][]int{}
		}
		have.Taken[line] = union(have.Taken[line], taken)
	}
}

// union adds up how often the branches of a line were taken.
func union(a, b []int) []int {
	all := make([]int, max(len(a), len(b)))
	for i := range all {
		if i < len(a) {
			all[i] = a[i]
		}
		if i < len(b) {
			all[i] = sum(all[i], b[i])
		}
	}
	return all
}

// Below is the part of a report that lies in a directory of the project. A file
// that is not below the project has an absolute path, and is in none.
func (r Report) Below(dir string) Report {
	part := builder{}
	for _, f := range r.Files {
		if (dir == "" || dir == ".") && !path.IsAbs(f.Path) || strings.HasPrefix(f.Path, strings.TrimSuffix(dir, "/")+"/") {
			part.add(f)
		}
	}
	return part.sum()
}
