package performance

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/patternmatcher"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// The walk ends after that, and says so: a workspace may be on a slow disk.
const (
	walkTime  = 700 * time.Millisecond
	walkFiles = 300_000
)

// weight is what a folder comes to.
type weight struct {
	bytes, files, dirs int64
	parts              map[string]int64 // bytes by what makes it large
	partial            bool             // the walk was ended
}

// weigh adds up a folder, but for what is ignored.
func weigh(ctx context.Context, root string, ignore *patternmatcher.PatternMatcher) (weight, error) {
	sum := weight{parts: map[string]int64{}}
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && at == root:
			return err
		case err != nil:
			return nil //nolint:nilerr // a folder that may not be read is not sent either
		case ctx.Err() != nil || sum.files > walkFiles:
			sum.partial = true
			return fs.SkipAll
		case at == root:
			return nil
		}
		name, _ := filepath.Rel(root, at)
		if out, err := ignore.MatchesOrParentMatches(name); err == nil && out {
			if d.IsDir() && !ignore.Exclusions() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			sum.dirs++
			return nil
		}
		sum.files++
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum.bytes += info.Size()
			sum.parts[part(name)] += info.Size()
		}
		return nil
	})
	return sum, err
}

// part names what a file belongs to, as a person would put it into .dockerignore.
func part(name string) string {
	words := strings.Split(filepath.ToSlash(name), "/")
	for i, word := range words[:len(words)-1] {
		if word == "node_modules" || word == ".git" || word == ".venv" || word == "target" {
			return strings.Join(words[:i+1], "/")
		}
	}
	return words[0]
}

func crowd(ctx context.Context, s *scene.Scene) []doctor.Finding {
	m, err := s.Machine()
	if err != nil {
		return doctor.Good("not asked: the engine is elsewhere")
	}
	// What editors leave out by themselves: node_modules, and what git keeps.
	left, err := patternmatcher.New([]string{"**/.git/objects", "**/.git/subtree-cache", "**/node_modules", "**/.hg/store"})
	if err != nil {
		return doctor.Unseen(err)
	}
	inner, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	sum, err := weigh(inner, s.Workspace, left)
	if err != nil {
		return doctor.Unseen(err)
	}
	return unwatched(sum, m.Watches)
}

// unwatched judges the folders that an editor watches against the limit that a
// user has for that.
func unwatched(sum weight, limit int64) []doctor.Finding {
	if limit == 0 || sum.dirs <= limit {
		return doctor.Good("%d files in %d folders, without node_modules", sum.files, sum.dirs)
	}
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: fmt.Sprintf("%d folders, fs.inotify.max_user_watches %d", sum.dirs, limit),
		Cause: doctor.Say("hay más carpetas de las que se pueden vigilar: editores y servidores de desarrollo no verán todos los cambios (ENOSPC)",
			"there are more folders than can be watched: editors and development servers will not see all changes (ENOSPC)"),
		Fix: fmt.Sprintf("sudo sysctl -w fs.inotify.max_user_watches=%d\n# or leave folders out: \"files.watcherExclude\" in the settings", max(524288, 2*sum.dirs)),
		Repair: &doctor.Repair{
			Safe: true,
			Do:   []string{fmt.Sprintf("sysctl -w fs.inotify.max_user_watches=%d", max(524288, 2*sum.dirs))},
			Undo: []string{fmt.Sprintf("sysctl -w fs.inotify.max_user_watches=%d", limit)},
			Was:  "sysctl -n fs.inotify.max_user_watches",
		},
	}}
}
