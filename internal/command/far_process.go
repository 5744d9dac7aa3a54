package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

// farProcess is a program in a far place. client is the program of this machine
// that holds the connection to it.
type farProcess struct {
	far     *Far
	as      string
	marks   *marks
	wire    *wire
	client  *process
	release context.CancelFunc // ends the client
	silent  bool               // nobody reads standard output
	bulk    bool               // what it writes has to come whole, however long that takes
	packed  bool               // and comes as a zstd frame

	done   chan struct{}
	ending Ending
}

func (p *farProcess) Wait() Ending {
	<-p.done
	return p.ending
}

// Packed says that standard output comes as one zstd frame: see Stream.
func (p *farProcess) Packed() bool { return p.packed }

// begun waits until the program runs, or says why it does not.
func (p *farProcess) begun(ctx context.Context, c Command) error {
	limit := time.NewTimer(farStart)
	defer limit.Stop()
	var err error
	select {
	case how := <-p.marks.up:
		p.packed = how == "zstd"
		close(p.wire.begun)
		return nil
	case no := <-p.marks.no:
		err = p.refused(no, c)
	case <-ctx.Done():
		err = Stopped(ctx)
	case <-limit.C:
		said, _ := p.client.stderr.kept()
		err = p.far.fails(said, timeout(farStart))
	case <-p.client.done:
		// The last words may have been the marks.
		select {
		case no := <-p.marks.no:
			err = p.refused(no, c)
		default:
			e := p.client.ending
			if err = e.Err; err == nil {
				err = fmt.Errorf("exit %d", e.Exit)
			}
			err = p.far.fails(e.Stderr, err)
		}
	}
	p.wire.close()
	p.release()
	<-p.client.done
	return err
}

// refused is what the shell said instead of starting the program.
func (p *farProcess) refused(no string, c Command) error {
	switch no {
	case "missing":
		return &NotFound{Program: c.Program, Place: p.far.name}
	case "nodir":
		return fmt.Errorf("enter directory %s at %s: no such directory, or no right to enter", orRoot(c.Dir), p.far.name)
	}
	return fmt.Errorf("give %s its input at %s: %s cannot do it there", c.Program, p.far.name, no)
}

// supervise waits for the program, or ends it when the context ends or its input
// fails.
func (p *farProcess) supervise(ctx context.Context) {
	defer func() { // nothing of the connection outlives the program
		p.wire.close()
		p.release()
		<-p.client.done
	}()
	var why error
	select {
	case <-p.client.done:
		code, told := p.marks.code()
		p.conclude(code, told, nil)
		return
	case code := <-p.marks.exit:
		p.after(ctx, code)
		return
	case <-ctx.Done():
		why = Stopped(ctx)
	case err := <-p.wire.failed:
		why = fmt.Errorf("read its input: %w", err)
	}
	code, told := p.kill()
	if !told {
		code = strconv.Itoa(128 + int(syscall.SIGKILL))
	}
	p.conclude(code, true, why)
}

// after is the end of a program that has told its exit code. What it wrote may
// still be on its way; a service that it left behind may hold the connection,
// which is no reason to wait for it unless the program wrote a stream.
func (p *farProcess) after(ctx context.Context, code string) {
	// The shell over there no longer listens: some clients end only when their
	// input does.
	p.client.input.drop()
	var limit <-chan time.Time
	switch {
	case p.silent:
		limit = time.After(drained)
	case !p.bulk:
		limit = time.After(Grace)
	}
	select {
	case <-p.client.done:
	case <-ctx.Done():
	case <-limit:
	}
	p.conclude(code, true, nil)
	if p.silent {
		return
	}
	select {
	case <-ctx.Done():
	case <-p.client.done:
	}
}

// conclude records how the program ended, as told by its exit code if any.
func (p *farProcess) conclude(code string, told bool, why error) {
	defer close(p.done)
	p.ending = Ending{Exit: -1}
	said, cut := p.client.stderr.kept()
	switch {
	case told:
		p.ending = farEnding(code)
		if p.ending.Exit == 0 && p.ending.Err == nil && why == nil {
			why = p.wire.unread()
		}
		if why == nil && p.ending.Exit == 0 && p.broke() {
			why = &Lost{Place: p.far.name, Said: said}
		}
	case p.client.ending.Signal == "SIGPIPE":
		p.ending.Signal = "SIGPIPE" // nobody read what the program wrote
	case why == nil:
		why = &Lost{Place: p.far.name, Said: said}
	}
	p.ending.Stderr, p.ending.Cut = said, cut
	if why != nil {
		p.ending.Err = why
	}
}

// broke says whether the connection ended otherwise than well although the
// program had told its exit code: what it wrote may not all have come.
func (p *farProcess) broke() bool {
	select {
	case <-p.client.done:
		return p.client.ending.Exit != 0 || p.client.ending.Err != nil
	default:
		return false
	}
}

// kill ends the program and what it started, through a connection of its own,
// since the first one may be full of input. It gives the exit code if one came.
func (p *farProcess) kill() (code string, told bool) {
	var pid string
	select {
	case pid = <-p.marks.pid:
	case <-p.client.done:
		return p.marks.code()
	case <-time.After(Grace):
		return "", false // the other end notices that the connection is closed
	}
	for _, signal := range []string{"TERM", "KILL"} {
		p.signal(signal, pid)
		limit := time.After(Grace)
		select {
		case <-p.client.done:
			return p.marks.code()
		case code = <-p.marks.exit:
			// The rest of its group has what is left of the grace.
			select {
			case <-p.client.done:
				return code, true
			case <-limit:
				told = true
			}
		case <-limit:
		}
	}
	return code, told
}

func (p *farProcess) signal(name, pid string) {
	ctx, cancel := context.WithTimeout(context.Background(), Grace)
	defer cancel()
	line := fmt.Sprintf("kill -s %[1]s -- -%[2]s 2>/dev/null || kill -s %[1]s %[2]s", name, pid)
	way, err := p.far.reach(ctx, "sh -c '"+line+"'", p.as)
	if err != nil {
		return // the connection is lost: the other end notices by itself
	}
	if sent, err := startLocal(ctx, way, nil, nil); err == nil {
		sent.Wait()
	}
}

// Lost is a connection that broke while a program ran at its other end.
type Lost struct {
	Place string // Transport.Name
	Said  string // what the client program said
}

func (e *Lost) Error() string {
	line := "lost the connection to " + e.Place
	if last := lastLine(e.Said, "ssh"); last != "" {
		line += ": " + last
	}
	return line
}

// Hint says what to do about it.
func (e *Lost) Hint() string {
	return "see that " + e.Place + " still runs, then run the target again: nothing half-written was kept"
}

// Unreachable is a place in which no program could be started.
type Unreachable struct {
	Place string // Transport.Name
	Why   string // one line
	Fix   string
	Err   error
}

func (e *Unreachable) Error() string { return "reach " + e.Place + ": " + e.Why }

func (e *Unreachable) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *Unreachable) Hint() string { return e.Fix }

// ExitCode is the code for a missing prerequisite.
func (e *Unreachable) ExitCode() int { return 4 }

// IsAway says whether err means that the place of a program was not reached or
// was lost, so that trying again may help.
func IsAway(err error) bool {
	var lost *Lost
	var away *Unreachable
	return errors.As(err, &lost) || errors.As(err, &away)
}
