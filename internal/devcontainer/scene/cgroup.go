package scene

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// Group is what the kernel counts for a container: its control group, in either
// version.
type Group struct {
	Memory int64 // bytes in use
	// Held are those of them that the kernel cannot take back: no pages of files,
	// which fill every limit in time and hurt nobody. What lies in a tmpfs is held.
	Held     int64
	Limit    int64 // of memory; 0: none
	OOMKills int64
	UnderOOM bool     // it waits for memory right now
	Pressure Pressure // of memory; version 1 does not measure it

	Tasks, MaxTasks int64 // threads count; MaxTasks is 0 without a limit
	Refused         int64 // tasks that the limit has refused

	Quota              float64 // processors; 0: no limit
	Period             time.Duration
	Periods, Throttled int64
	ThrottledFor       time.Duration
}

// Pressure is how much of the last 10 and 60 seconds was lost by waiting, in
// percent: Some by at least one, Full by all at once.
type Pressure struct {
	Known                          bool
	Some10, Some60, Full10, Full60 float64
}

// groupFiles are what a Group is read from, by the controller that has them.
func groupFiles() map[string][]string {
	return map[string][]string{
		"memory": {
			"memory.current", "memory.max", "memory.high", "memory.events", "memory.pressure", "memory.stat",
			"memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control",
		},
		"pids": {"pids.current", "pids.max", "pids.events"},
		"cpu":  {"cpu.max", "cpu.stat", "cpu.cfs_quota_us", "cpu.cfs_period_us"},
	}
}

// unlimited is what version 1 says for no limit: less than a page below 1<<63.
const unlimited = 1 << 60

// readGroup reads a Group from the texts of its files. What is not there counts
// as nothing; false when there is not even the use of memory.
func readGroup(files Answers) (Group, bool) {
	if _, is := files["memory.current"]; is {
		return readUnified(files), true
	}
	if _, is := files["memory.usage_in_bytes"]; is {
		return readLegacy(files), true
	}
	return Group{}, false
}

// readUnified is version 2.
func readUnified(files Answers) Group {
	g := Group{Memory: number(files["memory.current"]), Limit: lowest(number(files["memory.max"]), number(files["memory.high"]))}
	stat, events, cpu := table(files["memory.stat"]), table(files["memory.events"]), table(files["cpu.stat"])
	g.Held = max(0, g.Memory-stat["inactive_file"]-stat["active_file"]-stat["slab_reclaimable"])
	g.OOMKills, g.Pressure = events["oom_kill"], readPressure(files["memory.pressure"])
	quota, period, _ := strings.Cut(strings.TrimSpace(files["cpu.max"]), " ")
	g.cpu(number(quota), number(period), cpu)
	g.ThrottledFor = time.Duration(cpu["throttled_usec"]) * time.Microsecond
	g.tasks(files)
	return g
}

// readLegacy is version 1. Its files say nothing of kernel memory that could be
// taken back, so what is held is counted from below.
func readLegacy(files Answers) Group {
	stat, cpu, oom := table(files["memory.stat"]), table(files["cpu.stat"]), table(files["memory.oom_control"])
	g := Group{Memory: number(files["memory.usage_in_bytes"]), Limit: lowest(number(files["memory.limit_in_bytes"]), stat["hierarchical_memory_limit"])}
	g.Held = max(0, g.Memory-stat["total_inactive_file"]-stat["total_active_file"])
	if shared, is := stat["total_shmem"]; is {
		g.Held = stat["total_rss"] + shared
	}
	g.OOMKills, g.UnderOOM = oom["oom_kill"], oom["under_oom"] == 1
	g.cpu(number(files["cpu.cfs_quota_us"]), number(files["cpu.cfs_period_us"]), cpu)
	g.ThrottledFor = time.Duration(cpu["throttled_time"])
	g.tasks(files)
	return g
}

func (g *Group) cpu(quota, period int64, stat map[string]int64) {
	if quota > 0 && period > 0 {
		g.Quota, g.Period = float64(quota)/float64(period), time.Duration(period)*time.Microsecond
	}
	g.Periods, g.Throttled = stat["nr_periods"], stat["nr_throttled"]
}

func (g *Group) tasks(files Answers) {
	g.Tasks, g.MaxTasks, g.Refused = number(files["pids.current"]), number(files["pids.max"]), table(files["pids.events"])["max"]
}

// readPressure reads a file of pressure stall information.
func readPressure(text string) Pressure {
	var p Pressure
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		ten, _ := strconv.ParseFloat(strings.TrimPrefix(words[1], "avg10="), 64)
		sixty, _ := strconv.ParseFloat(strings.TrimPrefix(words[2], "avg60="), 64)
		switch words[0] {
		case "some":
			p.Known, p.Some10, p.Some60 = true, ten, sixty
		case "full":
			p.Known, p.Full10, p.Full60 = true, ten, sixty
		}
	}
	return p
}

// number is the one in a file; 0 for "max", for no file and for no limit.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n >= unlimited {
		return 0
	}
	return n
}

// lowest is the lowest of limits of which 0 is none.
func lowest(a, b int64) int64 {
	if b <= 0 || b >= unlimited {
		b = 0
	}
	if a <= 0 || a >= unlimited || b > 0 && b < a {
		return b
	}
	return a
}

// table is a file of lines "name value".
func table(text string) map[string]int64 {
	all := map[string]int64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
			all[name] = n
		}
	}
	return all
}

// groupDirs are the folders of a container's control group in the tree of this
// machine, by controller; with version 2 all are one. A process inside may have
// been moved into a group below it, as Docker in Docker does: the container's own
// is the one whose name has its id.
func groupDirs(root fs.FS, pid int, id string) (map[string]string, error) {
	text, err := fs.ReadFile(root, fmt.Sprintf("proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	dirs := map[string]string{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		below := own(parts[2], id)
		if parts[0] == "0" && parts[1] == "" {
			dirs[""] = path.Join("sys/fs/cgroup", below)
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			for _, mount := range []string{parts[1], controller} {
				dir := path.Join("sys/fs/cgroup", mount, below)
				if _, err := fs.Stat(root, dir); err == nil {
					dirs[controller] = dir
					break
				}
			}
		}
	}
	return dirs, nil
}

// own cuts a path after the part that has the container's id.
func own(path, id string) string {
	at := strings.Index(path, id)
	if id == "" || at < 0 {
		return path
	}
	end := strings.IndexByte(path[at:], '/')
	if end < 0 {
		return path
	}
	return path[:at+end]
}

// localGroup reads the control group of a container from the tree of this
// machine, and names its processes.
func localGroup(root fs.FS, pid int, id string) (Group, []int, error) {
	dirs, err := groupDirs(root, pid, id)
	if err != nil {
		return Group{}, nil, err
	}
	files, some := Answers{}, ""
	for controller, names := range groupFiles() {
		dir, is := dirs[controller]
		if !is {
			dir = dirs[""]
		}
		if dir == "" {
			continue
		}
		if some == "" || controller == "pids" {
			some = dir
		}
		for _, name := range names {
			if text, err := fs.ReadFile(root, path.Join(dir, name)); err == nil {
				files[name] = string(text)
			}
		}
	}
	g, known := readGroup(files)
	if !known {
		return g, nil, fmt.Errorf("read the control group of process %d: it is not below /sys/fs/cgroup", pid)
	}
	return g, members(root, some), nil
}

// members are the processes of a group and of those below it.
func members(root fs.FS, dir string) []int {
	var all []int
	_ = fs.WalkDir(root, dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil //nolint:nilerr // a group that has gone has no members
		}
		text, _ := fs.ReadFile(root, path.Join(at, "cgroup.procs"))
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				all = append(all, pid)
			}
		}
		return nil
	})
	return all
}
