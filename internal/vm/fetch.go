package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrantfile"
)

// fetchKey is where step 2 notes what it is about to put down.
const fetchKey = "fetch"

// got is what step 2 did.
type got struct {
	Vagrantfile string   `json:"vagrantfile"`
	Did         string   `json:"did"`            // written, fetched, forwarded or settings
	From        string   `json:"from,omitempty"` // the branch
	Files       []laid   `json:"files,omitempty"`
	Dirs        []string `json:"dirs,omitempty"`
	Top         string   `json:"top,omitempty"`    // the repository that went forward
	Before      string   `json:"before,omitempty"` // from this commit
	After       string   `json:"after,omitempty"`
}

func (s *scene) vagrantfile() string { return filepath.Join(s.project.Dir, vagrantfile.Name) }

// read is the Vagrantfile; fs.ErrNotExist when there is none.
func (s *scene) read() (vagrantfile.File, error) {
	text, err := os.ReadFile(s.vagrantfile())
	if err != nil {
		return vagrantfile.File{}, fmt.Errorf("read the Vagrantfile: %w", err)
	}
	return vagrantfile.Read(string(text)), nil
}

// fetched is Done of step 2: the file is there, can be read without harm, has the
// settings of this configuration where it takes them, and Vagrant finds it valid.
func (r *Room) fetched(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	f, err := s.read()
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: there is no Vagrantfile in %s", procedure.ErrNotDone, s.project.Dir)
	}
	if err != nil {
		return "", err
	}
	if f.Ours {
		how, _, err := s.settled()
		if err != nil {
			return "", err
		}
		if how == settingsAbsent || how == settingsOld {
			return "", fmt.Errorf("%w: %s is not as config/iact.yaml says", procedure.ErrNotDone, s.settingsFile())
		}
	}
	return r.validated(ctx, w, s, f)
}

// valid is Validate of step 2.
func (r *Room) valid(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	f, err := s.read()
	if err != nil {
		return "", err
	}
	return r.validated(ctx, w, s, f)
}

// fetch is step 2. What is there stays as it is.
func (r *Room) fetch(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	g, err := r.choose(ctx, w, s, got{Vagrantfile: s.vagrantfile()})
	if err != nil {
		return err
	}
	var earlier got // of a run that this one goes on with
	if _, err := w.Recall(fetchKey, &earlier); err != nil {
		return err
	}
	if err := w.Record(fetchKey, g.after(earlier)); err != nil {
		return err
	}
	for _, one := range g.Files {
		if err := one.lay(); err != nil {
			return err
		}
	}
	if g.Before != "" {
		repo := &repository{Door: s.Door, top: g.Top}
		if err := repo.Run(ctx, repo.git(command.Change, "merge", "--ff-only", "--quiet", g.After)); err != nil {
			return fmt.Errorf("go forward to %s: %w", g.From, err)
		}
	}
	result := struct {
		Vagrantfile string   `json:"vagrantfile"`
		Did         string   `json:"did"`
		From        string   `json:"from,omitempty"`
		Written     []string `json:"written"`
	}{g.Vagrantfile, g.Did, g.From, paths(g.Files)}
	w.Publish(result, func(out io.Writer) { fmt.Fprintln(out, g.sentence()) })
	return nil
}

// choose decides where the file comes from. What was found is in got; nothing has
// changed yet.
func (r *Room) choose(ctx context.Context, w *procedure.Work, s *scene, g got) (got, error) {
	f, err := s.read()
	if err == nil {
		g.Did = "settings"
		return s.addSettings(g, f.Ours)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return g, err
	}
	if err := s.elsewhere(w); err != nil {
		return g, err
	}
	if found, err := s.onBranch(ctx, w, &g); err != nil || found {
		return g, err
	}
	file := filepath.Join(s.config.Root, "config", vagrantfile.Name)
	text, err := os.ReadFile(file)
	if err != nil {
		return g, fault.New(fault.Missing, "git checkout -- config/Vagrantfile in the toolkit brings it back", fmt.Errorf("read our own Vagrantfile: %w", err))
	}
	g.Did = "written"
	g.Files = append(g.Files, newLaid(s.vagrantfile(), text, 0o644))
	return s.addSettings(g, true)
}

// addSettings adds vm.json where a Vagrantfile of ours needs it.
func (s *scene) addSettings(g got, ours bool) (got, error) {
	if !ours {
		return g, nil
	}
	how, old, err := s.settled()
	if err != nil || how == settingsRight || how == settingsEdited {
		return g, err
	}
	text, err := s.settings()
	if err != nil {
		return g, err
	}
	one := newLaid(s.settingsFile(), text, 0o644)
	if how == settingsOld {
		before := string(old)
		one.Old = &before
	}
	g.Files = append(g.Files, one)
	return g, nil
}

// usual are the directories in which generations of the project had theirs.
func usual() []string { return []string{"infraestructura/vagrant", "infrastructure/vagrant", "db"} }

// elsewhere looks in the project's other directories. A file there is the
// project's own; ours beside it would be a second one, so it has to be wanted: by
// vm.dir.
func (s *scene) elsewhere(w *procedure.Work) error {
	for _, dir := range usual() {
		at := filepath.Join(s.config.Project, dir)
		if _, err := os.Stat(filepath.Join(at, vagrantfile.Name)); err != nil || at == s.project.Dir {
			continue
		}
		if s.chosen() {
			w.Say.Warn("%s has a Vagrantfile, too; vm.dir names %s", at, s.project.Dir)
			return nil
		}
		return fault.New(fault.Usage, fmt.Sprintf("put it into config/iact.yaml: vm: {dir: %s}; for a machine of our own, any other directory", at),
			fmt.Errorf("find the Vagrantfile: there is none in %s, and the project has one in %s", s.project.Dir, at))
	}
	return nil
}

// chosen tells whether vm.dir was set to something.
func (s *scene) chosen() bool { return s.project.Dir != filepath.Join(s.config.Root, "vm") }

// onBranch gets the file from another branch of the project, when that has one.
func (s *scene) onBranch(ctx context.Context, w *procedure.Work, g *got) (bool, error) {
	repo, is := s.repository(ctx)
	if !is {
		return false, nil
	}
	own, err := filepath.Rel(repo.top, s.project.Dir)
	if err != nil || !filepath.IsLocal(own) {
		return false, nil //nolint:nilerr // it lies outside of the repository, which has no branch of it then
	}
	own = filepath.ToSlash(own)
	b, found, err := repo.find(ctx, w, append([]string{own}, usual()...))
	if err != nil || !found {
		return false, err
	}
	if b.dir() != own {
		if s.chosen() {
			w.Say.Warn("%s has a Vagrantfile in %s; vm.dir names %s", b.ref, b.dir(), s.project.Dir)
			return false, nil
		}
		return false, fault.New(fault.Usage, fmt.Sprintf("put vm: {dir: %s} into config/iact.yaml, and mage vm:fetch gets it; for a machine of our own, any other directory", filepath.Join(repo.top, b.dir())),
			fmt.Errorf("find the Vagrantfile: there is none in %s, and %s has one in %s", s.project.Dir, b.ref, b.dir()))
	}
	w.Say.Info("%s has it: git -C %s show %s:%s", b.ref, repo.top, b.ref, b.path)
	if err := repo.clean(ctx, b); err != nil {
		return false, err
	}
	g.From, g.Top = b.ref, repo.top
	if repo.follows(ctx, b) {
		g.Did = "forwarded"
		g.Before, err = repo.ask(ctx, "rev-parse", "HEAD")
		if err == nil {
			g.After, err = repo.ask(ctx, "rev-parse", b.ref)
		}
		return true, err
	}
	g.Did = "fetched"
	g.Files, err = repo.files(ctx, b)
	return true, err
}

// after is all that has to be undone when another run had begun on it.
func (g got) after(earlier got) got {
	for _, one := range g.Files {
		g.Dirs = append(g.Dirs, fresh(one.Path)...)
	}
	g.Files, g.Dirs = slices.Concat(earlier.Files, g.Files), slices.Concat(earlier.Dirs, g.Dirs)
	if g.Before == "" {
		g.Top, g.From, g.Before, g.After = earlier.Top, earlier.From, earlier.Before, earlier.After
	}
	return g
}

// sentence says what was done.
func (g got) sentence() string {
	switch g.Did {
	case "written":
		return "wrote " + g.Vagrantfile + ", a machine with PostgreSQL and MariaDB"
	case "fetched":
		return fmt.Sprintf("took %s and what belongs to it from %s: %d files", g.Vagrantfile, g.From, len(g.Files))
	case "forwarded":
		return fmt.Sprintf("went forward to %s, which has %s", g.From, g.Vagrantfile)
	}
	return "brought the settings of " + g.Vagrantfile + " up to date"
}
