package build

import (
	"os"
	"path/filepath"
)

// Need is a library or a program that a build takes from the system.
type Need struct {
	Name    string
	Program string   // a program that has to be in PATH; or
	Headers []string // below an include directory, any of them
	Modules []string // of the standard library that are not built without it
	Costs   string   // what is lost without it, for a person
	// The packages that have it.
	Debian, Fedora, Alpine, Homebrew string
}

// Needs is everything that a complete build takes, programs first. Sources: the
// developer's guide of CPython (devguide.python.org, "Install dependencies"),
// PROCED-INFRA-006 step 1.2, and configure's own tests.
func Needs() []Need {
	return []Need{
		{Name: "C compiler", Program: "gcc", Costs: "nothing can be built", Debian: "gcc", Fedora: "gcc", Alpine: "gcc", Homebrew: ""},
		{Name: "C library", Headers: []string{"stdio.h"}, Costs: "nothing can be built", Debian: "libc6-dev", Fedora: "glibc-devel", Alpine: "musl-dev", Homebrew: ""},
		{Name: "make", Program: "make", Costs: "nothing can be built", Debian: "make", Fedora: "make", Alpine: "make", Homebrew: ""},
		{Name: "pkg-config", Program: "pkg-config", Costs: "libraries are not found", Debian: "pkg-config", Fedora: "pkgconf-pkg-config", Alpine: "pkgconf", Homebrew: "pkg-config"},
		{Name: "xz", Program: "xz", Costs: "the sources cannot be unpacked", Debian: "xz-utils", Fedora: "xz", Alpine: "xz", Homebrew: "xz"},
		{Name: "OpenSSL", Headers: []string{"openssl/ssl.h"}, Modules: []string{"_ssl", "_hashlib", "ssl"}, Costs: "no TLS: pip and every client of HTTPS fail", Debian: "libssl-dev", Fedora: "openssl-devel", Alpine: "openssl-dev", Homebrew: "openssl@3"},
		{Name: "libffi", Headers: []string{"ffi.h"}, Modules: []string{"_ctypes", "ctypes"}, Costs: "no ctypes", Debian: "libffi-dev", Fedora: "libffi-devel", Alpine: "libffi-dev", Homebrew: "libffi"},
		{Name: "zlib", Headers: []string{"zlib.h"}, Modules: []string{"zlib"}, Costs: "no zlib: the installation of pip fails", Debian: "zlib1g-dev", Fedora: "zlib-devel", Alpine: "zlib-dev", Homebrew: "zlib"},
		{Name: "bzip2", Headers: []string{"bzlib.h"}, Modules: []string{"_bz2", "bz2"}, Costs: "no bz2", Debian: "libbz2-dev", Fedora: "bzip2-devel", Alpine: "bzip2-dev", Homebrew: "bzip2"},
		{Name: "liblzma", Headers: []string{"lzma.h"}, Modules: []string{"_lzma", "lzma"}, Costs: "no lzma: pandas warns, .xz cannot be read", Debian: "liblzma-dev", Fedora: "xz-devel", Alpine: "xz-dev", Homebrew: "xz"},
		{Name: "SQLite", Headers: []string{"sqlite3.h"}, Modules: []string{"_sqlite3", "sqlite3"}, Costs: "no sqlite3: Django's tests and coverage fail", Debian: "libsqlite3-dev", Fedora: "sqlite-devel", Alpine: "sqlite-dev", Homebrew: "sqlite"},
		{Name: "readline", Headers: []string{"readline/readline.h"}, Modules: []string{"readline"}, Costs: "no history and completion at the prompt", Debian: "libreadline-dev", Fedora: "readline-devel", Alpine: "readline-dev", Homebrew: "readline"},
		{Name: "ncurses", Headers: []string{"curses.h", "ncurses.h", "ncursesw/curses.h"}, Modules: []string{"_curses", "_curses_panel", "curses"}, Costs: "no curses", Debian: "libncurses-dev", Fedora: "ncurses-devel", Alpine: "ncurses-dev", Homebrew: "ncurses"},
		{Name: "libuuid", Headers: []string{"uuid/uuid.h"}, Modules: []string{"_uuid"}, Costs: "uuid1 is slow and not safe between processes", Debian: "uuid-dev", Fedora: "libuuid-devel", Alpine: "util-linux-dev", Homebrew: ""},
		{Name: "gdbm", Headers: []string{"gdbm.h"}, Modules: []string{"_gdbm", "_dbm"}, Costs: "no dbm.gnu", Debian: "libgdbm-dev", Fedora: "gdbm-devel", Alpine: "gdbm-dev", Homebrew: "gdbm"},
		{Name: "Tk", Headers: []string{"tk.h", "tcl8.6/tk.h", "tcl/tk.h", "tk/tk.h"}, Modules: []string{"_tkinter", "tkinter"}, Costs: "no tkinter and no IDLE", Debian: "tk-dev", Fedora: "tk-devel", Alpine: "tk-dev", Homebrew: "tcl-tk"},
	}
}

// Here says whether the system has it: look finds programs.
func (n Need) Here(look func(program string) bool) bool {
	if n.Program != "" {
		return look(n.Program)
	}
	for _, dir := range includeDirs() {
		for _, header := range n.Headers {
			if _, err := os.Stat(filepath.Join(dir, header)); err == nil {
				return true
			}
		}
	}
	return false
}

// includeDirs are where compilers look, those of Debian's architectures too.
func includeDirs() []string {
	dirs := []string{"/usr/include", "/usr/local/include"}
	more, _ := filepath.Glob("/usr/include/*-linux-*") // a bad pattern is all that could fail
	return append(dirs, more...)
}

// Dispensable says whether nothing but modules that may be missing needs it.
func (n Need) Dispensable(allowed func(module string) bool) bool {
	for _, module := range n.Modules {
		if module[0] == '_' && !allowed(module) || module == "zlib" || module == "readline" && !allowed(module) {
			return false
		}
	}
	return len(n.Modules) > 0
}
