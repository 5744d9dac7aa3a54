package cache

import (
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// program is what an ELF file wants of the machine that runs it.
type program struct {
	machine  string
	needed   []string            // sonames
	versions map[string][]string // by soname: GLIBC_2.34, OPENSSL_3.0.0
	search   []string            // RPATH and RUNPATH
}

// readProgram reads an ELF file. One without a dynamic section wants nothing.
func readProgram(r io.ReaderAt) (*program, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	p := &program{machine: f.Machine.String(), versions: map[string][]string{}}
	if p.needed, err = f.ImportedLibraries(); err != nil {
		return nil, err
	}
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		lists, err := f.DynString(tag)
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			p.search = append(p.search, strings.Split(list, ":")...)
		}
	}
	needs, err := f.DynamicVersionNeeds()
	if err != nil {
		return p, nil //nolint:nilerr // without a table of versions any will do
	}
	for _, library := range needs {
		for _, version := range library.Needs {
			if version.Flags&elf.VER_FLG_WEAK == 0 {
				p.versions[library.Name] = append(p.versions[library.Name], version.Dep)
			}
		}
	}
	return p, nil
}

// Library is one that a build needs and does not hold.
type Library struct {
	Name     string   `json:"soname"`
	Versions []string `json:"versions,omitempty"` // of its symbols
	Dirs     []string `json:"dirs,omitempty"`     // where the build looks besides the usual places
	User     string   `json:"needed_by"`          // one file of the build
}

// missing says what this machine lacks of a library, or "".
func (l Library) missing(machine string, dirs []string) string {
	why := "is not on this machine"
	for _, dir := range slices.Concat(l.Dirs, dirs) {
		lacks, ok := lacking(filepath.Join(dir, l.Name), machine, l.Versions)
		if ok && lacks == "" {
			return ""
		}
		if ok {
			why = "has no " + lacks + " on this machine (" + filepath.Join(dir, l.Name) + ")"
		}
	}
	return l.Name + " " + why + "; " + l.User + " needs it"
}

// lacking gives the first version that a library does not have. Not ok is one
// that is not there, or not for this machine. One that tells no versions is
// taken as it is, as the loader does.
func lacking(file, machine string, versions []string) (version string, ok bool) {
	f, err := elf.Open(file)
	if err != nil {
		return "", false
	}
	defer f.Close()
	if f.Machine.String() != machine {
		return "", false
	}
	defined, err := f.DynamicVersions()
	if err != nil || len(defined) == 0 {
		return "", true
	}
	for _, version := range versions {
		if !slices.ContainsFunc(defined, func(d elf.DynamicVersion) bool { return d.Name == version }) {
			return version, true
		}
	}
	return "", true
}

// libraryDirs are the directories where the loader of this machine looks:
// those of ld.so.conf and the built-in ones.
func libraryDirs() []string {
	return append(configured("/etc/ld.so.conf", 0),
		"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib") // the last one is musl's
}

func configured(file string, depth int) []string {
	text, err := os.ReadFile(file)
	if err != nil || depth > 8 {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == "include":
			for _, pattern := range fields[1:] {
				if !filepath.IsAbs(pattern) {
					pattern = filepath.Join(filepath.Dir(file), pattern)
				}
				found, _ := filepath.Glob(pattern) // a bad pattern names nothing
				for _, f := range found {
					dirs = append(dirs, configured(f, depth+1)...)
				}
			}
		default:
			dirs = append(dirs, fields[0])
		}
	}
	return dirs
}
