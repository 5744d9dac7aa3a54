package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// cache is where finished builds are kept.
func (r *Room) cache(c *config.Config, door *command.Door) *cache.Cache {
	return &cache.Cache{
		Store: cache.Dir(c.CPython.Cache), Door: door, Now: r.o.Now,
		Signing: cache.Signing{Key: c.CPython.SignKey, Allowed: c.CPython.Signers},
	}
}

// key names the build in the cache: everything that shapes it. It is incomplete
// as long as the lock does not know the sources; a machine without a compiler
// takes what any compiler has made.
func (r *Room) key(ctx context.Context, w *procedure.Work, c *config.Config, b *build.Build) (key cache.Key, known bool, err error) {
	pin, err := r.pin(c, b.Version)
	if err != nil || pin.Level == "" {
		return key, false, err
	}
	key = cache.Key{SourceSHA256: pin.SHA256, Flags: b.Flags(), Distribution: build.System().Name, Arch: runtime.GOARCH}
	if said, err := w.Door.Text(ctx, command.Read("gcc", "--version")).String(); err == nil {
		key.Compiler, _, _ = strings.Cut(said, "\n")
		return key, true, nil
	}
	entries, err := r.cache(c, w.Door).List(ctx)
	if err != nil {
		return key, false, err
	}
	for _, e := range entries {
		key.Compiler = e.Key.Compiler
		if e.Problem == nil && e.Key.ID() == key.ID() {
			return key, true, nil
		}
	}
	return key, false, nil
}

// finished says whether there is nothing left to build: the interpreter stands
// in its prefix, or waits in the cache.
func (r *Room) finished(ctx context.Context, w *procedure.Work) (evidence procedure.Evidence, done bool, err error) {
	if from := r.selection().From; from != "" {
		return procedure.Evidence("it comes from " + from), true, nil
	}
	b, c, err := r.build(w)
	if err != nil {
		return "", false, err
	}
	if there, err := b.Installed(); err != nil || there {
		return procedure.Evidence("python " + b.Version + " is installed in " + b.Prefix), there, err
	}
	e, found, err := r.inCache(ctx, w, c, b)
	if err != nil || !found {
		return "", false, err
	}
	return procedure.Evidence(fmt.Sprintf("python %s of %s is in the cache", e.Version, e.Created.Local().Format(time.DateOnly))), true, nil
}

// inCache looks the build up.
func (r *Room) inCache(ctx context.Context, w *procedure.Work, c *config.Config, b *build.Build) (cache.Entry, bool, error) {
	key, known, err := r.key(ctx, w, c, b)
	if err != nil || !known {
		return cache.Entry{}, false, err
	}
	entries, err := r.cache(c, w.Door).List(ctx)
	if err != nil {
		return cache.Entry{}, false, err
	}
	for _, e := range entries {
		if e.ID == key.ID() && e.Problem == nil {
			return e, true, nil
		}
	}
	return cache.Entry{}, false, nil
}

// unpack brings the build out of the cache. False means that it has to be built:
// there is none, or the one that there was is not what it should be.
func (r *Room) unpack(ctx context.Context, w *procedure.Work, c *config.Config, b *build.Build) (bool, error) {
	key, known, err := r.key(ctx, w, c, b)
	if err != nil || !known {
		return false, err
	}
	if _, err := os.Lstat(b.Prefix); err == nil {
		return false, nil // with other flags: Install replaces it
	}
	store := r.cache(c, w.Door)
	bar := w.Say.Progress("unpacking", 0)
	defer bar.Done()
	var before int64
	store.Say = func(now, _ int64) { bar.Add(int(now - before)); before = now }
	e, err := store.Unpack(ctx, key, b.Prefix)
	switch {
	case errors.Is(err, cache.ErrNone):
		return false, nil
	case errors.Is(err, cache.ErrRefused), errors.Is(err, cache.ErrForeign):
		w.Say.Warn("%v: it is built anew", err)
		return false, nil
	case err != nil:
		return false, err
	}
	said, err := b.Imports(ctx, filepath.Join(b.Prefix, "bin", "python3"))
	if err != nil {
		w.Say.Warn("the build in the cache does not run here (%v): it is built anew", err)
		return false, os.RemoveAll(b.Prefix)
	}
	r.mu.Lock()
	r.unpacked = true
	r.mu.Unlock()
	w.Say.Info("%s; from the cache, %s", said, report.Bytes(e.Archive.Size))
	return true, nil
}

// save keeps a finished build for the next time. That it cannot be is no reason
// to fail: the interpreter stands.
func (r *Room) save(ctx context.Context, w *procedure.Work, c *config.Config, b *build.Build) {
	key, known, err := r.key(ctx, w, c, b)
	if err == nil && known {
		var e cache.Entry
		e, err = r.cache(c, w.Door).Save(ctx, key, cache.Meta{
			Version: b.Version, Prefix: b.Prefix, Work: b.Work, SourceDate: b.SourceDate(), Modules: b.Modules,
		}, b.Prefix)
		if err == nil {
			w.Say.Info("kept in the cache: %s", report.Bytes(e.Archive.Size))
		}
	}
	if err != nil && ctx.Err() == nil {
		w.Say.Warn("the build is not kept in the cache: %v", err)
	}
}
