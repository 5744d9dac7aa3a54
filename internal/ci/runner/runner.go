// Package runner does one job of the pipeline: it takes its result from the cache,
// or runs its lines, reads its reports, judges what they say, and keeps the result.
//
// The lines of a job are one shell. What it writes goes into a file of its own,
// so that nothing is lost when this process dies, and nothing is held in memory.
// Reports go into IACT_REPORTS, a directory below the project that git ignores; it
// is kept with the outputs, and so is the outcome itself.
//
// A result is judged each time, also one that comes from the cache: a threshold
// or a baseline is no input of a job, and may have changed since.
package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/full"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/versions"
	"iact-infra/internal/command"
	"iact-infra/internal/redact"
	"iact-infra/internal/whole"
)

// Options are what jobs are run with.
type Options struct {
	Door *command.Door
	// Through is the door for the lines of a job: that of its step, which keeps a
	// record of them. Nil is Door.
	Through  func(job pipeline.Job) *command.Door
	Pipeline pipeline.Pipeline
	Project  string // absolute
	// State keeps what concerns this checkout alone: .iact/ci.
	State string
	// Logs is where the run keeps the log of each job.
	Logs string
	// ID is different for each run of the pipeline.
	ID    string
	Cache *cache.Cache
	// Fresh runs every job; what it makes is kept all the same.
	Fresh bool
	Limit time.Duration // of a job that has none
	// FreshFindings are those that no baseline knows; nil: all are.
	FreshFindings func(all []findings.Finding) (fresh []findings.Finding)
	Redact        *redact.Redactor
	Getenv        func(string) string
	Now           func() time.Time
	Host          string
	// Do does the jobs without lines, which the toolkit does by itself. It returns
	// what it has found out beside the error.
	Do func(ctx context.Context, job pipeline.Job, into *outcome.Job) error
	// Around brings up what a job needs while it runs, and takes it down; the lines
	// are for its environment. It is called for jobs with services only.
	Around func(ctx context.Context, job pipeline.Job, logs string) (env []string, end func(context.Context) error, err error)
	// Explain finds the symptom in a text; nil finds none.
	Explain func(text string) *outcome.Advice
	// Why is told why a job runs again: what has changed since.
	Why func(job string, changes []fingerprint.Difference)
}

// Runner runs jobs. It may be asked for several at once.
type Runner struct {
	o     Options
	tools *versions.Tools
	keys  sync.Map // of jobs that have ended, by name: fingerprint.Key
	last  fingerprint.Last

	snapshot func(context.Context) (*fingerprint.Snapshot, error)
}

// New makes a runner. It reads nothing yet.
func New(o Options) *Runner {
	r := &Runner{o: o, tools: versions.Open(o.Door, filepath.Join(o.State, versions.File)), last: fingerprint.Last{Dir: filepath.Join(o.State, "keys")}}
	var once sync.Once
	var taken *fingerprint.Snapshot
	var failed error
	r.snapshot = func(ctx context.Context) (*fingerprint.Snapshot, error) {
		once.Do(func() {
			taken, failed = fingerprint.Open(ctx, fingerprint.Options{Root: o.Project, Index: filepath.Join(o.State, "index"), Door: o.Door})
		})
		return taken, failed
	}
	return r
}

// Close remembers what the next run can make use of.
func (r *Runner) Close(ctx context.Context) error {
	err := r.tools.Save()
	if taken, failed := r.snapshot(ctx); failed == nil {
		err = errors.Join(err, taken.Save())
	}
	return err
}

// outcomeFile is the outcome of a job among its reports.
const outcomeFile = "outcome.json"

// Run does a job. Its error is why the job has not ended well; the outcome says
// the same for readers, and is there in every case.
func (r *Runner) Run(ctx context.Context, job pipeline.Job, lane int) (outcome.Job, error) {
	did := outcome.Job{
		Name: job.Name(), Component: job.Component, Stage: string(job.Stage), Start: r.o.Now(), Lane: lane, State: outcome.Passed,
	}
	for _, line := range job.Run {
		did.Commands = append(did.Commands, r.o.Redact.Text(line))
	}
	err := full.Explain(r.work(ctx, job, &did), r.disks(job)...)
	if did.State == outcome.Passed || did.Duration == 0 {
		did.Duration = r.o.Now().Sub(did.Start)
	}
	if err == nil {
		return did, nil
	}
	did.State, did.Why = outcome.Failed, r.o.Redact.Text(oneLine(err))
	switch {
	case ctx.Err() != nil:
		did.State = outcome.Cancelled
		return did, ctx.Err()
	case job.Optional:
		did.State = outcome.Warned
	}
	did.Tail = r.tail(did.Log)
	if did.Advice == nil && r.o.Explain != nil {
		did.Advice = r.o.Explain(did.Tail + "\n" + did.Why)
	}
	if job.Optional {
		return did, nil
	}
	return did, fmt.Errorf("%s: %w", job.Name(), err)
}

// disks are the directories that a job writes to.
func (r *Runner) disks(job pipeline.Job) []string {
	return []string{filepath.Join(r.o.Project, job.Dir), filepath.Join(r.o.Project, job.ReportsDir()), r.o.Logs, os.TempDir()}
}

// work takes the result from the cache or makes it, and judges it.
func (r *Runner) work(ctx context.Context, job pipeline.Job, did *outcome.Job) error {
	if r.o.Door.Planning() {
		return r.plan(ctx, job)
	}
	key, err := r.key(ctx, job)
	if err != nil {
		return err
	}
	r.keys.Store(job.Name(), key)
	log := filepath.Join(r.o.Logs, strings.ReplaceAll(job.Name(), ":", "-")+".log")
	if !job.Again() && !r.o.Fresh {
		restored, err := r.earlier(ctx, job, key, log, did)
		if err != nil {
			return err
		}
		if restored {
			return r.judge(job, did)
		}
	}
	did.Log = log
	if was, known := r.last.Load(job.Name()); known && r.o.Why != nil && !job.Again() {
		r.o.Why(job.Name(), fingerprint.Explain(was, key))
	}
	if err := r.make(ctx, job, key, did); err != nil {
		return err
	}
	if err := r.last.Save(job.Name(), key); err != nil {
		return err
	}
	if job.Again() {
		return nil
	}
	if job.Image != "" {
		if err := r.noted(ctx, job, key, did); err != nil {
			note(did, "it will be built again, since nothing notes that it was: "+oneLine(full.Explain(err)))
		}
		return nil
	}
	return r.keep(ctx, job, key, did)
}

// make runs the job, and judges what it has done.
func (r *Runner) make(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) error {
	if err := r.clean(job); err != nil {
		return err
	}
	if len(job.Run) == 0 {
		did.Log = ""
		return r.o.Do(ctx, job, did)
	}
	failed := r.attempt(ctx, job, key, did)
	for range job.Retries {
		if ctx.Err() != nil || did.Tests == nil || did.Tests.Failed == 0 {
			break
		}
		failed = r.again(ctx, job, key, did)
	}
	if failed != nil && !r.known(job, did) {
		return failed
	}
	did.Duration = r.o.Now().Sub(did.Start)
	return errors.Join(r.produced(job), r.judge(job, did))
}

// clean makes the directory for reports anew, and removes what a build left the
// last time: a file that is no longer made would be taken for a new one.
func (r *Runner) clean(job pipeline.Job) error {
	if job.Stage == pipeline.Build && !job.Tracked {
		for _, out := range job.Outputs {
			if err := os.RemoveAll(filepath.Join(r.o.Project, job.Dir, out)); err != nil {
				return fmt.Errorf("remove the last build: %w", err)
			}
		}
	}
	dir := filepath.Join(r.o.Project, job.ReportsDir())
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the last reports: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a directory for reports: %w", err)
	}
	ignore := filepath.Join(r.o.Project, pipeline.ReportsDir, ".gitignore")
	if _, err := os.Lstat(ignore); err == nil {
		return nil
	}
	return whole.Text(ignore, []byte("# made by the toolkit: reports of the pipeline\n*\n")) // an empty one would ignore nothing for ever
}

// plan prints what would run.
func (r *Runner) plan(ctx context.Context, job pipeline.Job) error {
	if len(job.Run) == 0 {
		return nil
	}
	return r.through(job).Run(ctx, command.Command{Program: "sh", Args: []string{"-ec", strings.Join(job.Run, "\n")}, Dir: filepath.Join(r.o.Project, job.Dir), Changes: true})
}

func (r *Runner) through(job pipeline.Job) *command.Door {
	if r.o.Through == nil {
		return r.o.Door
	}
	return r.o.Through(job)
}

// oneLine is an error as a line.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(c rune) bool { return c == '\n' }), "; ")
}
