package command

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/bitfield/script"
)

// textLimit is how much output Text keeps; longer output belongs in a Stream.
const textLimit = 64 << 20

// Door runs commands through a transport. It is safe for concurrent use.
type Door struct {
	transport Transport
	observers []func(Event)
	plan      *planWriter
}

// Event is one command that ran, as a journal may keep it: secrets are masked.
type Event struct {
	Program  string
	Command  string
	Changes  bool
	Start    time.Time
	Duration time.Duration
	Exit     int // -1 when a signal ended it or it never started
	Stderr   string
	Err      error
}

// Option shapes a Door.
type Option func(*Door)

// Observe calls f after every command. Commands that run at the same time call
// it at the same time.
func Observe(f func(Event)) Option {
	return func(d *Door) { d.observers = append(d.observers, f) }
}

// Planning prints changing commands to w, one line each, instead of running
// them. Reading commands run.
func Planning(w io.Writer) Option {
	return func(d *Door) { d.plan = &planWriter{w: w} }
}

// NewDoor is a door to the programs that t reaches.
func NewDoor(t Transport, options ...Option) *Door {
	d := &Door{transport: t}
	for _, option := range options {
		option(d)
	}
	return d
}

// Name is the name of the transport.
func (d *Door) Name() string { return d.transport.Name() }

// Via is a door to what another transport reaches, with the same rules.
func (d *Door) Via(t Transport) *Door {
	return &Door{transport: t, observers: d.observers, plan: d.plan}
}

// Transport is what the door leads to.
func (d *Door) Transport() Transport { return d.transport }

// Show is c as a person types it on this machine, with secrets as ***.
func (d *Door) Show(c Command) string { return d.transport.Show(c) }

// Planning reports whether changing commands are printed instead of run.
func (d *Door) Planning() bool { return d.plan != nil }

// Look is the path of a program, or a *NotFound.
func (d *Door) Look(ctx context.Context, program string) (string, error) {
	return d.transport.Look(ctx, program)
}

// Text runs c and gives its whole standard output. When c fails the pipe carries
// an *Error and none of the output. Like a shell's $(…), it waits until every
// program that holds the output has closed it: start a service with Run.
func (d *Door) Text(ctx context.Context, c Command) *script.Pipe {
	pipe := script.NewPipe()
	if c.Changes && d.plan != nil {
		return pipe.WithError(d.plan.print(d.transport.Show, c))
	}
	out, err := d.text(ctx, c)
	if err != nil {
		return pipe.WithError(err)
	}
	return pipe.WithReader(strings.NewReader(out))
}

func (d *Door) text(ctx context.Context, c Command) (string, error) {
	s, err := d.open(ctx, c, 0)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	n, err := io.Copy(&out, io.LimitReader(s, textLimit+1))
	if n > textLimit {
		return "", s.end(ErrTooLong)
	}
	// The program's own error says more than what its reader saw.
	if closed := s.Close(); closed != nil {
		return "", closed
	}
	return out.String(), err
}

// Run runs c and drops its standard output.
func (d *Door) Run(ctx context.Context, c Command) error {
	if c.Changes && d.plan != nil {
		return d.plan.print(d.transport.Show, c)
	}
	r, err := d.start(ctx, c, nil)
	if err != nil {
		return err
	}
	return r.settle(r.process.Wait(), nil)
}

// Feed runs c and lets it read input. It fails when either side fails: an input
// that fails ends the program before it can take the part it got for the whole,
// and a program that ends early is reported with its own error, or as ErrUnread
// when it ended well. After a failure input may still be in use until its Read
// returns.
func (d *Door) Feed(ctx context.Context, c Command, input io.Reader) error {
	if _, file := input.(*os.File); file {
		// Handed to the program, a file that fails would be the program's to
		// notice.
		input = struct{ io.Reader }{input}
	}
	c.Stdin = input
	return d.Run(ctx, c)
}

// Stream starts c and gives its standard output as it comes. The caller reads to
// the end and calls Close, or calls Abort.
func (d *Door) Stream(ctx context.Context, c Command) (*Stream, error) {
	if c.Changes && d.plan != nil {
		return nil, &Error{Program: c.Program, Argv: d.transport.Show(c), Exit: -1, Err: ErrPlanning}
	}
	c.bulk = true
	return d.open(ctx, c, streamPipe)
}

// running is a command between its start and its end.
type running struct {
	door    *Door
	command Command
	process Process
	ctx     context.Context
	start   time.Time
	cancel  context.CancelCauseFunc
	free    func()
}

// start starts c; stdout is taken over in every case.
func (d *Door) start(ctx context.Context, c Command, stdout *os.File) (*running, error) {
	r := &running{door: d, command: c, start: time.Now(), free: func() {}}
	ctx, r.cancel = context.WithCancelCause(ctx)
	if c.Timeout > 0 {
		ctx, r.free = context.WithTimeoutCause(ctx, c.Timeout, timeout(c.Timeout))
	}
	r.ctx = ctx
	err := c.check()
	if err == nil {
		r.process, err = d.transport.Start(ctx, c, stdout)
	} else if stdout != nil {
		stdout.Close()
	}
	if err != nil {
		return nil, r.settle(Ending{Exit: -1, Err: err}, nil)
	}
	return r, nil
}

// settle tells the observers how the program ended and gives the caller's error.
// over replaces the ending's own cause when the door itself ended the program.
func (r *running) settle(e Ending, over error) error {
	r.cancel(nil)
	r.free()
	if over != nil {
		e.Err = over
	}
	err := r.failure(e)
	event := Event{
		Program:  newMask(r.command.Secrets).hide(r.command.Program),
		Command:  r.door.transport.Show(r.command),
		Changes:  r.command.Changes,
		Start:    r.start,
		Duration: time.Since(r.start),
		Exit:     e.Exit,
		Stderr:   r.stderr(e),
		Err:      err,
	}
	for _, observe := range r.door.observers {
		observe(event)
	}
	return err
}

// failure is the *Error for e, or nil when the program ended well.
func (r *running) failure(e Ending) error {
	if !e.failed() {
		return nil
	}
	m := newMask(r.command.Secrets)
	return &Error{
		Program: m.hide(r.command.Program),
		Argv:    r.door.transport.Show(r.command),
		Exit:    e.Exit,
		Signal:  e.Signal,
		Stderr:  r.stderr(e),
		Err:     m.wrap(e.Err),
	}
}

func (r *running) stderr(e Ending) string {
	return newMask(r.command.Secrets).tail(e.Stderr, e.Cut, stderrShown)
}

// planWriter keeps the lines of parallel steps whole.
type planWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *planWriter) print(show func(Command) string, c Command) error {
	if err := c.check(); err != nil {
		return &Error{Program: c.Program, Argv: show(c), Exit: -1, Err: err}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.w, show(c)+"\n")
	return err
}
