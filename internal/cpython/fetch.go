package cpython

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/release"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

func (r *Room) fetcher(c *config.Config, w *procedure.Work) (f *release.Fetcher, done func()) {
	bar := w.Say.Progress("downloading", 0)
	var before int64
	return &release.Fetcher{
		Source: release.Source{From: c.CPython.Source, Mirrors: c.CPython.Mirrors},
		Lock:   c.CPython.Lock, Dir: downloads(c), Verify: r.selection().Verify, Now: r.o.Now,
		Keys: c.CPython.ReleaseKeys, TrustedRoot: c.CPython.TrustedRoot,
		Say: func(now, _ int64) { bar.Add(int(max(0, now-before))); before = now },
	}, bar.Done
}

// fetched says whether the sources are here. A file with the name of a tarball
// was verified.
func (r *Room) fetched(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if evidence, done, err := r.finished(ctx, w); done || err != nil {
		return evidence, err
	}
	b, c, err := r.build(w)
	if err != nil {
		return "", err
	}
	pin, err := r.pin(c, b.Version)
	if err != nil {
		return "", err
	}
	if b.Tarball == "" || pin.Level == "" {
		return "", procedure.ErrNotDone
	}
	return procedure.Evidence(fmt.Sprintf("%s, %s, %s by %s", filepath.Base(b.Tarball), report.Bytes(pin.Size), pin.Level, cmp.Or(pin.By, "-"))), nil
}

// pin is what the lock says of a version; its Level is empty when that is
// nothing.
func (r *Room) pin(c *config.Config, version string) (release.Pin, error) {
	pins, err := release.ReadLock(c.CPython.Lock)
	if err != nil {
		return release.Pin{}, err
	}
	for _, pin := range pins {
		if pin.Version.String() == version {
			return pin, nil
		}
	}
	return release.Pin{}, nil
}

func (r *Room) fetch(ctx context.Context, w *procedure.Work) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	v, err := r.version(c)
	if err != nil {
		return err
	}
	f, done := r.fetcher(c, w)
	defer done()
	got, err := f.Fetch(ctx, v)
	if err != nil {
		return err
	}
	for _, one := range got {
		w.Say.Info("%s: %s received, %s by %s, SHA-256 %s", filepath.Base(one.Path), report.Bytes(one.Bytes), one.Level, cmp.Or(one.By, "-"), one.SHA256)
		if err := w.Record("verified", map[string]string{"version": v.String(), "sha256": one.SHA256, "level": one.Level, "by": one.By}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) planFetch(_ context.Context, w *procedure.Work) ([]string, error) {
	b, c, err := r.build(w)
	if err != nil || b.Tarball != "" {
		return nil, err
	}
	name := "Python-" + b.Version + ".tar.xz"
	return []string{
		"curl -fLO --output-dir " + filepath.Join(downloads(c), b.Version) + " " + c.CPython.Source + "/" + b.Version + "/" + name,
		"# its signature is checked, and its SHA-256 against " + c.CPython.Lock,
	}, nil
}
