package leftover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// seen is a line of /proc/PID/stat, as far as it matters.
type seen struct {
	parent int
	start  uint64
	zombie bool
}

// Find lists the processes that carry the mark of environment or limit, and their
// descendants. This process and those that it descends from are never among them.
func Find(mark string) []Process {
	all := table()
	found := map[int]bool{}
	limit := strconv.FormatUint(number(mark), 10)
	for pid := range all {
		found[pid] = carries(pid, mark) || limited(pid, limit)
	}
	spared := map[int]bool{}
	for pid := os.Getpid(); pid > 0 && !spared[pid]; pid = all[pid].parent {
		spared[pid] = true
	}
	var processes []Process
	for pid, p := range all {
		if p.zombie || spared[pid] || !descends(all, found, spared, pid) {
			continue
		}
		processes = append(processes, Process{PID: pid, Name: name(pid), Start: p.start, mark: mark})
	}
	slices.SortFunc(processes, func(a, b Process) int { return a.PID - b.PID })
	return processes
}

// descends tells whether a process or one that it descends from is found. One
// that is spared passes nothing on.
func descends(all map[int]seen, found, spared map[int]bool, pid int) bool {
	for steps := 0; pid > 1 && !spared[pid] && steps < len(all); steps++ {
		if found[pid] {
			return true
		}
		pid = all[pid].parent
	}
	return false
}

// Alive tells whether the process that pid was at that start is still there.
func Alive(pid int, start uint64) bool {
	p, err := stat(pid)
	return err == nil && p.start == start && !p.zombie
}

// Started is the start of a running process, 0 where there is none.
func Started(pid int) uint64 {
	p, err := stat(pid)
	if err != nil {
		return 0
	}
	return p.start
}

func table() map[int]seen {
	all := map[int]seen{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return all
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, err := stat(pid); err == nil {
			all[pid] = p
		}
	}
	return all
}

func stat(pid int) (seen, error) {
	line, err := os.ReadFile(file(pid, "stat"))
	if err != nil {
		return seen{}, err
	}
	// PID (NAME) STATE PPID … START as number 22, where NAME may hold anything.
	fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:])
	if len(fields) < 20 {
		return seen{}, fmt.Errorf("read %s: only %d fields", file(pid, "stat"), len(fields))
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return seen{}, err
	}
	start, err := strconv.ParseUint(string(fields[19]), 10, 64)
	return seen{parent: parent, start: start, zombie: fields[0][0] == 'Z' || fields[0][0] == 'X'}, err
}

func carries(pid int, mark string) bool {
	// What may not be read belongs to somebody else.
	environ, err := os.ReadFile(file(pid, "environ"))
	return err == nil && slices.ContainsFunc(bytes.Split(environ, []byte{0}), func(line []byte) bool { return string(line) == mark })
}

// limited tells whether a process has the number of a mark as its limit. Everyone
// may read that: what belongs to somebody else does not count.
func limited(pid int, number string) bool {
	text, err := os.ReadFile(file(pid, "limits"))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(text, []byte("\nMax file locks "))
	soft, _, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	return string(soft) == number && !errors.Is(unix.Kill(pid, 0), unix.EPERM)
}

func name(pid int) string {
	line, err := os.ReadFile(file(pid, "cmdline"))
	if err != nil {
		return "?"
	}
	shown := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(bytes.Trim(line, "\x00")), "?"))
	if runes := []rune(shown); len(runes) > 120 {
		shown = string(runes[:120]) + "…"
	}
	return shown
}

func file(pid int, what string) string { return filepath.Join("/proc", strconv.Itoa(pid), what) }

// end ends the processes side by side, each with its own grace.
func end(ctx context.Context, processes []Process) []error {
	failed := make([]error, len(processes))
	var group sync.WaitGroup
	for i, p := range processes {
		group.Go(func() { failed[i] = p.end(ctx) })
	}
	group.Wait()
	return slices.DeleteFunc(failed, func(err error) bool { return err == nil })
}

func (p Process) end(ctx context.Context) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return gone(err)
	}
	defer unix.Close(fd)
	if !Alive(p.PID, p.Start) { // the number may have been given to another
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil {
		return gone(err)
	}
	// A stopped process gets the signal only once it continues.
	_ = unix.PidfdSendSignal(fd, unix.SIGCONT, nil, 0)
	if ended(ctx, fd, Grace) {
		return nil
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil {
		return gone(err)
	}
	if ended(context.WithoutCancel(ctx), fd, Grace) {
		return nil
	}
	return fmt.Errorf("process %d does not react to SIGKILL", p.PID)
}

// ended waits until the process behind fd has ended: the kernel tells.
func ended(ctx context.Context, fd int, atMost time.Duration) bool {
	const turn = 100 * time.Millisecond // how late the end of the context is noticed
	for limit := time.Now().Add(atMost); time.Now().Before(limit) && ctx.Err() == nil; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(turn.Milliseconds()))
		if n > 0 && err == nil {
			return true
		}
	}
	return false
}

// gone is nil when the process had ended by itself.
func gone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}
