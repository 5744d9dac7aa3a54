package command

import (
	"context"
	"crypto/rand"
	_ "embed" // far.sh
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Far is a transport to a place that is reached by a program of this machine
// and where a POSIX shell waits: another host, a container.
//
// The shell gets everything through its standard input, one line after the
// other: far.sh, then what to run, then the input of the program, cut into
// frames. So nothing has to be quoted twice, no secret is in an argument list,
// here or there, and the end of the input is a frame of its own: when the
// connection breaks the shell sees the end of the frames without it, and ends
// the program instead of closing its input, which would look complete.
//
// The shell waits for each of its children: in a container a server may be
// process 1, to which orphans go, and PostgreSQL takes an orphan that was killed
// for a server process that crashed, and restarts.
//
// What the shell has to say comes through standard error, between marks that
// nobody else knows: the process id, the exit code. A program whose exit code
// did not come is one whose connection was lost.
type Far struct {
	name string
	// reach is the command of this machine that runs the shell line given to
	// it, as a user of that place when one is named. An error says why the
	// place cannot be reached.
	reach func(ctx context.Context, line, as string) (Command, error)
	// shown is a command as a person types it here.
	shown func(c Command) string
	// fails turns what that command said, when no program was started, into an
	// error.
	fails func(said string, err error) error
	close func()
	// packs says that a network lies in between: streams are compressed on it,
	// by the zstd of that place if it has one.
	packs bool

	mu    sync.Mutex
	found map[string]string // the programs that were looked for, by name
}

//go:embed far.sh
var farScript string

// boot reads the lines up to the one that ends them. It has no single quotes,
// which makes it one word of a shell.
const boot = `while IFS= read -r l;do [ "$l" = "#go" ]&&break;eval "$l";done;run "$@"`

// farStart is how long a place may take until the program runs there. A daemon
// that hangs accepts every connection and never answers.
const farStart = 45 * time.Second

// Close ends the connection, if there is one. The next command makes a new one.
func (f *Far) Close() {
	if f.close != nil {
		f.close()
	}
}

// Name implements Transport.
func (f *Far) Name() string { return f.name }

// Show implements Transport.
func (f *Far) Show(c Command) string { return f.shown(c) }

// lookThere prints the path of a program. To busybox its own programs are words
// of the shell, without a path.
const lookThere = `p=$(command -v -- "$1") || exit 1; case $p in /*) echo "$p" ;; *) which "$1" 2>/dev/null || echo "$p" ;; esac`

// Look implements Transport. What was found is not looked for again.
func (f *Far) Look(ctx context.Context, program string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if path := f.found[program]; path != "" {
		return path, nil
	}
	path, err := f.look(ctx, program)
	if err == nil {
		if f.found == nil {
			f.found = map[string]string{}
		}
		f.found[program] = path
	}
	return path, err
}

func (f *Far) look(ctx context.Context, program string) (string, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer read.Close()
	p, err := f.Start(ctx, Read("sh", "-c", lookThere, "sh", program), write)
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(io.LimitReader(read, 4096))
	ending := p.Wait()
	switch {
	case ending.Err != nil:
		return "", ending.Err
	case ending.Exit != 0:
		return "", &NotFound{Program: program, Place: f.name}
	}
	return strings.TrimSpace(string(out)), err
}

// Start implements Transport.
func (f *Far) Start(ctx context.Context, c Command, stdout *os.File) (Process, error) {
	if stdout != nil {
		defer stdout.Close()
	}
	if err := Stopped(ctx); err != nil {
		return nil, err
	}
	way, err := f.reach(ctx, "sh -c '"+boot+"'", c.As)
	if err != nil {
		return nil, err
	}
	p := &farProcess{far: f, as: c.As, marks: newMarks("iact-" + rand.Text()), done: make(chan struct{}), silent: stdout == nil, bulk: c.bulk}
	wire := &wire{header: farHeader(c, p.marks.token, f.packs && c.bulk && !c.Live), from: c.Stdin, begun: make(chan struct{}), over: make(chan struct{}), failed: make(chan error, 1)}
	way.Stdin = wire
	var client context.Context
	client, p.release = context.WithCancel(context.WithoutCancel(ctx))
	p.wire = wire
	p.client, err = startLocal(client, way, stdout, p.marks)
	if err != nil {
		p.release()
		return nil, err
	}
	if err := p.begun(ctx, c); err != nil {
		return nil, err
	}
	go p.supervise(ctx)
	return p, nil
}

// farHeader is what the shell reads first: the functions, and what to run.
func farHeader(c Command, token string, packs bool) string {
	var b strings.Builder
	b.WriteString(farScript)
	// A line break cannot stand in a line: it is a variable.
	b.WriteString("_l=$(printf \"\\nx\"); _l=${_l%x}\n")
	word := func(s string) string { return "'" + strings.NewReplacer("'", `'\''`, "\n", `'"$_l"'`).Replace(s) + "'" }
	fmt.Fprintf(&b, "_t=%s _c=%s _i=%s _z=%s\nexport LC_ALL=C\n", token, word(orRoot(c.Dir)), boolDigit(c.Stdin != nil), boolDigit(packs))
	for _, line := range c.Env {
		name, value, _ := strings.Cut(line, "=")
		fmt.Fprintf(&b, "export %s=%s\n", name, word(value))
	}
	b.WriteString("set --")
	for _, one := range append([]string{c.Program}, c.Args...) {
		b.WriteString(" " + word(one))
	}
	b.WriteString("\n#go\n")
	return b.String()
}

func orRoot(dir string) string {
	if dir == "" {
		return "/"
	}
	return dir
}

func boolDigit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// farEnding is the ending that an exit code of a shell stands for. Above 128 it
// is 128 and a signal.
func farEnding(code string) Ending {
	n, err := strconv.Atoi(code)
	if err != nil {
		return Ending{Exit: -1, Err: fmt.Errorf("read exit code %q: %w", code, err)}
	}
	if n > 128 && n < 128+65 {
		return Ending{Exit: -1, Signal: signalName(syscall.Signal(n - 128))}
	}
	return Ending{Exit: n}
}
