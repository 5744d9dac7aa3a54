package trace

import (
	"path"
	"strings"
)

// call turns one call into what it did.
func (t *reader) call(pid string, c call) {
	here := t.at(pid)
	failed := strings.HasPrefix(c.result, "-1 ")
	missing := strings.HasPrefix(c.result, "-1 ENOENT")
	switch c.name {
	case "fork", "vfork", "clone", "clone3":
		t.fork(pid, here, c)
	case "chdir":
		if name, ok := t.named(here, c.args, 0); ok && !failed {
			here.dir = name
		}
	case "fchdir":
		if name, ok := described(arg(c.args, 0)); ok && !failed {
			here.dir = path.Clean(name)
		}
	case "open", "creat", "openat", "openat2":
		t.open(here, c, failed, missing)
	case "execve":
		t.used(here, c.args, 0, Ran, failed, missing)
	case "execveat":
		t.used(here, c.args, 1, Ran, failed, missing)
	case "readlink":
		t.used(here, c.args, 0, Read, failed, missing)
	case "readlinkat":
		t.used(here, c.args, 1, Read, failed, missing)
	case "stat", "lstat", "access", "stat64", "lstat64", "newfstatat", "fstatat64", "statx", "faccessat", "faccessat2":
		// That one is there says little; that one is not is an answer, too.
		at := 0
		if strings.Contains(c.name, "at64") && c.name[0] == 'f' || c.name == "newfstatat" || c.name == "statx" || strings.HasPrefix(c.name, "faccess") {
			at = 1
		}
		t.used(here, c.args, at, Asked, !missing, missing)
	default:
		if !failed {
			t.change(here, c)
		}
	}
}

// change takes the calls that change names and succeeded.
func (t *reader) change(here *place, c call) {
	switch c.name {
	case "rename", "link":
		t.two(here, c, 0, 1)
	case "renameat", "renameat2", "linkat":
		t.two(here, c, 1, 3)
	case "symlink":
		t.used(here, c.args, 1, Written, false, false)
	case "symlinkat":
		t.used(here, c.args, 2, Written, false, false)
	case "unlink", "rmdir":
		t.used(here, c.args, 0, Removed, false, false)
	case "unlinkat":
		t.used(here, c.args, 1, Removed, false, false)
	case "mkdir":
		t.used(here, c.args, 0, Made, false, false)
	case "mkdirat":
		t.used(here, c.args, 1, Made, false, false)
	case "mknod", "truncate", "truncate64":
		t.used(here, c.args, 0, Written, false, false)
	case "mknodat":
		t.used(here, c.args, 1, Written, false, false)
	}
}

// two takes a call with an old and a new name.
func (t *reader) two(here *place, c call, from, to int) {
	old, ok := t.named(here, c.args, from)
	name, also := t.named(here, c.args, to)
	switch {
	case !ok || !also:
	case strings.HasPrefix(c.name, "link"):
		t.each(Access{Kind: Read, Path: old})
		t.each(Access{Kind: Written, Path: name})
	default:
		t.each(Access{Kind: Moved, Path: old, To: name})
	}
}

func (t *reader) used(here *place, args []string, at int, kind Kind, failed, missing bool) {
	name, ok := t.named(here, args, at)
	switch {
	case !ok:
	case missing:
		t.each(Access{Kind: Asked, Path: name})
	case !failed:
		t.each(Access{Kind: kind, Path: name})
	}
}

// open takes a file that is opened. Where it was, the kernel says which it is: a
// link has been followed.
func (t *reader) open(here *place, c call, failed, missing bool) {
	at, flags := 0, arg(c.args, 1)
	switch c.name {
	case "openat", "openat2":
		at, flags = 1, arg(c.args, 2)
	case "creat":
		flags = "O_CREAT|O_WRONLY"
	}
	name, ok := t.named(here, c.args, at)
	if !ok || strings.Contains(flags, "O_PATH") {
		return
	}
	if missing {
		t.each(Access{Kind: Asked, Path: name})
	}
	if failed {
		return
	}
	if followed, ok := described(c.result); ok {
		name = path.Clean(followed)
	}
	writes := strings.Contains(flags, "O_WRONLY") || strings.Contains(flags, "O_RDWR")
	if !writes || strings.Contains(flags, "O_RDWR") && !strings.Contains(flags, "O_TRUNC") && !strings.Contains(flags, "O_EXCL") {
		if !strings.Contains(flags, "O_DIRECTORY") && !strings.Contains(flags, "O_TMPFILE") {
			t.each(Access{Kind: Read, Path: name})
		}
	}
	if writes && !strings.Contains(flags, "O_TMPFILE") {
		t.each(Access{Kind: Written, Path: name})
	}
}

// named is the absolute path of an argument. One that counts from a descriptor
// has that before it.
func (t *reader) named(here *place, args []string, at int) (string, bool) {
	name, ok := quoted(arg(args, at))
	if !ok || name == "" || strings.ContainsRune(name, 0) {
		return "", false
	}
	base := here.dir
	if at > 0 {
		if dir, ok := described(arg(args, at-1)); ok {
			if base = path.Clean(dir); strings.HasPrefix(args[at-1], "AT_FDCWD") {
				here.dir = base // the kernel knows better
			}
		}
	}
	if !path.IsAbs(name) {
		name = base + "/" + name
	}
	return path.Clean(name), true
}

// fork gives a child its parent's directory: a copy, or the same for a thread.
func (t *reader) fork(pid string, here *place, c call) {
	if t.forking == pid {
		t.forking = ""
	}
	child, _, _ := strings.Cut(c.result, " ")
	child, _, _ = strings.Cut(child, "<")
	if child == "" || strings.Trim(child, "0123456789") != "" || child == "0" {
		return
	}
	if shares := strings.Contains(strings.Join(c.args, ","), "CLONE_FS"); shares {
		t.places[child] = here
	} else if _, known := t.places[child]; !known {
		t.places[child] = &place{here.dir}
	}
}

func arg(args []string, at int) string {
	if at < len(args) {
		return args[at]
	}
	return ""
}
