package vm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrantfile"
)

// unfetch takes away what step 2 has put down. A file that was changed since is
// somebody's work by now and stays.
func (r *Room) unfetch(ctx context.Context, w *procedure.Work) error {
	var g got
	found, err := w.Recall(fetchKey, &g)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	if err := liftAll(w, g.Files, g.Dirs); err != nil {
		return err
	}
	if g.Before == "" {
		return nil
	}
	repo := &repository{Door: w.Door, top: g.Top}
	head, err := repo.ask(ctx, "rev-parse", "HEAD")
	if err != nil || head == g.Before {
		return err
	}
	if head != g.After {
		w.Say.Warn("%s has gone on since and stays where it is", g.Top)
		return nil
	}
	// Keeps what is changed and not committed, or refuses.
	return repo.Run(ctx, repo.git(command.Change, "reset", "--keep", "--quiet", g.Before))
}

// liftAll takes files away, the last first, and the directories that were made
// for them.
func liftAll(w *procedure.Work, files []laid, dirs []string) error {
	for i := len(files) - 1; i >= 0; i-- {
		gone, err := files[i].lift()
		if err != nil {
			return err
		}
		if !gone {
			w.Say.Warn("%s was changed since and stays", files[i].Path)
		}
	}
	for _, dir := range dirs {
		_ = os.Remove(dir) // one that holds something stays
	}
	return nil
}

func (r *Room) unfetched(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var g got
	if found, err := w.Recall(fetchKey, &g); err != nil || !found {
		return "nothing was put down", err
	}
	if err := allLifted(g.Files); err != nil {
		return "", err
	}
	if g.Before != "" {
		head, err := (&repository{Door: w.Door, top: g.Top}).ask(ctx, "rev-parse", "HEAD")
		if err != nil {
			return "", err
		}
		if head == g.After {
			return "", fmt.Errorf("look at %s: it is still at %s", g.Top, g.From)
		}
	}
	return procedure.Evidence(filepath.Dir(g.Vagrantfile) + " is as it was before"), nil
}

// allLifted fails for a file that is still as it was put down.
func allLifted(files []laid) error {
	for _, one := range files {
		if one.there() {
			return fmt.Errorf("look for %s: it is still there", one.Path)
		}
	}
	return nil
}

// planFetch says what step 2 would do. Branches are looked at as they were when
// git asked its remote last.
func (r *Room) planFetch(ctx context.Context, w *procedure.Work) ([]string, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return nil, err
	}
	g, err := r.choose(ctx, w, s, got{Vagrantfile: s.vagrantfile()})
	if err != nil {
		return nil, err
	}
	var all []string
	show := func(program string, args ...string) {
		all = append(all, s.Show(command.Change(program, args...)))
	}
	switch g.Did {
	case "written":
		show("cp", "-n", filepath.Join(s.config.Root, "config", vagrantfile.Name), g.Vagrantfile)
	case "fetched":
		for _, one := range g.Files {
			name, err := filepath.Rel(g.Top, one.Path)
			if err != nil {
				return nil, err
			}
			all = append(all, fmt.Sprintf("%s >%s", s.Show(command.Change("git", "-C", g.Top, "show", g.From+":"+filepath.ToSlash(name))), one.Path))
		}
	case "forwarded":
		show("git", "-C", g.Top, "merge", "--ff-only", g.After)
	}
	for _, one := range g.Files {
		if one.Path == s.settingsFile() {
			all = append(all, fmt.Sprintf("cat >%s  # the values of config/iact.yaml", one.Path))
		}
	}
	all = append(all, s.Show(s.project.Read("validate")))
	return all, nil
}
