// Package audit finds out which files a job really uses, and holds them against
// what it declares: ci:audit.
//
// The cache is as good as these declarations. A file that a job reads and does
// not declare gives a wrong result from the cache one day, and one that it writes
// and does not declare is missing after it. So the job is run once under strace,
// which sees each file that it and all its children open, ask for, write, rename
// and remove. What the job has made itself is no input. Files outside of the
// project count as well, apart from those of the system and of the tools, which
// the job's `tools` stand for.
//
// What a program reads from its environment, a network or a clock is not seen.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/ci/audit/trace"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Options say what is audited.
type Options struct {
	Project  string // absolute
	Pipeline pipeline.Pipeline
	Job      pipeline.Job
	// Input tells whether a path below the project, with slashes, is a declared
	// input of the job, or would be one if it were there.
	Input func(path string) bool
	Env   []string  // NAME=VALUE lines for the job
	Home  string    // of the user; empty is $HOME
	Log   io.Writer // gets what the job says; nil drops it
}

// Report is what an audit has seen.
type Report struct {
	Job      string
	Remarks  []Remark // the weightiest first
	Calls    int
	Duration time.Duration // of the job under strace
	// Failed is how the job itself ended. What it did until then is judged.
	Failed error
}

// Run runs a job under strace and judges what it did.
func Run(ctx context.Context, door *command.Door, o Options) (Report, error) {
	project, err := filepath.EvalSymlinks(o.Project) // the kernel tells the real path
	if err != nil {
		return Report{}, fmt.Errorf("audit %s: %w", o.Job.Name(), err)
	}
	o.Project = project
	if o.Home == "" {
		o.Home = os.Getenv("HOME")
	}
	if _, err := door.Look(ctx, "strace"); err != nil {
		return Report{}, fault.New(fault.Missing, "apt-get install strace", fmt.Errorf("audit %s: %w", o.Job.Name(), err))
	}
	b := newBook()
	r := Report{Job: o.Job.Name()}
	start := time.Now()
	r.Calls, err = traced(ctx, door, o, b.note)
	r.Duration = time.Since(start)
	var failed *command.Error
	switch {
	case ctx.Err() != nil:
		return Report{}, ctx.Err()
	case errors.As(err, &failed) && failed.Exit >= 0 && r.Calls > 0:
		r.Failed = err
	case err != nil:
		return Report{}, explain(o.Job.Name(), err)
	}
	r.Remarks = judge(b, o)
	return r, nil
}

// traced runs the job; its trace is read while it runs and never lies on a disk.
func traced(ctx context.Context, door *command.Door, o Options, each func(trace.Access)) (calls int, err error) {
	dir, err := os.MkdirTemp("", "iact-audit-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	pipe := filepath.Join(dir, "trace")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		return 0, err
	}
	// Opened for both, the pipe has a writer until we say that there is none more,
	// and nobody waits for a strace that does not start.
	keeper, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	reader, err := os.Open(pipe)
	if err != nil {
		return 0, errors.Join(err, keeper.Close())
	}
	defer reader.Close()
	parsed := make(chan error, 1)
	at := filepath.Join(o.Project, filepath.FromSlash(o.Job.Dir))
	go func() {
		var err error
		calls, err = trace.Parse(reader, at, each)
		parsed <- err
	}()
	err = run(ctx, door, o, at, pipe)
	return calls, errors.Join(err, keeper.Close(), <-parsed)
}

func run(ctx context.Context, door *command.Door, o Options, at, pipe string) error {
	// What strace says itself stays apart from what the job says.
	script := "exec 2>&1\n" + strings.Join(o.Job.Run, "\n")
	c := command.Change("strace", append(trace.Arguments(pipe), "--", "/bin/sh", "-e", "-c", script)...)
	c.Dir, c.Env, c.Timeout = at, o.Env, o.Job.Limit
	stream, err := door.Stream(ctx, c)
	if err != nil {
		return err
	}
	log := o.Log
	if log == nil {
		log = io.Discard
	}
	_, err = io.Copy(log, stream)
	if closed := stream.Close(); closed != nil {
		return closed
	}
	return err
}

// explain is why nothing could be traced.
func explain(job string, err error) error {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("audit %s: %w", job, err)
	}
	switch said := failed.Stderr; {
	case strings.Contains(strings.ToLower(said), "ptrace"):
		return fault.New(fault.Missing, "in a container: docker run --cap-add SYS_PTRACE; otherwise: sysctl kernel.yama.ptrace_scope=1",
			fmt.Errorf("audit %s: this machine does not let strace watch a program: %s", job, command.Reason(err)))
	case strings.Contains(said, "seccomp-bpf"):
		return fault.New(fault.Missing, "install strace 5.3 or newer", fmt.Errorf("audit %s: %s", job, command.Reason(err)))
	}
	return fmt.Errorf("audit %s: %w", job, err)
}
