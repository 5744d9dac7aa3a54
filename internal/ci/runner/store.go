package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/full"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/whole"
)

// stored is the job as the cache knows it: its reports are outputs as well.
func (r *Runner) stored(job pipeline.Job) cache.Job {
	return cache.Job{Name: job.Name(), Outputs: append(outputs(job), job.ReportsDir()), Placed: job.Placed}
}

// earlier takes the result of an earlier run, where there is one that holds.
func (r *Runner) earlier(ctx context.Context, job pipeline.Job, key fingerprint.Key, log string, did *outcome.Job) (bool, error) {
	if job.Image != "" {
		return r.standing(ctx, job, key, did)
	}
	return r.restore(ctx, job, key, log, did)
}

// restore puts the result back if the cache has it. What was wrong with an entry
// is no failure: the job is run.
func (r *Runner) restore(ctx context.Context, job pipeline.Job, key fingerprint.Key, log string, did *outcome.Job) (bool, error) {
	if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
		return false, err
	}
	began := r.o.Now()
	restored, err := r.o.Cache.Restore(ctx, key, r.stored(job), r.o.Project, log)
	var miss *cache.MissError
	if errors.As(err, &miss) {
		did.Note = broken(miss.Broken)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(filepath.Join(r.o.Project, job.ReportsDir(), outcomeFile))
	was := outcome.Job{}
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	if err != nil {
		return false, nil //nolint:nilerr // an entry without its outcome tells nothing: the job is run
	}
	if was.Exit != 0 && !r.known(job, &was) {
		return false, nil // it passed by a baseline that is another one now
	}
	was.Note = broken(restored.Broken)
	lane, commands := did.Lane, did.Commands
	*did = was
	did.Name, did.Component, did.Stage, did.Lane, did.Commands, did.Log = job.Name(), job.Component, string(job.Stage), lane, commands, log
	did.State, did.Start, did.Saved, did.Duration = outcome.Restored, began, restored.Header.Duration, max(r.o.Now().Sub(began), 1)
	// Which lines were reached is too much for the outcome: only the report has it.
	if did.Coverage, err = r.measured(job); err != nil {
		return false, err
	}
	return true, r.last.Save(job.Name(), key)
}

// keep saves the result, unless what the job depends on has changed while it ran.
// That it cannot be kept is no failure of the job.
func (r *Runner) keep(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) error {
	taken, err := r.snapshot(ctx)
	if err != nil {
		return err
	}
	changed, err := taken.Since(ctx, key.Inputs)
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		note(did, fmt.Sprintf("%s changed while it ran: its result is not kept", changed[0].Path))
		return nil
	}
	text, err := json.Marshal(did)
	if err != nil {
		return err
	}
	if err := whole.Text(filepath.Join(r.o.Project, job.ReportsDir(), outcomeFile), text); err != nil {
		return err
	}
	_, err = r.o.Cache.Save(ctx, key, r.stored(job), cache.Meta{Exit: did.Exit, Duration: did.Duration, Created: r.o.Now(), Host: r.o.Host, Log: did.Log}, r.o.Project)
	if errors.Is(err, cache.ErrRefused) {
		note(did, oneLine(err))
		return nil
	}
	if err != nil && ctx.Err() == nil {
		note(did, "its result is not in the cache: "+oneLine(full.Explain(err)))
		return nil
	}
	return err
}

// broken says which entries of the cache were not believed.
func broken(entries []error) string {
	if len(entries) == 0 {
		return ""
	}
	return oneLine(errors.Join(entries...))
}

// note adds what is no failure and worth knowing.
func note(did *outcome.Job, text string) {
	did.Note = strings.TrimPrefix(did.Note+"; "+text, "; ")
}
