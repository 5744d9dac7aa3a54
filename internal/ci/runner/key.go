package runner

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/pipeline"
)

// key is all that the result of a job depends on, as far as it is declared.
func (r *Runner) key(ctx context.Context, job pipeline.Job) (fingerprint.Key, error) {
	taken, err := r.snapshot(ctx)
	if err != nil {
		return fingerprint.Key{}, err
	}
	listing, err := taken.Inputs(ctx, r.selection(job))
	if err != nil {
		return fingerprint.Key{}, err
	}
	key := fingerprint.NewKey(listing).With(fingerprint.Dir, "", job.Dir).With(fingerprint.System, "", runtime.GOOS+"/"+runtime.GOARCH)
	for _, line := range job.Run {
		key = key.With(fingerprint.Command, "", line)
	}
	if component, known := r.o.Pipeline.Component(job.Component); len(job.Run) == 0 && known {
		// What the toolkit does by itself counts as a command: count it up with that.
		key = key.With(fingerprint.Command, "", fmt.Sprintf("%s 2, %d bytes", job.Stage, component.SizeBytes))
	}
	for _, out := range job.Outputs {
		key = key.With(fingerprint.Output, "", out)
	}
	for _, name := range job.Env {
		value := r.o.Getenv(name)
		key = key.WithEnv(name, value, value != "")
	}
	for _, line := range job.Tools {
		said, err := r.tools.Ask(ctx, line, filepath.Join(r.o.Project, job.Dir))
		if err != nil {
			return fingerprint.Key{}, fmt.Errorf("ask for the version of a tool: %w", err)
		}
		key = key.With(fingerprint.Tool, line, said)
	}
	if job.Image != "" {
		if key, err = r.ingredients(ctx, job, key); err != nil {
			return fingerprint.Key{}, err
		}
	}
	for _, need := range job.Needs {
		// Variables count where a job takes them in: as an input, or by their names.
		needed, known := r.keys.Load(need)
		if id, is := needed.(fingerprint.Key); known && is && r.stage(need) != pipeline.Env {
			key = key.With(fingerprint.Need, need, id.ID())
		}
	}
	if job.Daily {
		key = key.With(fingerprint.Tool, "date", r.o.Now().UTC().Format(time.DateOnly))
	}
	if job.Placed {
		key = key.With(fingerprint.Place, "", filepath.Join(r.o.Project, job.Dir))
	}
	return key, nil
}

func (r *Runner) stage(job string) pipeline.Stage {
	found, _ := r.o.Pipeline.Job(job)
	return found.Stage
}

// selection says which files are the job's inputs: not what any job of its
// component makes. Those that it needs count by their own keys.
func (r *Runner) selection(job pipeline.Job) fingerprint.Selection {
	except := []string{pipeline.ReportsDir}
	for _, other := range r.o.Pipeline.Jobs {
		if other.Component == job.Component && !other.Tracked {
			except = append(except, outputs(other)...)
		}
	}
	slices.Sort(except)
	return fingerprint.Selection{Dir: job.Dir, Patterns: job.Inputs, Except: slices.Compact(except)}
}

// Declared tells of paths below the project whether they are inputs of a job, or
// would be if they were there.
func (r *Runner) Declared(ctx context.Context, job pipeline.Job) (func(path string) bool, error) {
	taken, err := r.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if job.Image != "" {
		job.Inputs = nil // all that docker sees counts, by the ingredients of the image
	}
	return taken.Declared(r.selection(job))
}

// outputs are the paths that a job makes, below the project.
func outputs(job pipeline.Job) []string {
	var all []string
	for _, out := range job.Outputs {
		all = append(all, path.Join(job.Dir, out))
	}
	return all
}
