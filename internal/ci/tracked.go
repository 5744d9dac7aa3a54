package ci

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// mark finds the jobs whose outputs hold files that git tracks: a dist that is
// committed, a STATIC_ROOT in which sources lie, a directory named by mistake. What
// is there may be somebody's work of today. Such a job is run each time, in place:
// its outputs are neither removed nor taken from the cache, and count as inputs.
func (s *site) mark(ctx context.Context, w *procedure.Work) error {
	for i := range s.pipeline.Jobs {
		job := &s.pipeline.Jobs[i]
		out, file, err := tracked(ctx, w.Door, s.project, *job)
		if err != nil {
			return err
		}
		if out == "" {
			continue
		}
		job.Tracked = true
		w.Say.Warn("%s: git tracks files in its output %s (%s): it is left as it lies, and the job runs each time. Take it out of git (git rm -r --cached %s), or out of the job's outputs",
			job.Name(), out, file, path.Join(job.Dir, out))
	}
	return nil
}

// tracked is the first output of a job that holds a file of git's, and that file;
// "" where there is none, or no repository.
func tracked(ctx context.Context, door *command.Door, project string, job pipeline.Job) (out, file string, err error) {
	if len(job.Outputs) == 0 {
		return "", "", nil
	}
	ask := command.Read("git", "ls-files", "-z", "--")
	for _, out := range job.Outputs {
		ask.Args = append(ask.Args, ":(glob)"+path.Clean(out), ":(glob)"+path.Clean(out)+"/**")
	}
	ask.Dir = filepath.Join(project, filepath.FromSlash(job.Dir))
	answer, err := door.Text(ctx, ask).String()
	if ctx.Err() != nil {
		return "", "", ctx.Err()
	}
	if err != nil || answer == "" { // no git, no repository, no directory: nothing is tracked
		return "", "", nil //nolint:nilerr // the reason stands there
	}
	file, _, _ = strings.Cut(answer, "\x00")
	at := slices.IndexFunc(job.Outputs, func(out string) bool { return holds(out, file) })
	return job.Outputs[max(at, 0)], file, nil
}

// holds says whether a file lies in an output, which may be a pattern.
func holds(output, file string) bool {
	for dir := file; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if fits, _ := path.Match(path.Clean(output), dir); fits {
			return true
		}
	}
	return false
}
