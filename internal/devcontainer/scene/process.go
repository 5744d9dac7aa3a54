package scene

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Process is one in a container.
type Process struct {
	PID, Parent int
	Name        string
	Threads     int64
	State       string        // R, S, D, Z, …
	CPU         time.Duration // that it has used, with the children that have ended not
	Started     time.Duration // after the machine
	Files       int           // that it has open; -1: not told
	MaxFiles    int           // the soft limit; 0: none, or not told
	Busy        float64       // processors that it used between the two looks
}

// tick is the unit of time in /proc/PID/stat: it is fixed for programs.
const tick = 10 * time.Millisecond

// readStat reads /proc/PID/stat. The name stands in parentheses and may hold
// some, and blanks.
func readStat(text string) (Process, bool) {
	text = strings.TrimSpace(text)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return Process{}, false
	}
	rest := strings.Fields(text[end+1:])
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	if err != nil || len(rest) < 20 {
		return Process{}, false
	}
	at := func(i int) int64 { n, _ := strconv.ParseInt(rest[i], 10, 64); return n }
	return Process{
		PID: pid, Name: text[open+1 : end], State: rest[0], Parent: int(at(1)), Threads: at(17),
		CPU: time.Duration(at(11)+at(12)) * tick, Started: time.Duration(at(19)) * tick, Files: -1,
	}, true
}

// readMaxFiles is the soft limit of open files in /proc/PID/limits.
func readMaxFiles(text string) int {
	for line := range strings.Lines(text) {
		if rest, is := strings.CutPrefix(line, "Max open files"); is {
			if words := strings.Fields(rest); len(words) > 0 {
				n, _ := strconv.Atoi(words[0])
				return n
			}
		}
	}
	return 0
}

// localProcess looks at one of this machine; whose files are open only root and
// its own user may see.
func localProcess(root fs.FS, pid int, files bool) (Process, bool) {
	dir := fmt.Sprintf("proc/%d", pid)
	text, err := fs.ReadFile(root, dir+"/stat")
	if err != nil {
		return Process{}, false
	}
	p, is := readStat(string(text))
	if !is || !files {
		return p, is
	}
	if open, err := fs.ReadDir(root, dir+"/fd"); err == nil {
		p.Files = len(open)
	}
	limits, _ := fs.ReadFile(root, dir+"/limits")
	p.MaxFiles = readMaxFiles(string(limits))
	return p, true
}

// readProcesses reads what the script says of the processes inside: a line each
// of its stat, its open files and their limit, with | between them.
func readProcesses(text string) []Process {
	var all []Process
	for line := range strings.Lines(text) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) < 3 {
			continue
		}
		last := len(parts) - 1
		p, is := readStat(strings.Join(parts[:last-1], "|"))
		if !is {
			continue
		}
		if n, err := strconv.Atoi(parts[last-1]); err == nil {
			p.Files = n
		}
		p.MaxFiles, _ = strconv.Atoi(parts[last])
		all = append(all, p)
	}
	return all
}

// compare fills in what the processes of the second look did since the first.
func compare(before, after []Process, apart time.Duration) {
	was := map[int]Process{}
	for _, p := range before {
		was[p.PID] = p
	}
	for i, p := range after {
		if first, is := was[p.PID]; is && first.Started == p.Started && apart > 0 {
			after[i].Busy = float64(p.CPU-first.CPU) / float64(apart)
		}
	}
}

// readUptime is the first number of /proc/uptime.
func readUptime(text string) time.Duration {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	seconds, _ := strconv.ParseFloat(word, 64)
	return time.Duration(seconds * float64(time.Second))
}
