package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/whole"
)

// running is what has to be known of a job that runs, should this process be
// killed: its processes may live on, and its log still holds secrets.
type running struct {
	Mark string `json:"mark"`
	Raw  string `json:"raw"`
	Log  string `json:"log"`
}

func (r *Runner) runningFile(job pipeline.Job) string {
	return filepath.Join(r.o.State, "running", strings.ReplaceAll(job.Name(), ":", "-")+".json")
}

// begin notes that a job runs; end, that nothing of it does any more.
func (r *Runner) begin(job pipeline.Job, what running) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	if err := whole.Text(r.runningFile(job), text); err != nil {
		return fmt.Errorf("note that it runs: %w", err)
	}
	return nil
}

func (r *Runner) end(job pipeline.Job) error { return os.Remove(r.runningFile(job)) }

// Sweep ends what runs that were killed have left running, and takes the secrets
// out of their logs. It names the processes. No other run may be at work.
func (r *Runner) Sweep(ctx context.Context) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(r.o.State, "running", "*.json"))
	if err != nil {
		return nil, err
	}
	var ended []string
	var wrong []error
	if err := whole.Tidy(filepath.Join(r.o.State, "running")); err != nil {
		wrong = append(wrong, fmt.Errorf("clear up after a run that was killed: %w", err))
	}
	for _, file := range files {
		var was running
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &was)
		}
		if err == nil && was.Mark != "" {
			left := leftover.Find(was.Mark)
			for _, one := range left {
				ended = append(ended, r.o.Redact.Text(one.String()))
			}
			err = errors.Join(leftover.End(ctx, left), r.settle(was.Raw, was.Log))
		}
		if err == nil {
			err = os.Remove(file)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("clear up after a run that was killed: %w", err))
		}
	}
	return ended, errors.Join(wrong...)
}
