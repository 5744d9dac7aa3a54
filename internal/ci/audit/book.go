package audit

import (
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/audit/trace"
)

// book keeps what was done, by path. Order matters while it is written: what a
// job reads after it has made it is its own.
type book struct {
	read, asked, written, removed map[string]bool
	made                          map[string]bool // files and directories of the job's own
	ran                           map[string]bool
}

func newBook() *book {
	return &book{
		read: map[string]bool{}, asked: map[string]bool{}, written: map[string]bool{},
		removed: map[string]bool{}, made: map[string]bool{}, ran: map[string]bool{},
	}
}

func (b *book) note(a trace.Access) {
	switch a.Kind {
	case trace.Ran:
		b.ran[a.Path] = true
		b.reads(a.Path)
	case trace.Read:
		b.reads(a.Path)
	case trace.Asked:
		if !b.own(a.Path) && !b.removed[a.Path] {
			b.asked[a.Path] = true
		}
	case trace.Written:
		b.written[a.Path], b.made[a.Path] = true, true
	case trace.Made:
		b.made[a.Path] = true
	case trace.Removed:
		b.removes(a.Path)
	case trace.Moved:
		b.reads(a.Path)
		b.removes(a.Path)
		b.written[a.To], b.made[a.To] = true, true
	}
}

func (b *book) reads(name string) {
	if !b.own(name) {
		b.read[name] = true
	}
}

// removes forgets what the job has made itself; others' it notes.
func (b *book) removes(name string) {
	if !b.own(name) || b.read[name] {
		b.removed[name] = true
	}
	delete(b.made, name)
}

// own tells whether the job has made a path, or a directory above it.
func (b *book) own(name string) bool { return b.top(name) != "" }

// top is the highest directory of the job's own that holds a path, or the path.
func (b *book) top(name string) string {
	top := ""
	for ; name != "/" && name != "."; name = path.Dir(name) {
		if b.made[name] {
			top = name
		}
	}
	return top
}

// prefixes are the directories that programs outside of the project were run
// from: /opt/node of /opt/node/bin/npm. What is below is the tool's own.
func (b *book) prefixes(home string) []string {
	var dirs []string
	for program := range b.ran {
		bin := path.Dir(program)
		prefix := path.Dir(bin)
		// ~/.local holds modules that are installed for a user: no tool's own.
		if slices.Contains([]string{"bin", "sbin", "libexec", "shims"}, path.Base(bin)) && prefix != "/" && prefix != home && prefix != path.Join(home, ".local") {
			dirs = append(dirs, prefix)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// below tells whether a path is a directory or in it.
func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}
