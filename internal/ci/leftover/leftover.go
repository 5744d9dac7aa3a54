// Package leftover finds and ends the processes that a job left behind.
//
// A process group does not hold them: a test runner's server calls setsid, a
// daemon forks twice. But what a process is started with it keeps: each job gets
// a variable of its own, and the kernel shows the environment of a process in
// /proc. The children of such a process count as well.
//
// A program may overwrite the place where its environment stood (nginx and sshd
// write their titles there), and its parent may be gone. So the shell of a job
// carries a second mark, which no program touches: the soft limit of file locks,
// a number that Linux has ignored since 2.4.25, that is handed down as well, and
// that /proc shows. Where the shell may not set it the environment alone counts.
//
// A process is known by its number and its start, and is held by a pidfd while
// it is ended: a number that was given to somebody else meanwhile is never hit.
package leftover

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

// Variable is the environment variable that a job's processes carry. Its value
// is different for each run of a job.
const Variable = "IACT_JOB"

// Grace is how long a process has between SIGTERM and SIGKILL.
const Grace = 3 * time.Second

// Mark is the line of the environment that marks the processes of one job.
func Mark(id string) string { return Variable + "=" + id }

// Shell is a line for /bin/sh that marks it, and what it starts, by the limit: -w
// is dash's name for it, -x that of bash.
func Shell(mark string) string {
	n := number(mark)
	return fmt.Sprintf("ulimit -S -w %d 2>/dev/null || ulimit -S -x %d 2>/dev/null || :", n, n)
}

// number is the mark as a limit: nobody chooses one of these sizes by himself.
func number(mark string) uint64 {
	sum := sha256.Sum256([]byte(mark))
	return 1<<52 | binary.LittleEndian.Uint64(sum[:])>>12
}

// Process is a running process.
type Process struct {
	PID  int
	Name string // its command line, cleaned and cut
	// Start is when it began, in ticks since the machine did: with PID it names
	// one process for as long as the machine is up.
	Start uint64

	mark string
}

func (p Process) String() string { return fmt.Sprintf("%s (pid %d)", p.Name, p.PID) }

// End ends the processes and what they start meanwhile: SIGTERM, after Grace
// SIGKILL. The error names those that survive that. A context that has ended
// leaves no grace, but they are ended all the same.
func End(ctx context.Context, processes []Process) error {
	const rounds = 5 // something that forks faster than we look gets so many
	var failed []error
	for range rounds {
		if len(processes) == 0 {
			return nil
		}
		failed = end(ctx, processes)
		marks := map[string]bool{}
		var again []Process
		for _, p := range processes {
			if marks[p.mark] {
				continue
			}
			marks[p.mark] = true
			again = append(again, Find(p.mark)...)
		}
		processes = again
	}
	if len(processes) == 0 {
		return nil
	}
	var names []string
	for _, p := range processes {
		names = append(names, p.String())
	}
	return fault.New(fault.Failed, "end them by hand: kill -9 PID",
		fmt.Errorf("end left-over processes: %s: %w", strings.Join(names, ", "), errors.Join(append(failed, errors.New("still there"))...)))
}
