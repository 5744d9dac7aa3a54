package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Local runs programs on this machine.
//
// Each gets a process group of its own, so that ending it ends what it started,
// and is sent SIGTERM by the kernel when this process dies. Two limits: what a
// program started itself is not sent that signal, and sudo clears it.
func Local() Transport { return local{} }

type local struct{}

func (local) Name() string { return "local" }

func (local) Look(_ context.Context, program string) (string, error) {
	return look(program, os.Getenv("PATH"))
}

// look finds program as execvp would, but never in the working directory.
func look(program, path string) (string, error) {
	if strings.Contains(program, "/") {
		if executable(program) {
			return program, nil
		}
		return "", &NotFound{Program: program}
	}
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, program); filepath.IsAbs(dir) && executable(file) {
			return file, nil
		}
	}
	return "", &NotFound{Program: program}
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func (local) Show(c Command) string { return c.String() }

func (local) Start(ctx context.Context, c Command, stdout *os.File) (Process, error) {
	p, err := startLocal(ctx, c, stdout, nil)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// startLocal is Start, for a program whose standard error may hold marks.
func startLocal(ctx context.Context, c Command, stdout *os.File, marks *marks) (*process, error) {
	if stdout != nil {
		defer stdout.Close()
	}
	if err := Stopped(ctx); err != nil {
		return nil, err
	}
	cmd, err := build(c)
	if err != nil {
		return nil, err
	}
	if stdout != nil {
		cmd.Stdout = stdout
	}
	stderr, err := newTail(marks, c.Stderr)
	if err != nil {
		return nil, err
	}
	defer stderr.write.Close()
	cmd.Stderr = stderr.write
	in, err := newInput(c.Stdin)
	if err != nil {
		stderr.finish()
		return nil, err
	}
	defer in.handedOver()
	if in.child != nil {
		cmd.Stdin = in.child
	}
	exited, err := launch(cmd)
	if err != nil {
		stderr.finish()
		in.drop()
		return nil, startError(c, err)
	}
	p := &process{cmd: cmd, exited: exited, done: make(chan struct{}), stderr: stderr, input: in}
	p.group = group{id: cmd.Process.Pid}
	if c.elevates(os.Geteuid()) && os.Geteuid() != 0 {
		p.group.owner = c.As
	}
	in.feed()
	go p.supervise(ctx)
	return p, nil
}

// build is the os/exec form of c.
func build(c Command) (*exec.Cmd, error) {
	uid := os.Geteuid()
	if err := c.allowed(uid); err != nil {
		return nil, err
	}
	c.Env = append([]string{"LC_ALL=C"}, c.Env...)
	path := os.Getenv("PATH")
	for _, line := range c.Env {
		if value, ok := strings.CutPrefix(line, "PATH="); ok {
			path = value
		}
	}
	file, err := look(c.Program, path)
	if err != nil {
		return nil, err
	}
	argv, env := c.prefixed(uid)
	if argv[0] != c.Program {
		if file, err = look(argv[0], os.Getenv("PATH")); err != nil {
			return nil, err
		}
		if c.Dir == "" {
			c.Dir = "/"
		}
	}
	return &exec.Cmd{
		Path:        file,
		Args:        argv,
		Env:         append(os.Environ(), env...),
		Dir:         c.Dir,
		SysProcAttr: atTerminal(c, attributes()),
	}, nil
}

// startError names the working directory when that is what is missing: the
// system reports it as if the program were.
func startError(c Command, err error) error {
	if info, statErr := os.Stat(c.Dir); c.Dir != "" && (statErr != nil || !info.IsDir()) {
		return &fs.PathError{Op: "enter directory", Path: c.Dir, Err: syscall.ENOENT}
	}
	var path *fs.PathError
	if errors.As(err, &path) && strings.HasPrefix(path.Op, "fork/exec") {
		return &fs.PathError{Op: "start", Path: path.Path, Err: path.Err}
	}
	return err
}

// launch starts cmd and gives a channel that closes when it was reaped. The
// kernel sends the parent-death signal when the starting *thread* ends, so one
// thread is kept for each program until it has gone.
func launch(cmd *exec.Cmd) (<-chan struct{}, error) {
	started := make(chan error, 1)
	exited := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			// How it ended is read from ProcessState.
			_ = cmd.Wait()
			close(exited)
		}
	}()
	return exited, <-started
}
