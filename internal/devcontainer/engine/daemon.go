package engine

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// home is where the files of a daemon are: what its own command line says, else
// what belongs to its socket.
type home struct {
	socket   string
	config   string // daemon.json
	pidfile  string
	dataRoot string
	logs     []string
	unit     bool     // a systemd unit of the usual name would be its own
	argv     []string // of the daemon, when it runs
}

// newHome is the home of the daemon of a socket.
func newHome(socket string) home {
	h := home{socket: socket}
	switch {
	case socket == usual || socket == "/run/docker.sock":
		h.config, h.pidfile, h.dataRoot, h.unit = "/etc/docker/daemon.json", "/var/run/docker.pid", "/var/lib/docker", true
		h.logs = []string{"/var/log/docker.log", "/var/log/dockerd.log", "/var/log/docker/docker.log"}
	case strings.HasPrefix(socket, "/run/user/"):
		user, _ := os.UserHomeDir()
		h.config, h.pidfile, h.dataRoot, h.unit = user+"/.config/docker/daemon.json", filepath.Dir(socket)+"/docker.pid", user+"/.local/share/docker", true
	default:
		dir := filepath.Dir(socket)
		h.config, h.pidfile, h.dataRoot = dir+"/daemon.json", dir+"/docker.pid", dir+"/root"
		h.logs = []string{dir + "/docker.log", dir + "/dockerd.log"}
	}
	if d, runs := h.process(daemons()); runs {
		h.config, h.pidfile, h.dataRoot, h.argv = d.flag("config-file", h.config), d.flag("pidfile", h.pidfile), d.flag("data-root", h.dataRoot), d.argv
	}
	return h
}

// exists says whether anything of such a daemon is there.
func (h home) exists() bool {
	return slices.ContainsFunc(append([]string{h.config, h.pidfile}, h.logs...), func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

// daemon is a process of a dockerd.
type daemon struct {
	pid   int
	state string // of /proc: R, S, D, T, Z
	argv  []string
}

// flag is the value of one of its options.
func (d daemon) flag(name, otherwise string) string {
	for i, word := range d.argv {
		if value, is := strings.CutPrefix(word, "--"+name+"="); is {
			return value
		}
		if word == "--"+name && i+1 < len(d.argv) {
			return d.argv[i+1]
		}
	}
	return otherwise
}

// daemons are all that run on this machine; none where there is no /proc.
func daemons() []daemon {
	entries, _ := os.ReadDir("/proc")
	var all []daemon
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil || !bytes.Contains(stat, []byte("(dockerd)")) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		_, after, _ := strings.Cut(string(stat), "(dockerd) ")
		state, _, _ := strings.Cut(after, " ")
		argv := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
		// One that is only asked something serves nobody: this doctor asks it, too.
		asked := slices.ContainsFunc(argv, func(arg string) bool {
			return arg == "--help" || arg == "--validate" || arg == "--version" || arg == "-v"
		})
		if !asked && !elsewhere(pid) {
			all = append(all, daemon{pid: pid, state: state, argv: argv})
		}
	}
	return all
}

// elsewhere says whether a process sees other files: what its command line names
// is not what stands under that name here.
func elsewhere(pid int) bool {
	ours, err := os.Readlink("/proc/self/ns/mnt")
	theirs, unread := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid))
	return err == nil && unread == nil && ours != theirs
}

// process is the one of several daemons that listens at the socket: it says so,
// or says nothing and the socket is the usual one.
func (h home) process(all []daemon) (daemon, bool) {
	for _, d := range all {
		if d.state != "Z" && slices.ContainsFunc(d.sockets(), func(at string) bool { return resolved(at) == resolved(h.socket) }) {
			return d, true
		}
	}
	return daemon{}, false
}

// sockets are those that a daemon was told to listen at.
func (d daemon) sockets() []string {
	var all []string
	named := false
	for _, word := range d.argv {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "--host="), "-H=")
		word = strings.TrimPrefix(word, "-H")
		if path, is := strings.CutPrefix(word, "unix://"); is {
			all = append(all, path)
			named = true
		}
		named = named || strings.HasPrefix(word, "tcp://")
	}
	if !named {
		all = append(all, usual)
	}
	return all
}

// resolved is a path without links: /var/run is one to /run.
func resolved(path string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, filepath.Base(path))
}
