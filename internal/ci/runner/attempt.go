package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// attempt runs the lines of a job once and reads its reports. The error is that
// of the lines, or of a report that cannot be read.
func (r *Runner) attempt(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) error {
	env := []string{
		"LC_ALL=C.UTF-8", // messages that the catalogue knows, and text as projects have it
		"CI=true", "IACT_COMPONENT=" + job.Component, "IACT_PROJECT=" + r.o.Project, "IACT_TAG=" + key.ID()[:12],
		"IACT_REPORTS=" + filepath.Join(r.o.Project, job.ReportsDir()),
	}
	if len(job.Services) > 0 {
		around, end, err := r.o.Around(ctx, job, filepath.Join(r.o.Project, job.ReportsDir()))
		if err != nil {
			return fmt.Errorf("bring its services up: %w", err)
		}
		env = append(env, around...)
		ran := r.lines(ctx, job, env, did)
		return errors.Join(ran, end(ctx))
	}
	return r.lines(ctx, job, env, did)
}

// lines runs the shell, and ends whatever it has left behind.
func (r *Runner) lines(ctx context.Context, job pipeline.Job, env []string, did *outcome.Job) error {
	if err := os.MkdirAll(filepath.Dir(did.Log), 0o700); err != nil {
		return fmt.Errorf("keep its log: %w", err)
	}
	raw := did.Log + ".raw"
	mark := r.o.ID + "/" + job.Name()
	c := command.Command{
		Program: "sh", Args: []string{"-ec", `exec >>"$IACT_LOG" 2>&1; unset IACT_LOG` + "\n" + leftover.Shell(leftover.Mark(mark)) + "\n" + strings.Join(job.Run, "\n")},
		Dir: filepath.Join(r.o.Project, job.Dir), Env: append(env, "IACT_LOG="+raw, leftover.Mark(mark)), Changes: true, Timeout: job.Limit,
	}
	if c.Timeout == 0 {
		c.Timeout = r.o.Limit
	}
	if err := r.begin(job, running{Mark: leftover.Mark(mark), Raw: raw, Log: did.Log}); err != nil {
		return err
	}
	killed := kills()
	ran := r.through(job).Run(ctx, c)
	if left := leftover.Find(leftover.Mark(mark)); len(left) > 0 {
		for _, one := range left {
			did.Left = append(did.Left, r.o.Redact.Text(one.String()))
		}
		if err := leftover.End(ctx, left); err != nil {
			ran = errors.Join(ran, err)
		}
	}
	if err := errors.Join(r.settle(raw, did.Log), r.masked(job)); err != nil {
		return errors.Join(ran, err)
	}
	if err := r.end(job); err != nil {
		return errors.Join(ran, err)
	}
	did.Exit = exitOf(ran)
	read := r.read(job, did)
	if ran != nil {
		return r.explained(ctx, job, ran, kills() > killed, did)
	}
	return read
}

// again runs a job whose tests failed once more. A test that passes now is flaky,
// and named as such.
func (r *Runner) again(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) error {
	first := *did.Tests
	if err := r.emptied(job); err != nil {
		return err
	}
	failed := r.attempt(ctx, job, key, did)
	if did.Tests == nil {
		did.Tests = &first
		return failed
	}
	merged := junit.MergeAttempts(first, *did.Tests)
	did.Tests = &merged
	if merged.Failed == 0 && did.Exit != 0 {
		return failed // the tests are not what failed
	}
	if merged.Failed == 0 {
		return nil
	}
	return failed
}

// emptied removes the reports of the attempt before: what the next one does not
// write would be taken for its own.
func (r *Runner) emptied(job pipeline.Job) error {
	dir := filepath.Join(r.o.Project, job.ReportsDir())
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}

// exitOf is the exit code of the lines, -1 where there is none.
func exitOf(ran error) int {
	var failed *command.Error
	switch {
	case ran == nil:
		return 0
	case errors.As(ran, &failed):
		return failed.Exit
	}
	return -1
}

// explained says in the terms of a job why its lines have failed.
func (r *Runner) explained(ctx context.Context, job pipeline.Job, ran error, starved bool, did *outcome.Job) error {
	var failed *command.Error
	if ctx.Err() != nil || !errors.As(ran, &failed) {
		return ran
	}
	limit := job.Limit
	if limit == 0 {
		limit = r.o.Limit
	}
	tests := ""
	if did.Tests != nil && did.Tests.Failed > 0 {
		tests = fmt.Sprintf("; %d of %d tests failed", did.Tests.Failed, did.Tests.Failed+did.Tests.Passed)
	}
	switch {
	case errors.Is(ran, context.DeadlineExceeded):
		return fault.New(fault.Failed, "its log says where it hung; ci.limit, or limit of the job, gives it longer",
			fmt.Errorf("run it: it was ended after %s, with all that it had started%s", limit.Round(time.Second), tests))
	case starved && (failed.Exit == 137 || failed.Signal == "SIGKILL"):
		return fault.New(fault.Failed, "give the machine more memory, or let fewer jobs run at once: ci: {jobs: 1}; memory of the job says what it takes",
			fmt.Errorf("run it: exit 137: the kernel ended a process for lack of memory%s", tests))
	case failed.Exit == 137 || failed.Signal == "SIGKILL":
		return fault.New(fault.Failed, "dmesg, or the limits of the container, say whether memory ran out",
			fmt.Errorf("run it: exit 137: something ended it with SIGKILL%s", tests))
	case failed.Exit == 127:
		return fault.New(fault.Missing, "ci:check says what the pipeline needs and where it comes from", fmt.Errorf("run it: exit 127: a program is not there: %s", r.lastLine(did.Log)))
	case failed.Exit >= 0 && tests != "":
		return fmt.Errorf("run it: exit %d%s", failed.Exit, tests)
	case failed.Exit >= 0:
		return fmt.Errorf("run it: exit %d: %s", failed.Exit, r.lastLine(did.Log))
	}
	return ran
}

// kills is how often the kernel has ended a process for lack of memory.
func kills() int {
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "oom_kill %d", &n); err == nil {
			return n
		}
	}
	return 0
}
