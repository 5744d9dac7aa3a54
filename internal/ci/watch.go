package ci

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/watch"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// quiet is how long nothing may change before jobs are run.
const quiet = 300 * time.Millisecond

// Watch is ci:watch: whenever files change, the targets are run for the components
// that this reaches, each time by a process of its own. It ends with ctx.
func (r *Room) Watch(ctx context.Context, door *command.Door, lang string, targets []string, say func(string)) error {
	s, err := r.described(ctx, &procedure.Work{Door: door, Lang: lang})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	watcher, err := watch.Open(s.project, s.unwatched)
	if err != nil {
		return err
	}
	defer watcher.Close()
	for components := names(s.pipeline); ; {
		if len(components) > 0 {
			run := command.Command{Program: self, Changes: true, Stderr: os.Stderr, Env: []string{"IACT_DIR=" + s.config.Root}}
			for _, target := range targets {
				run.Args = append(run.Args, target, "-component="+strings.Join(components, ","))
			}
			say(strings.Join(run.Args, " "))
			// A failure has been told by the process itself; the next change may mend it.
			if err := door.Run(ctx, run); err != nil && ctx.Err() == nil {
				say("✗")
			}
		}
		batch, err := watcher.Next(ctx, quiet)
		if ctx.Err() != nil {
			return nil // ending it is how it is meant to end
		}
		if err != nil {
			return err
		}
		components = s.pipeline.Reached(batch.Paths)
		if batch.All {
			components = names(s.pipeline)
		}
		say(changed(batch))
	}
}

func changed(batch watch.Batch) string {
	const most = 3
	if batch.All || len(batch.Paths) == 0 {
		return "*"
	}
	said := strings.Join(batch.Paths[:min(most, len(batch.Paths))], ", ")
	if more := len(batch.Paths) - most; more > 0 {
		said += fmt.Sprintf(" +%d", more)
	}
	return said
}

func names(p pipeline.Pipeline) []string {
	var all []string
	for _, c := range p.Components {
		all = append(all, c.Name)
	}
	return all
}

// unwatched are paths that jobs make, or that tools keep for themselves.
func (s *site) unwatched(name string) bool {
	own := []string{pipeline.ReportsDir, ".venv", "venv", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".coverage", "htmlcov", ".tox"}
	if slices.Contains(own, path.Base(name)) {
		return true
	}
	for _, job := range s.pipeline.Jobs {
		for _, out := range job.Outputs {
			if fits, err := path.Match(path.Join(job.Dir, out), filepath.ToSlash(name)); fits && err == nil {
				return true
			}
		}
	}
	return false
}
