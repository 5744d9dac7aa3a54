package compat

import (
	"regexp"
	"strings"
)

// tag is what the name of an extension says it was built for:
// NAME.cpython-313td-x86_64-linux-gnu.so, NAME.abi3.so, NAME.so.
type tag struct {
	stem    string
	suffix  string // with all dots, as the interpreter lists them
	version string // "3.13"; "" for one that fits several
	flags   string // d: debug, t: free-threaded, m and u: before 3.8
	triplet string // of machine, system and C library
	pypy    bool
	bare    bool // NAME.so: it may be no extension
}

// parseTag reads a file name that ends in .so.
func parseTag(base string) tag {
	stem, rest, _ := strings.Cut(base, ".")
	t := tag{stem: stem, suffix: "." + rest}
	if m := regexp.MustCompile(`^\.cpython-(\d)(\d+)([a-z]*)(?:-(.+))?\.so$`).FindStringSubmatch(t.suffix); m != nil {
		t.version, t.flags, t.triplet = m[1]+"."+m[2], m[3], m[4]
		return t
	}
	t.pypy = strings.HasPrefix(t.suffix, ".pypy")
	t.bare = !t.pypy && !strings.HasPrefix(t.suffix, ".abi3")
	return t
}

// wrong says why an interpreter does not see an extension; "" when it does.
func (t tag) wrong(f *facts) (code, why string) {
	own := parseTag("x." + f.SOABI + ".so")
	for _, suffix := range f.Suffixes {
		if t.suffix == suffix {
			return "", ""
		}
	}
	switch {
	case t.pypy:
		return "CP-EXT-001", "it was built for PyPy"
	case t.bare && t.version == "":
		return "", "" // a library with a dot in its name
	case t.version != "" && t.version != own.version:
		return "CP-EXT-001", "it was built for Python " + t.version + ", this is " + own.version
	case strings.Contains(t.flags, "t") != f.FreeThreaded:
		return "CP-EXT-002", "it was built for the " + threading(strings.Contains(t.flags, "t")) + " Python, this is the " + threading(f.FreeThreaded) + " one"
	case t.version == "" && f.FreeThreaded:
		return "CP-EXT-002", "the stable ABI is not that of the free-threaded Python"
	case strings.Contains(t.flags, "d") != f.Debug:
		return "CP-EXT-002", "it was built for a " + debugging(strings.Contains(t.flags, "d")) + " Python, this is a " + debugging(f.Debug) + " one"
	case t.triplet != "" && t.triplet != own.triplet:
		return "CP-EXT-003", "it was built for " + t.triplet + ", this is " + own.triplet
	}
	return "CP-EXT-001", "the interpreter looks for " + strings.Join(f.Suffixes, ", ")
}

func threading(free bool) string {
	if free {
		return "free-threaded"
	}
	return "usual"
}

func debugging(debug bool) string {
	if debug {
		return "debug"
	}
	return "release"
}
