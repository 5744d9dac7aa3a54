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
	var specs []string
	for _, out := range job.Outputs {
		specs = append(specs, ":(glob)"+path.Clean(out), ":(glob)"+path.Clean(out)+"/**")
	}
	answer, err := known(ctx, door, filepath.Join(project, filepath.FromSlash(job.Dir)), specs...)
	if err != nil || answer == "" {
		return "", "", err
	}
	file, _, _ = strings.Cut(answer, "\x00")
	at := slices.IndexFunc(job.Outputs, func(out string) bool { return holds(out, file) })
	return job.Outputs[max(at, 0)], file, nil
}

// known are the files that git tracks below a directory, each with a zero byte;
// none without git, a repository or the directory. A copy that belongs to another
// user counts, too: without a monitor git runs nothing that the copy names.
func known(ctx context.Context, door *command.Door, dir string, specs ...string) (string, error) {
	ask := command.Read("git", append([]string{"-c", "safe.directory=*", "-c", "core.fsmonitor=false", "ls-files", "-z", "--"}, specs...)...)
	ask.Dir = dir
	files, err := door.Text(ctx, ask).String()
	if err != nil {
		return "", ctx.Err() // nothing is tracked, unless it was cut off
	}
	return files, nil
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
