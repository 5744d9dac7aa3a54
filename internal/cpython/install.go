package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// Where a run notes that the prefix is its own, since nothing had the name, or
// that it replaces what had it.
const (
	madeKey     = "made"
	replacesKey = "replaces"
)

// installed proves that the interpreter in the prefix starts.
func (r *Room) installed(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, _, err := r.build(w)
	if err != nil {
		return "", err
	}
	there, err := b.Installed()
	if r.selection().From != "" {
		_, missing := os.Stat(filepath.Join(b.Prefix, build.InfoFile)) // an artefact has flags of its own
		there = missing == nil
	}
	if err != nil {
		return "", err
	}
	if !there {
		return "", procedure.ErrNotDone
	}
	said, err := b.Imports(ctx, filepath.Join(b.Prefix, "bin", "python3"))
	return procedure.Evidence(said + ", in " + b.Prefix), err
}

func (r *Room) install(ctx context.Context, w *procedure.Work) error {
	b, err := r.working(w)
	if err != nil {
		return err
	}
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	key := replacesKey
	if _, err := os.Lstat(b.Prefix); os.IsNotExist(err) {
		key = madeKey
	}
	// What an earlier run has replaced is not what this one would put back.
	if err := os.RemoveAll(b.Replaced()); err != nil {
		return fmt.Errorf("remove what was replaced before: %w", err)
	}
	if err := w.Record(key, b.Prefix); err != nil {
		return err
	}
	if from := r.selection().From; from != "" {
		return r.installArtefact(ctx, w, c, b, from)
	}
	if unpacked, err := r.unpack(ctx, w, c, b); err != nil || unpacked {
		return err
	}
	if !b.Compiled() { // what was to come from the cache was refused
		if err := r.fromScratch(ctx, w, b); err != nil {
			return err
		}
	}
	said, err := b.Install(ctx, r.info(c.CPython.Lock, b))
	if err != nil {
		return err
	}
	w.Say.Info("%s", said)
	r.save(ctx, w, c, b)
	return nil
}

// installArtefact brings in what the project has published, in the form that
// cpython:cache -export writes. One that was built against libraries that are not
// here, or that does not start, is refused, and nothing is left of it.
func (r *Room) installArtefact(ctx context.Context, w *procedure.Work, c *config.Config, b *build.Build, from string) error {
	a, err := cache.ParseArtefact(filepath.Base(from))
	if err != nil {
		return err
	}
	if a.Version != b.Version {
		return fault.New(fault.Usage, "-version="+a.Version, fmt.Errorf("install %s: it holds python %s, not %s", from, a.Version, b.Version))
	}
	if _, err := r.cache(c, w.Door).Install(ctx, from, b.Prefix); err != nil {
		return err
	}
	said, err := b.Imports(ctx, filepath.Join(b.Prefix, "bin", "python3"))
	if err != nil {
		return errors.Join(fmt.Errorf("install %s: %w", from, err), os.RemoveAll(b.Prefix))
	}
	w.Say.Info("%s; from %s", said, filepath.Base(from))
	return nil
}

// fromScratch builds what the steps before had left to the cache.
func (r *Room) fromScratch(ctx context.Context, w *procedure.Work, b *build.Build) error {
	if b.Tarball == "" {
		v, err := release.Parse(b.Version)
		if err != nil {
			return err
		}
		if err := r.download(ctx, w, v); err != nil {
			return err
		}
		again, _, err := r.build(w)
		if err != nil {
			return err
		}
		b.Tarball = again.Tarball
	}
	if err := b.Configure(ctx); err != nil {
		return err
	}
	return r.compile(ctx, w)
}

// info is what the interpreter's own note says besides its flags.
func (r *Room) info(lock string, b *build.Build) string {
	return fmt.Sprintf("distribution: %s\ndate: %s\nsource: %s (see %s)\n", build.System().Name, r.o.Now().UTC().Format(time.RFC3339), filepath.Base(b.Tarball), filepath.Base(lock))
}

func (r *Room) planInstall(_ context.Context, w *procedure.Work) ([]string, error) {
	b, _, err := r.build(w)
	if err != nil {
		return nil, err
	}
	if there, err := b.Installed(); err != nil || there {
		return nil, err
	}
	staging := filepath.Join(filepath.Dir(b.Prefix), "."+filepath.Base(b.Prefix)+".partial")
	return []string{
		"make -C " + b.Source() + " altinstall DESTDIR=" + staging,
		"# the interpreter there is started and imports what was promised",
		"mv " + staging + b.Prefix + " " + b.Prefix,
	}, nil
}

// uninstall takes away the prefix that a run has made.
func (r *Room) uninstall(_ context.Context, w *procedure.Work) error {
	var made string
	found, err := w.Recall(madeKey, &made)
	if err != nil {
		return err
	}
	if !found {
		return r.putBack(w)
	}
	return discard(made)
}

// discard removes an interpreter that nothing runs from, out of sight at once: a
// half removed one must not be found.
func discard(prefix string) error {
	if _, err := os.Lstat(prefix); os.IsNotExist(err) {
		return nil
	}
	if pid, err := build.Running(prefix); err != nil || pid != 0 {
		return errors.Join(err, fault.New(fault.Missing, "end it first", fmt.Errorf("remove %s: process %d runs from it", prefix, pid)))
	}
	gone := filepath.Join(filepath.Dir(prefix), "."+filepath.Base(prefix)+".partial-removed")
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(prefix, gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

// putBack gives the interpreter that a run has replaced its place again.
func (r *Room) putBack(w *procedure.Work) error {
	var replaced string
	found, err := w.Recall(replacesKey, &replaced)
	if err != nil {
		return err
	}
	if found {
		found, err = (&build.Build{Prefix: replaced}).PutBack()
	}
	if err == nil && !found {
		return procedure.ErrNothingToUndo
	}
	return err
}

func (r *Room) uninstalled(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var made string
	if found, err := w.Recall(madeKey, &made); err != nil || !found {
		return "what was installed before has its place", err
	}
	if _, err := os.Lstat(made); !os.IsNotExist(err) {
		return "", fmt.Errorf("%s is still there", made)
	}
	return procedure.Evidence(made + " is gone"), nil
}
