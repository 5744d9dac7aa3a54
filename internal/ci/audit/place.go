package audit

import (
	"os"
	"path"
	"slices"
	"strings"
)

// noise tells whether a path belongs to what tools keep for their own speed: they
// check by content or date that it fits, so a job gives the same without it.
func noise(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		if slices.Contains([]string{"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".eslintcache", ".iact", ".cache"}, part) {
			return true
		}
	}
	return false
}

// system tells whether a file outside of the project is the system's or a tool's:
// versions stand for these.
func (j *judgement) system(name string) bool {
	if rest, is := strings.CutPrefix(name, strings.TrimSuffix(j.o.Home, "/")+"/"); is && j.o.Home != "" {
		if slices.ContainsFunc(j.tools, func(dir string) bool { return below(name, dir) }) {
			return true
		}
		// Stores that are looked up by hash.
		for _, dir := range []string{".cache", ".npm/_cacache", ".npm/_logs", ".npm/_update-notifier-last-checked", ".local/share/pnpm", ".yarn/berry/cache", "go/pkg/mod"} {
			if below(rest, dir) {
				return true
			}
		}
		return false
	}
	for _, dir := range slices.Concat(j.tools, []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sys", "/dev", "/run", "/var/lib/dpkg", "/var/cache",
		os.TempDir(), "/tmp", "/var/tmp",
	}) {
		if below(name, dir) && !below(name, "/usr/local/etc") {
			return true
		}
	}
	if rest, is := strings.CutPrefix(name, "/etc/"); is {
		first, _, _ := strings.Cut(rest, "/")
		return slices.Contains(configured(), first) || strings.HasPrefix(first, "python3")
	}
	return false
}

// configured are the files of /etc that nearly each program reads and that say how
// the machine is, not what comes out of a job.
func configured() []string {
	return strings.Fields(`ld.so.cache ld.so.preload ld.so.conf ld.so.conf.d passwd group shadow nsswitch.conf localtime timezone hosts host.conf
		resolv.conf gai.conf services protocols networks hostname machine-id os-release debian_version lsb-release locale.alias locale.conf
		terminfo inputrc mime.types ssl ca-certificates ca-certificates.conf pki alternatives magic environment profile profile.d
		bash.bashrc security pam.d login.defs mtab fstab`)
}

// home writes a path as people do: ~/.npmrc.
func (j *judgement) home(name string) string {
	if rest, is := strings.CutPrefix(name, strings.TrimSuffix(j.o.Home, "/")+"/"); is && j.o.Home != "" {
		return "~/" + rest
	}
	return name
}

// few is how many files of one directory are told one by one.
const few = 3

// folded is the directory that stands for a file that is read: the highest one in
// the job's own, or in the project, when more than a few of it are read.
func (j *judgement) folded(rel string) string {
	dir := path.Clean(j.o.Job.Dir)
	from := ""
	if dir != "." && below(rel, dir) {
		from = dir + "/"
	}
	first, _, deeper := strings.Cut(rel[len(from):], "/")
	if !deeper {
		return rel
	}
	top, n := from+first, 0
	for name := range j.b.read {
		if other, in := j.rel(name); in && below(other, top) && !j.o.Input(other) && !noise(other) {
			n++
		}
	}
	if n > few {
		return top
	}
	return rel
}
