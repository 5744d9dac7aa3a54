package ci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
	"iact-infra/internal/whole"
)

// variablesKey is what an undo of ci:env needs: the change of each file.
const variablesKey = "variables"

// pairs are the .env files of all components and of the project itself.
func (s *site) pairs() ([]dotenv.Pair, error) {
	dirs := []string{s.project}
	for _, c := range s.pipeline.Components {
		if c.Dir != "." {
			dirs = append(dirs, filepath.Join(s.project, c.Dir))
		}
	}
	var all []dotenv.Pair
	for _, dir := range dirs {
		found, err := dotenv.Find(dir)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// variables is step 4: each .env has what its template asks for. What is there
// stays as it is; secrets that the template only stands in for are made up.
func (r *Room) variables(ctx context.Context, w *procedure.Work) error {
	s, err := r.described(ctx, w)
	if err != nil {
		return err
	}
	pairs, err := s.pairs()
	if err != nil {
		return err
	}
	var changes []dotenv.Change
	for _, pair := range pairs {
		if pair.Template == "" {
			continue
		}
		change, diff, err := r.fill(pair, w, s)
		if err != nil {
			return err
		}
		if diff == "" {
			continue
		}
		w.Say.Info("%s: %s", pair.File, diff)
		if w.Planning || w.Door.Planning() {
			continue
		}
		changes = append(changes, change)
		if err := w.Record(variablesKey, changes); err != nil {
			return err
		}
		if err := change.Apply(); err != nil {
			return err
		}
	}
	found, err := r.judged(ctx, w, s)
	if err != nil {
		return err
	}
	w.Publish(found, func(out io.Writer) { _ = verdict.Write(out, found, w.Lang) })
	w.Defer(verdict.Err(found, fault.Missing, "check variables", w.Lang))
	return nil
}

// fill is the change that gives a file what it lacks; the diff is "" where it
// lacks nothing.
func (r *Room) fill(pair dotenv.Pair, w *procedure.Work, s *site) (dotenv.Change, string, error) {
	template, err := os.ReadFile(pair.Template)
	if err != nil {
		return dotenv.Change{}, "", fmt.Errorf("read template: %w", err)
	}
	was, err := os.ReadFile(pair.File)
	if errors.Is(err, os.ErrNotExist) {
		was, err = nil, nil
	}
	if err != nil {
		return dotenv.Change{}, "", fmt.Errorf("read variables: %w", err)
	}
	made, err := dotenv.Make(string(template), string(was), r.o.Random)
	if err != nil || len(made.Added) == 0 && was != nil {
		return dotenv.Change{}, "", err
	}
	if w.Planning || w.Door.Planning() {
		return dotenv.Change{}, made.Diff(w.Lang), nil
	}
	change, err := dotenv.Prepare(pair.File, was, made.Text, filepath.Join(s.state, "env", w.Run, strings.ReplaceAll(strings.Trim(strings.TrimPrefix(pair.File, s.project), "/"), "/", "-")))
	return change, made.Diff(w.Lang), err
}

// judged holds all files against their templates.
func (r *Room) judged(ctx context.Context, w *procedure.Work, s *site) ([]verdict.Finding, error) {
	pairs, err := s.pairs()
	if err != nil {
		return nil, err
	}
	var all []verdict.Finding
	for _, pair := range pairs {
		found, err := dotenv.Look(ctx, w.Door, pair)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	leaks, err := r.leaks(ctx, w, s)
	return append(all, leaks...), err
}

// leaks are secrets in files of git and in its history. The search reads all of
// both, so of a clean copy whose branches are what they were it is remembered.
func (r *Room) leaks(ctx context.Context, w *procedure.Work, s *site) ([]verdict.Finding, error) {
	of := ""
	if state, err := r.copied(ctx, w.Door, s.project); err == nil && state.Clean() {
		refs := command.Read("git", "for-each-ref", "--format=%(objectname)")
		refs.Dir = s.project
		if said, err := w.Door.Text(ctx, refs).String(); err == nil {
			sum := sha256.Sum256([]byte(state.Head + "\n" + said))
			of = hex.EncodeToString(sum[:])
		}
	}
	file := filepath.Join(s.state, "no-leaks")
	if known, err := os.ReadFile(file); of != "" && err == nil && string(known) == of {
		return nil, nil
	}
	found, err := dotenv.Leaks(ctx, w.Door, s.project)
	if err == nil && of != "" && verdict.Worst(found) == verdict.OK && !w.Door.Planning() {
		err = whole.Text(file, []byte(of))
	}
	return found, err
}

// filled is the Validate of ci:env.
func (r *Room) filled(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.described(ctx, w)
	if err != nil {
		return "", err
	}
	pairs, err := s.pairs()
	if err != nil {
		return "", err
	}
	for _, pair := range pairs {
		if _, err := os.Stat(pair.File); err != nil {
			return "", fmt.Errorf("%s is not there", pair.File)
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d files of variables", len(pairs))), nil
}

// unfill takes back what ci:env has written, newest first.
func (r *Room) unfill(_ context.Context, w *procedure.Work) error {
	var changes []dotenv.Change
	if known, err := w.Recall(variablesKey, &changes); err != nil || !known {
		return errors.Join(err, notDone(known))
	}
	var wrong []error
	for i := len(changes) - 1; i >= 0; i-- {
		wrong = append(wrong, changes[i].Back())
	}
	return errors.Join(wrong...)
}

// unfilled is the Undone of ci:env.
func (r *Room) unfilled(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var changes []dotenv.Change
	if known, err := w.Recall(variablesKey, &changes); err != nil || !known {
		return "", err
	}
	for _, change := range changes {
		if err := change.IsBack(); err != nil {
			return "", err
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d files of variables are as they were", len(changes))), nil
}

func notDone(known bool) error {
	if known {
		return nil
	}
	return procedure.ErrNothingToUndo
}
