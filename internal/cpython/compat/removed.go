package compat

import (
	"fmt"
	"slices"
	"strings"
)

// What a removal is of.
const (
	kindModule = "module"
	kindName   = "name"   // of a module
	kindMethod = "method" // of unittest.TestCase
)

// removal is something that left the standard library, or will. Each stands in
// "What's New in Python 3.N", for the N of removed; what is only deprecated, for
// the N of deprecated.
type removal struct {
	kind       string
	name       string
	deprecated int // the minor version of Python 3; 0 is before any of interest
	removed    int // 0 is not yet
	instead    string
}

func (r removal) source() string {
	minor := r.removed
	if minor == 0 {
		minor = r.deprecated
	}
	return fmt.Sprintf("https://docs.python.org/3/whatsnew/3.%d.html", minor)
}

func (r removal) cause() string {
	if r.removed == 0 {
		return fmt.Sprintf("deprecated since Python 3.%d: %s", r.deprecated, r.source())
	}
	return fmt.Sprintf("removed in Python 3.%d: %s", r.removed, r.source())
}

// lookup finds what is gone in a version.
func lookup(kind, name string, minor int) (removal, bool) {
	for _, one := range removals() {
		if one.kind == kind && one.name == name && one.removed != 0 && one.removed <= minor {
			return one, true
		}
	}
	return removal{}, false
}

// concerning are those that a version has removed or deprecated.
func concerning(minor int) []removal {
	return slices.DeleteFunc(removals(), func(one removal) bool {
		return (one.removed == 0 || one.removed > minor) && (one.deprecated == 0 || one.deprecated > minor)
	})
}

// removals is the whole table.
func removals() []removal {
	return slices.Concat(modulesRemoved(), namesRemoved(), methodsRemoved())
}

func modulesRemoved() []removal {
	var all []removal
	add := func(deprecated, removed int, pairs ...string) {
		for i := 0; i+1 < len(pairs); i += 2 {
			all = append(all, removal{kindModule, pairs[i], deprecated, removed, pairs[i+1]})
		}
	}
	const web = "email.message and urllib.parse, or the distribution legacy-cgi"
	add(0, 8, "macpath", "os.path")
	add(0, 9, "dummy_threading", "threading", "_dummy_thread", "_thread")
	add(0, 10, "formatter", "nothing", "parser", "ast", "symbol", "ast")
	add(9, 11, "binhex", "base64, or binascii")
	add(4, 12, "imp", "importlib")
	add(6, 12, "asynchat", "asyncio, or the distribution pyasynchat", "asyncore", "asyncio, or the distribution pyasyncore")
	add(0, 12, "smtpd", "the distribution aiosmtpd")
	add(10, 12, "distutils", "setuptools, which brings it; shutil, subprocess or packaging.version for parts of it")
	// PEP 594.
	add(11, 13,
		"aifc", "the distribution standard-aifc", "audioop", "the distribution audioop-lts", "cgi", web, "cgitb", "traceback, or the distribution legacy-cgi",
		"chunk", "the distribution standard-chunk", "crypt", "hashlib, or the distribution bcrypt, argon2-cffi or legacycrypt",
		"imghdr", "the distribution filetype or puremagic", "mailcap", "mimetypes", "msilib", "nothing", "nis", "nothing",
		"nntplib", "the distribution nntplib", "ossaudiodev", "the distribution pygame", "pipes", "subprocess, and shlex.quote",
		"sndhdr", "the distribution filetype or puremagic", "spwd", "the distribution python-pam", "sunau", "the distribution standard-sunau",
		"telnetlib", "the distribution telnetlib3 or standard-telnetlib", "uu", "base64", "xdrlib", "the distribution standard-xdrlib")
	add(11, 13, "lib2to3", "the distribution libcst or parso")
	add(6, 13, "tkinter.tix", "tkinter.ttk")
	add(8, 13, "typing.io", "typing", "typing.re", "re, or typing")
	return all
}

func methodsRemoved() []removal {
	var all []removal
	for name, instead := range map[string]string{
		"assertEquals": "assertEqual", "assertNotEquals": "assertNotEqual", "assert_": "assertTrue", "assertAlmostEquals": "assertAlmostEqual",
		"assertNotAlmostEquals": "assertNotAlmostEqual", "assertRegexpMatches": "assertRegex", "assertNotRegexpMatches": "assertNotRegex",
		"assertRaisesRegexp": "assertRaisesRegex", "failUnless": "assertTrue", "failIf": "assertFalse", "failUnlessEqual": "assertEqual",
		"failIfEqual": "assertNotEqual", "failUnlessAlmostEqual": "assertAlmostEqual", "failIfAlmostEqual": "assertNotAlmostEqual",
		"failUnlessRaises": "assertRaises", "assertDictContainsSubset": "assertEqual({**actual, **expected}, actual)",
	} {
		all = append(all, removal{kindMethod, name, 1, 12, instead})
	}
	slices.SortFunc(all, func(a, b removal) int { return strings.Compare(a.name, b.name) })
	return all
}
