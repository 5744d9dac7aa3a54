package cpython

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/whole"
)

// linksFile, in the directory of the prefixes, remembers what the links were.
const linksFile = ".python-links.json"

// changeKey is where a step notes how it moved the links.
const changeKey = "links"

// change is one switch of the links. Values are what they lead to; "" is none.
type change struct {
	Time   time.Time         `json:"time"`
	Before map[string]string `json:"before"`
	After  map[string]string `json:"after"`
}

// current is the name of the link that leads to the version in use.
const current = "python"

// goal is where the links have to lead for a version.
func goal(b *build.Build) map[string]string {
	name := filepath.Base(b.Prefix)
	return map[string]string{current: name, "python-" + b.Series(): name}
}

// leads is where a link leads, "" when there is none. What is no link is not
// ours.
func leads(path string) (string, error) {
	to, err := os.Readlink(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fault.New(fault.Missing, "move it away first", fmt.Errorf("%s is there, and is no link of this toolkit", path))
	}
	return to, nil
}

// stands says whether all links lead where they should.
func stands(dir string, want map[string]string) (bool, error) {
	for name, to := range want {
		is, err := leads(filepath.Join(dir, name))
		if err != nil || is != to {
			return false, err
		}
	}
	return true, nil
}

// point moves links, each by one rename. "" removes one.
func point(dir string, links map[string]string) error {
	for name, to := range links {
		path := filepath.Join(dir, name)
		if to == "" {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		fresh := filepath.Join(dir, "."+name+".new")
		_ = os.Remove(fresh)
		if err := os.Symlink(to, fresh); err != nil {
			return fmt.Errorf("make link: %w", err)
		}
		if err := os.Rename(fresh, path); err != nil {
			return fmt.Errorf("move link: %w", err)
		}
	}
	return nil
}

func (r *Room) used(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, c, err := r.build(w)
	if err != nil {
		return "", err
	}
	if there, err := stands(c.CPython.Prefix, goal(b)); err != nil || !there {
		return "", errors.Join(err, procedure.ErrNotDone)
	}
	said, err := b.Imports(ctx, filepath.Join(c.CPython.Prefix, current, "bin", "python3"))
	return procedure.Evidence(filepath.Join(c.CPython.Prefix, current) + ": " + said), err
}

func (r *Room) use(_ context.Context, w *procedure.Work) error {
	b, c, err := r.build(w)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.Prefix, build.InfoFile)); err != nil {
		return fault.New(fault.Missing, "cpython:all -version="+b.Version+" makes it; cpython:list shows what is there", fmt.Errorf("use python %s: %s is no interpreter of ours", b.Version, b.Prefix))
	}
	return r.move(w, c, goal(b))
}

// move switches the links, after it has noted how they were, in the journal for
// an undo and beside them for the next cpython:rollback.
func (r *Room) move(w *procedure.Work, c *config.Config, to map[string]string) error {
	dir := c.CPython.Prefix
	now := change{Time: r.o.Now().UTC(), Before: map[string]string{}, After: to}
	for name := range to {
		is, err := leads(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		now.Before[name] = is
	}
	if err := w.Record(changeKey, now); err != nil {
		return err
	}
	all, err := changes(dir)
	if err != nil {
		return err
	}
	if err := keep(dir, append(all, now)); err != nil {
		return err
	}
	return point(dir, to)
}

// changes are the switches so far, oldest first.
func changes(dir string) ([]change, error) {
	text, err := os.ReadFile(filepath.Join(dir, linksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []change
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fault.New(fault.Invalid, "remove it: only cpython:rollback needs it", fmt.Errorf("read %s: %w", filepath.Join(dir, linksFile), err))
	}
	return all, nil
}

// keep writes the switches down; the newest are enough.
func keep(dir string, all []change) error {
	const most = 20
	text, err := json.MarshalIndent(all[max(0, len(all)-most):], "", "  ")
	if err != nil {
		return err
	}
	if err := whole.Replace(filepath.Join(dir, linksFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("note the links: %w", err)
	}
	return nil
}

// goBack switches to the version that was in use before this one, and the
// environments that were moved from it.
func (r *Room) goBack(ctx context.Context, w *procedure.Work) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	last, err := before(c.CPython.Prefix)
	if err != nil {
		return err
	}
	if err := r.move(w, c, last); err != nil {
		return err
	}
	return r.follow(ctx, w, c, strings.TrimPrefix(last[current], "python-"))
}

// before is where the links led before the version in use was taken.
func before(dir string) (map[string]string, error) {
	all, err := changes(dir)
	if err != nil {
		return nil, err
	}
	is, err := leads(filepath.Join(dir, current))
	if err != nil {
		return nil, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if was := all[i].Before[current]; all[i].After[current] == is && was != "" && was != is {
			if _, err := os.Stat(filepath.Join(dir, was, build.InfoFile)); err != nil {
				return nil, fault.New(fault.Missing, "cpython:all -version="+was[len("python-"):]+" brings it back", fmt.Errorf("go back to %s: it is gone", was))
			}
			return all[i].Before, nil
		}
	}
	return nil, fault.New(fault.Missing, "cpython:list shows what is installed, cpython:use -version=X.Y.Z takes one", errors.New("go back: no other version was in use before"))
}

func (r *Room) planUse(_ context.Context, w *procedure.Work) ([]string, error) {
	b, c, err := r.build(w)
	if err != nil {
		return nil, err
	}
	if there, err := stands(c.CPython.Prefix, goal(b)); err != nil || there {
		return nil, err
	}
	return lines(c.CPython.Prefix, goal(b)), nil
}

func (r *Room) planBack(context.Context, *procedure.Work) ([]string, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	last, err := before(c.CPython.Prefix)
	return lines(c.CPython.Prefix, last), err
}

// lines are what moving links amounts to.
func lines(dir string, links map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(links)) {
		line := "ln -sfn " + links[name] + " " + filepath.Join(dir, name)
		if links[name] == "" {
			line = "rm -f " + filepath.Join(dir, name)
		}
		all = append(all, line)
	}
	return all
}

// wentBack proves that the version that links lead to starts.
func (r *Room) wentBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	link := filepath.Join(c.CPython.Prefix, current)
	is, err := leads(link)
	if err != nil {
		return "", err
	}
	b := &build.Build{Door: w.Door, Version: is[len("python-"):]}
	said, err := b.Imports(ctx, filepath.Join(link, "bin", "python3"))
	return procedure.Evidence(link + ": " + said), err
}

// unuse undoes a switch, unless another one came after it.
func (r *Room) unuse(ctx context.Context, w *procedure.Work) error {
	var was change
	found, err := w.Recall(changeKey, &was)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	if back, err := stands(c.CPython.Prefix, was.Before); err != nil || back {
		return err
	}
	// A switch that was cut off has moved one link and not the other.
	for name := range was.After {
		is, err := leads(filepath.Join(c.CPython.Prefix, name))
		if err != nil {
			return err
		}
		if is != was.After[name] && is != was.Before[name] {
			return fault.New(fault.Missing, "cpython:use -version=X.Y.Z takes the one that you want", errors.New("undo: the links were moved again since"))
		}
	}
	if err := point(c.CPython.Prefix, was.Before); err != nil {
		return err
	}
	if was.Before[current] == "" {
		return nil
	}
	return r.follow(ctx, w, c, strings.TrimPrefix(was.Before[current], "python-"))
}

func (r *Room) unused(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var was change
	if found, err := w.Recall(changeKey, &was); err != nil || !found {
		return "no link was moved", err
	}
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	if there, err := stands(c.CPython.Prefix, was.Before); err != nil || !there {
		return "", errors.Join(err, errors.New("the links do not lead where they did"))
	}
	return "the links lead where they did", nil
}
