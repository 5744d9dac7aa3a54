package services

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/services/probe"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Program is a program of this machine that runs while a job does.
type Program struct {
	Name  string
	Run   string // a line for /bin/sh
	Ready Ready
}

// Ready says how a program shows that it is up; all that is set has to hold. With
// nothing set it is up when it runs.
type Ready struct {
	TCP  string // an address that has to answer: 127.0.0.1:8000
	HTTP string // an address whose GET has to be answered with a status below 400
	Log  string // a regular expression that a line of its output has to match
}

// running is a program that was started.
type running struct {
	stream *command.Stream
	ready  chan struct{} // closed when the line came
	ended  chan struct{} // closed when it has ended
	last   []string      // lines, complete once ended is closed
	err    error         // the same
}

// run starts a program and waits until it is up.
func (r *Running) run(ctx context.Context, p Program) error {
	pattern, err := regexp.Compile(p.Ready.Log)
	if err != nil {
		return fault.New(fault.Usage, "correct the regular expression", fmt.Errorf("start %s: %w", p.Name, err))
	}
	c := command.Change("/bin/sh", "-c", "exec 2>&1\n"+p.Run)
	c.Dir, c.Live = r.group.Dir, true
	c.Env = append(append([]string{}, r.group.Env...), leftover.Mark(r.Name))
	if r.docker.Door.Planning() {
		return r.docker.Door.Run(ctx, c)
	}
	c.Args[1] = leftover.Shell(leftover.Mark(r.Name)) + "\n" + c.Args[1]
	log, err := r.logFile(p.Name)
	if err != nil {
		return err
	}
	// It outlives the wait; Down ends it.
	stream, err := r.docker.Door.Stream(context.WithoutCancel(ctx), c)
	if err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", p.Name, err), log.Close())
	}
	started := &running{stream: stream, ready: make(chan struct{}), ended: make(chan struct{})}
	r.programs = append(r.programs, started)
	go started.listen(log, pattern)
	if err := started.await(ctx, p.Ready); err != nil {
		return fault.New(fault.Failed, "run it by hand: "+p.Run, fmt.Errorf("start %s: %w", p.Name, err))
	}
	r.Services = append(r.Services, Service{Name: p.Name, State: "running"})
	return nil
}

func (r *Running) logFile(name string) (io.WriteCloser, error) {
	file := r.logOf(name)
	if file == "" {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	if err := os.MkdirAll(r.group.Logs, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
}

// listen reads what the program says until it ends. A line longer than a buffer
// is taken in pieces, so that a program is never held up.
func (p *running) listen(log io.WriteCloser, pattern *regexp.Regexp) {
	const kept = 10
	defer close(p.ended)
	matched := false
	for in := bufio.NewReaderSize(p.stream, 64<<10); ; {
		line, _, err := in.ReadLine()
		if err != nil {
			p.err = p.stream.Close()
			break
		}
		// A full disk must not end the program.
		_, _ = log.Write(append(line, '\n'))
		if p.last = append(p.last, string(line)); len(p.last) > kept {
			p.last = p.last[1:]
		}
		if !matched && pattern.Match(line) {
			matched = true
			close(p.ready)
		}
	}
	_ = log.Close()
}

// await waits until the program is up, has ended, or ctx has.
func (p *running) await(ctx context.Context, ready Ready) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.ended:
			cancel(errEnded)
		case <-ctx.Done():
		}
	}()
	err := p.answers(ctx, ready)
	if err == nil && ctx.Err() == nil {
		return nil
	}
	if errors.Is(context.Cause(ctx), errEnded) {
		why := "it has ended with exit code 0"
		if p.err != nil {
			why = "it has ended: " + p.err.Error()
		}
		return fmt.Errorf("%s; it said: %s", why, said(p.last))
	}
	return err
}

// errEnded says that a program has ended where it should run.
const errEnded = command.Sentinel("it has ended")

func (p *running) answers(ctx context.Context, ready Ready) error {
	if ready.Log != "" {
		select {
		case <-p.ready:
		case <-ctx.Done():
			return fmt.Errorf("%w: no line of its output matches %s", context.Cause(ctx), ready.Log)
		}
	}
	if ready.TCP != "" {
		if err := probe.Until(ctx, func(ctx context.Context) error { return probe.Port(ctx, ready.TCP) }); err != nil {
			return err
		}
	}
	if ready.HTTP != "" {
		return probe.Until(ctx, func(ctx context.Context) error { return probe.HTTP(ctx, ready.HTTP) })
	}
	return nil
}

func said(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return strings.ToValidUTF8(strings.Join(lines, " | "), "?")
}

// stop ends the program and its group.
func (p *running) stop() {
	p.stream.Abort()
	<-p.ended
}
