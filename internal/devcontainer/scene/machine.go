package scene

import (
	"context"
	"encoding/json"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// Disk is a file system, as seen from a path on it.
type Disk struct {
	Path, Device, Mount, Type string
	Size, Free                int64 // bytes; Free is what a user who is not root gets
	Inodes, FreeInodes        int64 // 0: it makes them as it needs them
	ReadOnly                  bool
}

// Seen says whether it could be asked.
func (d Disk) Seen() bool { return d.Mount != "" }

// Same says whether two looks were at one file system.
func (d Disk) Same(o Disk) bool {
	return d.Size == o.Size && d.Inodes == o.Inodes && near(d.Free, o.Free)
}

// near allows for what others write in between.
func near(a, b int64) bool { return max(a, b)-min(a, b) < 64<<20 }

// Machine is the one on which the engine runs, when that is this one.
type Machine struct {
	Data Disk // of the engine's data
	Work Disk // of the workspace

	Memory, Available, Swap, FreeSwap int64
	Pressure                          map[string]Pressure // cpu, io, memory

	Watches, Instances   int64 // inotify's limits for a user
	OpenFiles, FileLimit int64 // of the whole kernel
}

const errElsewhere = command.Sentinel("the engine runs on another machine")

// Machine looks at this machine, when the engine's containers run on it. An
// engine that does not answer is taken to be here when its socket is.
func (s *Scene) Machine() (*Machine, error) {
	return s.machine.ask(s.ctx, s.Within(askLimit), func(ctx context.Context) (*Machine, error) {
		e, err := s.Engine()
		var data string
		switch {
		case err == nil && e.Local:
			data = e.Root
		case err == nil || runtime.GOOS != "linux" || !s.socketHere(ctx):
			return nil, errElsewhere
		default:
			data = configuredRoot()
		}
		said, err := s.Here(ctx, `for f in meminfo sys/fs/file-nr sys/fs/inotify/max_user_watches sys/fs/inotify/max_user_instances pressure/cpu pressure/io pressure/memory mounts; do
echo "== $f"; cat /proc/$f 2>/dev/null; done
for p do echo "== disk $p"; df -Pk "$p" 2>/dev/null | tail -n 1; echo "== inodes $p"; df -Pi "$p" 2>/dev/null | tail -n 1; done; :`, data, s.Workspace)
		if err != nil {
			return nil, err
		}
		return readMachine(said, data, s.Workspace), nil
	})
}

func (s *Scene) socketHere(ctx context.Context) bool {
	endpoint, _ := s.endpoint(ctx)
	return strings.HasPrefix(endpoint, "unix://") && !strings.Contains(endpoint, "desktop")
}

// configuredRoot is where an engine that does not answer would have its data.
func configuredRoot() string {
	var settings struct {
		Root string `json:"data-root"`
	}
	if text, err := os.ReadFile("/etc/docker/daemon.json"); err == nil && json.Unmarshal(text, &settings) == nil && settings.Root != "" {
		return settings.Root
	}
	return "/var/lib/docker"
}

func readMachine(said Answers, data, work string) *Machine {
	m := &Machine{Pressure: map[string]Pressure{}}
	for _, what := range []string{"cpu", "io", "memory"} {
		m.Pressure[what] = readPressure(said["pressure/"+what])
	}
	memory := table(strings.ReplaceAll(strings.ReplaceAll(said["meminfo"], ":", ""), " kB", ""))
	m.Memory, m.Available, m.Swap, m.FreeSwap = memory["MemTotal"]<<10, memory["MemAvailable"]<<10, memory["SwapTotal"]<<10, memory["SwapFree"]<<10
	m.Watches, m.Instances = number(said["sys/fs/inotify/max_user_watches"]), number(said["sys/fs/inotify/max_user_instances"])
	if files := strings.Fields(said["sys/fs/file-nr"]); len(files) == 3 {
		m.OpenFiles, m.FileLimit = number(files[0]), number(files[2])
	}
	mounts := readMounts(said["mounts"])
	for to, path := range map[*Disk]string{&m.Data: data, &m.Work: work} {
		*to = readDisk(said["disk "+path], said["inodes "+path], mounts)
		to.Path = path
	}
	return m
}

// mounted is a line of /proc/mounts.
type mounted struct {
	device, kind string
	readOnly     bool
}

func readMounts(text string) map[string]mounted {
	all := map[string]mounted{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 4 {
			continue
		}
		// The kernel writes a blank in a path as its octal number.
		at := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(words[1])
		all[at] = mounted{words[0], words[2], words[3] == "ro" || strings.HasPrefix(words[3], "ro,")}
	}
	return all
}

// readDisk reads a line of df -Pk and the one of df -Pi for the same place.
func readDisk(space, inodes string, mounts map[string]mounted) Disk {
	var d Disk
	line := regexp.MustCompile(`^(.*?)\s+(\d+|-)\s+(\d+|-)\s+(-?\d+|-)\s+(\d+%|-)\s+(/.*)$`)
	count := func(word string, unit int64) int64 { n, _ := strconv.ParseInt(word, 10, 64); return n * unit }
	if m := line.FindStringSubmatch(strings.TrimSpace(space)); m != nil {
		d.Device, d.Mount, d.Size, d.Free = m[1], m[6], count(m[2], 1024), max(0, count(m[4], 1024))
	}
	if m := line.FindStringSubmatch(strings.TrimSpace(inodes)); m != nil {
		d.Inodes, d.FreeInodes = count(m[2], 1), count(m[4], 1)
	}
	d.Type, d.ReadOnly = mounts[d.Mount].kind, mounts[d.Mount].readOnly
	return d
}
