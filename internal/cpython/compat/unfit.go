package compat

import (
	"path/filepath"
	"strings"
)

// unfit is the finding for an extension. was is how it went on the old side.
func (r *run) unfit(x *extension, was string) Finding {
	verdict, level := judge(was, x.state)
	f := Finding{Code: x.code, Level: level, Verdict: verdict, Evidence: x.why + before(verdict)}
	if in, err := filepath.Rel(r.Project, x.path); err == nil && !strings.HasPrefix(in, "../") {
		f.File = in
	} else {
		f.File = x.path
	}
	name := x.tag.stem
	switch {
	case x.owner != nil:
		f.Module = x.owner.Name
		name = x.owner.Name + ": " + name
		pinned := quoted(x.owner.Name + "==" + x.owner.Version)
		f.Fix = r.pip() + " install --force-reinstall --no-deps --no-cache-dir " + pinned +
			"; where no wheel fits, with --no-binary " + quoted(x.owner.Name) + " to build it"
	case x.own:
		f.Fix = "build it again: " + quoted(r.new.program) + " setup.py build_ext --inplace --force, or what the project builds it with"
	default:
		f.Fix = "no distribution owns it: remove it, or install again what brought it"
	}
	switch x.code {
	case "CP-EXT-001":
		f.Title, f.Cause = name+" cannot be seen by the new interpreter", "the file was carried over from another environment and not built again"
	case "CP-EXT-002":
		f.Title, f.Cause = name+" was built for another kind of Python", "debug and free-threaded builds of Python have an ABI of their own"
	case "CP-EXT-003":
		f.Title, f.Cause = name+" was built for another system", "the file was carried over from another machine or image"
	case "CP-EXT-004":
		f.Title, f.Cause = name+" was built for another machine", "the file was carried over from another machine or image"
	case "CP-EXT-005":
		f.Title, f.Cause = name+" is no library", "the file is cut short, or only a pointer of Git LFS"
	default:
		r.refused(&f, x, name)
	}
	if x.soft && f.Level == Fail {
		f.Level = Warn
		f.Cause += "; the same module is there in Python, which takes its place, slower"
	}
	return f
}

// refused is one that the loader does not take.
func (r *run) refused(f *Finding, x *extension, name string) {
	switch {
	case x.state == crashed || x.state == hung || x.state == quit:
		f.Code, f.Title, f.Cause = "CP-EXT-008", name+" takes the interpreter down", "it was built for another Python, or for another version of a library"
	case strings.Contains(x.why, "cannot open shared object file"):
		f.Code, f.Title = "CP-EXT-006", name+" misses a shared library"
		cause, fix := library(x.why)
		f.Cause, f.Fix = cause, fix+"; or "+f.Fix
	case strings.Contains(x.why, "undefined symbol: Py"), strings.Contains(x.why, "undefined symbol: _Py"):
		f.Title, f.Cause = name+" does not load", "it uses a function of Python that the new interpreter no longer has"
	default:
		f.Title, f.Cause = name+" does not load", "it was built against another version of a library, or for another Python"
	}
}
