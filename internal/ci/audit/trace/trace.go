// Package trace reads what strace writes about files: which ones a program and
// all that it starts read, ask for, write, rename and remove.
//
// The lines come as a stream and are taken one at a time; memory grows with the
// number of processes. Calls that were cut in two (unfinished, resumed) are put
// together. A path is made absolute by what the kernel said (strace -y shows what
// each descriptor is) or by the working directory of the process, which is
// followed through chdir, fork and threads.
package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Kind is what was done with a file.
type Kind int

// What is done with files.
const (
	// Read: its content, or where a link leads.
	Read Kind = iota
	// Asked for, and it was not there. Were it there, it might count.
	Asked
	// Written: made, or opened for writing.
	Written
	// Made: a directory.
	Made
	// Removed, or moved away.
	Removed
	// Moved: To is the new name.
	Moved
	// Ran: read, as a program.
	Ran
)

// Access is one thing done with one file.
type Access struct {
	Kind Kind
	Path string // absolute, clean
	To   string // of Moved
}

// Arguments are those that strace needs so that its output can be read here.
// Only calls that name a file or a process stop the program (--seccomp-bpf), not
// every one; strace 5.3 knows it.
func Arguments(output string) []string {
	return []string{"-f", "-qq", "-y", "-s", "4096", "--seccomp-bpf", "-e", "trace=%file,fchdir,fork,vfork,clone,clone3", "-e", "signal=none", "-o", output}
}

// place is the working directory of a process. Threads share one.
type place struct{ dir string }

type reader struct {
	dir     string            // where the first process is
	places  map[string]*place // by process
	pending map[string]string // unfinished calls, by process
	forking string            // the process that forks and was not told the number yet
	each    func(Access)
}

// longest is the longest line that is read; what is longer is no call of ours.
const longest = 1 << 20

// Parse reads a trace of programs that started in dir and calls each for each
// access, in order. Lines that it does not understand are left out: they are
// strace's remarks, or calls that name no file. It tells how many calls it read.
func Parse(r io.Reader, dir string, each func(Access)) (calls int, err error) {
	t := &reader{dir: path.Clean(dir), places: map[string]*place{}, pending: map[string]string{}, each: each}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := readLine(in)
		if line != "" && t.line(line) {
			calls++
		}
		if errors.Is(err, io.EOF) {
			return calls, nil
		}
		if err != nil {
			return calls, fmt.Errorf("read trace: %w", err)
		}
	}
}

// readLine reads a line of bounded length; the rest of a longer one is dropped.
func readLine(in *bufio.Reader) (string, error) {
	var line []byte
	for {
		piece, err := in.ReadSlice('\n')
		if len(line)+len(piece) <= longest {
			line = append(line, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimSuffix(string(line), "\n"), err
		}
	}
}

// line takes "PID call(arguments) = result" and its halves.
func (t *reader) line(line string) bool {
	pid, rest, ok := strings.Cut(line, " ")
	if !ok || pid == "" || strings.Trim(pid, "0123456789") != "" {
		return false
	}
	rest = strings.TrimLeft(rest, " ")
	if strings.HasPrefix(rest, "+++") { // it has ended
		delete(t.places, pid)
		delete(t.pending, pid)
		return false
	}
	if begin, is := strings.CutSuffix(rest, " <unfinished ...>"); is {
		t.pending[pid] = begin
		if forks(begin) {
			t.forking = pid
		}
		t.at(pid)
		return false
	}
	if resumed, is := strings.CutPrefix(rest, "<... "); is {
		_, end, found := strings.Cut(resumed, " resumed>")
		begin, known := t.pending[pid]
		delete(t.pending, pid)
		if !found || !known {
			return false
		}
		rest = begin + end
	}
	c, ok := split(rest)
	if !ok {
		return false
	}
	t.call(pid, c)
	return true
}

func forks(call string) bool {
	name, _, _ := strings.Cut(call, "(")
	return name == "fork" || name == "vfork" || name == "clone" || name == "clone3"
}

// at is where a process is. One that was never seen is a child of the one that is
// forking: its first call may come before its parent is told of it.
func (t *reader) at(pid string) *place {
	p, known := t.places[pid]
	if !known {
		p = &place{t.dir}
		if parent, forking := t.places[t.forking]; forking {
			p = &place{parent.dir}
		}
		t.places[pid] = p
	}
	return p
}
