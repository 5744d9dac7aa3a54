package ci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Cleaning is what ci:clean takes away beside reports and builds.
type Cleaning struct {
	Deps  bool // what the stage deps has installed
	Cache bool // the whole cache, not only what is beyond its limit
}

// Cleaned is what ci:clean has taken away.
type Cleaned struct {
	Removed []string `json:"removed"`
	Freed   int64    `json:"freed_bytes"` // of the cache
	Swept   []string `json:"swept"`       // services that a killed run had left
}

// Clean is ci:clean. It removes what jobs declare as their outputs, and of that
// only what git ignores; a path that git knows is somebody's work.
func (r *Room) Clean(ctx context.Context, door *command.Door, lang string, what Cleaning) (any, func(io.Writer), error) {
	s, err := r.described(ctx, &procedure.Work{Door: door, Lang: lang})
	if err != nil {
		return nil, nil, err
	}
	if !door.Planning() {
		if err := r.claim(s.config); err != nil {
			return nil, nil, err
		}
	}
	done := Cleaned{Removed: []string{}, Swept: []string{}}
	for _, path := range s.litter(what) {
		full := filepath.Join(s.project, path)
		if _, err := os.Lstat(full); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := s.ignored(ctx, door, path); err != nil {
			return nil, nil, err
		}
		if err := remove(ctx, door, full); err != nil {
			return nil, nil, err
		}
		done.Removed = append(done.Removed, path)
	}
	if done.Freed, err = s.prune(ctx, door, r, what); err != nil {
		return nil, nil, err
	}
	swept, err := s.swept(ctx, door)
	done.Swept = append(done.Swept, swept...)
	return done, func(w io.Writer) {
		for _, path := range done.Removed {
			fmt.Fprintln(w, filepath.Join(s.project, path))
		}
		for _, name := range done.Swept {
			fmt.Fprintln(w, name)
		}
		if done.Freed > 0 {
			fmt.Fprintf(w, "%s: -%s\n", s.config.CI.Cache, report.Bytes(done.Freed))
		}
	}, err
}

// litter are paths below the project that jobs make.
func (s *site) litter(what Cleaning) []string {
	all := []string{pipeline.ReportsDir}
	for _, job := range s.pipeline.Jobs {
		if job.Stage == pipeline.Build || what.Deps && job.Stage == pipeline.Deps {
			for _, out := range job.Outputs {
				files, _ := filepath.Glob(filepath.Join(s.project, job.Dir, out)) // a bad pattern names nothing
				for _, file := range files {
					if rel, err := filepath.Rel(s.project, file); err == nil {
						all = append(all, rel)
					}
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ignored refuses a path that git tracks.
func (s *site) ignored(ctx context.Context, door *command.Door, path string) error {
	files, err := known(ctx, door, s.project, ":(literal)"+path)
	if err != nil {
		return err
	}
	if files != "" {
		return fault.New(fault.Usage, "take it out of the outputs of its job, or out of git: git rm -r --cached "+path, fmt.Errorf("remove %s: git tracks files in it", path))
	}
	return nil
}

func remove(ctx context.Context, door *command.Door, full string) error {
	if door.Planning() {
		return door.Run(ctx, command.Change("rm", "-rf", full))
	}
	if err := os.RemoveAll(full); err != nil {
		return fmt.Errorf("clean up: %w", err)
	}
	return nil
}

// prune takes the cache back to its limit, or empties it.
func (s *site) prune(ctx context.Context, door *command.Door, r *Room, what Cleaning) (int64, error) {
	if door.Planning() {
		return 0, nil
	}
	limit := s.config.CI.CacheLimit
	if limit == 0 && !what.Cache {
		return 0, nil
	}
	if what.Cache {
		limit = 0
	}
	pruned, err := cache.Prune(ctx, &cache.DirStore{Dir: s.config.CI.Cache}, limit, r.o.Now(), nil)
	return pruned.Before - pruned.After, err
}
