package scene

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// apart is the time between the two looks.
const apart = 200 * time.Millisecond

// Vitals are two looks at a container that runs.
type Vitals struct {
	Before, After Group
	Apart         time.Duration
	Uptime        time.Duration // of the machine, at the second look
	Processes     []Process     // of the second look
	Self          int           // the process of the doctor's own script; 0: there is none
}

// Vitals are those of one of the workspace's containers. Where the engine is on
// this machine the kernel is asked from outside: that needs no shell, no process
// inside and no time of the container, of which it may have too little.
func (s *Scene) Vitals(c *Container) (*Vitals, error) {
	all, err := s.vitals.ask(s.ctx, s.Within(askLimit), func(ctx context.Context) (map[string]*Vitals, error) {
		e, err := s.Engine()
		if err != nil {
			return nil, err
		}
		mine, err := s.Containers()
		if err != nil || !e.Local {
			return nil, err
		}
		return localVitals(ctx, os.DirFS("/"), mine), nil
	})
	if err != nil {
		return nil, err
	}
	if v, is := all[c.ID]; is {
		return v, nil
	}
	main, err := s.Main()
	if err != nil {
		return nil, err
	}
	if !c.State.Running || main == nil || main.ID != c.ID {
		return nil, errNotRunning
	}
	in, err := s.Interior()
	if in == nil || in.vitals == nil {
		if err == nil {
			err = fmt.Errorf("container %s shows no control group", c.Name)
		}
		return nil, err
	}
	return in.vitals, nil
}

// localVitals looks at all of them at the same two times.
func localVitals(ctx context.Context, root fs.FS, of []*Container) map[string]*Vitals {
	all, first := map[string]*Vitals{}, map[string][]Process{}
	for _, c := range of {
		if c.State.Running && c.State.Pid > 0 {
			if g, pids, err := localGroup(root, c.State.Pid, c.ID); err == nil {
				all[c.ID] = &Vitals{Before: g}
				first[c.ID] = localProcesses(root, pids, false)
			}
		}
	}
	if len(all) == 0 {
		return all
	}
	began := time.Now()
	select {
	case <-time.After(apart):
	case <-ctx.Done():
	}
	for _, c := range of {
		v := all[c.ID]
		if v == nil {
			continue
		}
		g, pids, err := localGroup(root, c.State.Pid, c.ID)
		if err != nil { // it has just ended
			delete(all, c.ID)
			continue
		}
		uptime, _ := fs.ReadFile(root, "proc/uptime")
		v.After, v.Apart, v.Uptime = g, time.Since(began), readUptime(string(uptime))
		v.Processes = localProcesses(root, pids, true)
		compare(first[c.ID], v.Processes, v.Apart)
		v.Processes = append(v.Processes, unlisted(root, g, v.Processes)...)
	}
	return all
}

// fewDead is a number of tasks that come and go between two readings.
const fewDead = 10

// unlisted are processes that have ended and that nobody waits for: the kernel
// counts them as tasks of the group, and does not list them there. So they are
// looked for among all children of those that it does list, when there are any.
func unlisted(root fs.FS, g Group, listed []Process) []Process {
	threads, parents := int64(0), map[int]bool{}
	for _, p := range listed {
		threads += p.Threads
		parents[p.PID] = true
	}
	if g.Tasks-threads < fewDead {
		return nil
	}
	entries, _ := fs.ReadDir(root, "proc")
	var all []Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || parents[pid] {
			continue
		}
		if p, is := localProcess(root, pid, false); is && p.State == "Z" && parents[p.Parent] {
			all = append(all, p)
		}
	}
	return all
}

// mostProcesses is how many of a container are looked at: more than work there,
// and no more than can be read in a moment.
const mostProcesses = 2000

func localProcesses(root fs.FS, pids []int, files bool) []Process {
	var all []Process
	for _, pid := range pids[:min(len(pids), mostProcesses)] {
		if p, is := localProcess(root, pid, files); is {
			all = append(all, p)
		}
	}
	return all
}

// Interior is what can only be seen inside of the devcontainer.
type Interior struct {
	Disks   []Disk               // each mount that has a size
	Markers map[string][2]string // of lifecycle commands, by key: seconds at which it began, and the time of the container that it belongs to
	// Speed is how long it takes to look for a file, in the workspace and in the
	// image: files looked at, and the time that they took.
	Workspace, Image Speed
	vitals           *Vitals
}

// Speed is a measurement.
type Speed struct {
	Files int
	Took  time.Duration
}

// Each is the time for one file.
func (s Speed) Each() time.Duration {
	if s.Files == 0 {
		return 0
	}
	return s.Took / time.Duration(s.Files)
}

// interiorScript looks with what the shell itself can do, where it matters: near
// a limit of processes nothing else starts. It reads, and writes nothing: some
// shells keep a here-document in a file, so there is none.
const interiorScript = `show() { [ -r "$1" ] || return 0; echo "== $2"; while IFS= read -r l || [ -n "$l" ]; do echo "$l"; done <"$1"; }
groups() { g=/sys/fs/cgroup
  while IFS= read -r l; do case $l in 0::/?*) [ ! -e "$g${l#0::}/memory.current" ] || g=$g${l#0::};; esac; done </proc/self/cgroup
  for f in $g/memory.* $g/pids.* $g/cpu.max $g/cpu.stat $g/memory/memory.stat $g/memory/memory.usage_in_bytes $g/memory/memory.limit_in_bytes $g/memory/memory.oom_control $g/pids/pids.* $g/cpu/cpu.stat $g/cpu/cpu.cfs_*_us; do show "$f" "$1${f##*/}"; done; }
processes() { show /proc/uptime "$1uptime"; echo "== $1processes"; for p in /proc/[0-9]*; do
  { read -r l <$p/stat; } 2>/dev/null || continue
  most=; { while read -r a b c d e; do [ "$a $b $c" != "Max open files" ] || most=$d; done <$p/limits; } 2>/dev/null
  set -- "$1" $p/fd/*; n=$(($#-1)); [ -L "$2" ] || n=
  echo "$l|$n|$most"; set -- "$1"; done; }
now() { IFS=' ' read -r n rest </proc/uptime; n=${n%.*}${n#*.}; }
speed() { echo "== speed $1"; shift; list=$(find "$@" -xdev -type f 2>/dev/null | head -n 300); [ -n "$list" ] || return 0
  set -f; IFS='
'; now; from=$n; count=0; while [ $((n-from)) -lt 6 ] && [ $count -lt 3000 ]; do
    for f in $list; do [ ! -s "$f" ]; count=$((count+1)); done; now; done
  set +f; unset IFS; echo "$count $((n-from))"; }
if [ "$1" = all ]; then echo "== self"; echo $$; groups "1 "; processes "1 "; fi
show /proc/mounts mounts
echo "== disks"; df -Pk 2>/dev/null; echo "== inodes"; df -Pi 2>/dev/null
echo "== markers"; for h in /root /home/*; do for m in $h/.devcontainer/.*CommandMarker $h/.vscode-server/data/Machine/.*CommandMarker; do
  if [ -r "$m" ]; then read -r l <"$m"; echo "$(stat -c %Y "$m") $l ${m##*/}"; fi; done; done
[ -z "$2" ] || speed workspace "$2"
speed image /usr /bin
[ -z "$2" ] || speed again "$2"
if [ "$1" = all ]; then sleep 0.1 2>/dev/null; groups "2 "; processes "2 "; fi; :`

// Interior looks inside of the devcontainer, as root. What was said before the
// time was over counts, together with the error.
func (s *Scene) Interior() (*Interior, error) {
	return s.interior.ask(s.ctx, s.Within(askLimit), func(ctx context.Context) (*Interior, error) {
		e, err := s.Engine()
		if err != nil {
			return nil, err
		}
		main, err := s.Main()
		if err != nil {
			return nil, err
		}
		mode, folder := "all", ""
		if e.Local {
			mode = "disks"
		}
		if main != nil {
			folder, _ = s.Mounted(main)
		}
		said, err := s.Inside(ctx, "0", interiorScript, mode, folder)
		if len(said) == 0 {
			return nil, err
		}
		return readInterior(said), err
	})
}

func readInterior(said Answers) *Interior {
	in := &Interior{Markers: map[string][2]string{}, Workspace: best(said["speed workspace"], said["speed again"]), Image: readSpeed(said["speed image"])}
	mounts, inodes := readMounts(said["mounts"]), map[string]string{}
	for line := range strings.Lines(said["inodes"]) {
		inodes[mountOf(line)] = line
	}
	for line := range strings.Lines(said["disks"]) {
		if d := readDisk(line, inodes[mountOf(line)], mounts); d.Seen() {
			d.Path = d.Mount
			in.Disks = append(in.Disks, d)
		}
	}
	for line := range strings.Lines(said["markers"]) {
		if words := strings.Fields(line); len(words) == 3 {
			in.Markers[strings.TrimSuffix(strings.TrimPrefix(words[2], "."), "Marker")] = [2]string{words[0], words[1]}
		}
	}
	first, second := Answers{}, Answers{}
	for name, text := range said {
		if rest, is := strings.CutPrefix(name, "1 "); is {
			first[rest] = text
		}
		if rest, is := strings.CutPrefix(name, "2 "); is {
			second[rest] = text
		}
	}
	before, known := readGroup(first)
	after, whole := readGroup(second)
	if known && whole {
		v := &Vitals{Before: before, After: after, Uptime: readUptime(second["uptime"]), Processes: readProcesses(second["processes"])}
		v.Apart = v.Uptime - readUptime(first["uptime"])
		v.Self, _ = strconv.Atoi(strings.TrimSpace(said["self"]))
		compare(readProcesses(first["processes"]), v.Processes, v.Apart)
		in.vitals = v
	}
	return in
}

// mountOf is the last column of a line of df.
func mountOf(line string) string {
	if at := strings.Index(line, "% /"); at >= 0 {
		return strings.TrimSpace(line[at+2:])
	}
	if at := strings.Index(line, "- /"); at >= 0 {
		return strings.TrimSpace(line[at+2:])
	}
	return ""
}

// best is the faster of two measurements: the slower one had to wait for something
// else.
func best(one, other string) Speed {
	a, b := readSpeed(one), readSpeed(other)
	if b.Files > 0 && b.Each() < a.Each() {
		return b
	}
	return a
}

// readSpeed reads how many files were looked at, and in how many hundredths of a
// second.
func readSpeed(text string) Speed {
	words := strings.Fields(text)
	if len(words) != 2 {
		return Speed{}
	}
	return Speed{Files: int(number(words[0])), Took: time.Duration(number(words[1])) * 10 * time.Millisecond}
}
