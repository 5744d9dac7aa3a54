package cpython

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

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

// fetched says whether the sources are here, those of every version that was
// asked for.
func (r *Room) fetched(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	absent, evidence, err := r.absent(ctx, w)
	if err == nil && len(absent) > 0 {
		err = procedure.ErrNotDone
	}
	return procedure.Evidence(strings.Join(evidence, "; ")), err
}

// absent are the versions whose sources are needed and not here; evidence is of
// the others. A file with the name of a tarball was verified.
func (r *Room) absent(ctx context.Context, w *procedure.Work) (absent []release.Version, evidence []string, err error) {
	b, c, err := r.build(w)
	if err != nil {
		return nil, nil, err
	}
	all, err := r.versions(c)
	if err != nil {
		return nil, nil, err
	}
	said, done, err := r.finished(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	if done { // nothing is left to build of the first one
		all, evidence = all[1:], append(evidence, string(said))
	}
	for _, v := range all {
		b.Tarball = r.tarball(c, v)
		pin, err := r.pin(c, v.String())
		if err != nil {
			return nil, nil, err
		}
		if b.Tarball == "" || pin.Level == "" {
			absent = append(absent, v)
			continue
		}
		evidence = append(evidence, fmt.Sprintf("%s, %s, %s by %s", filepath.Base(b.Tarball), report.Bytes(pin.Size), pin.Level, cmp.Or(pin.By, "-")))
	}
	return absent, evidence, nil
}

// versions are those to fetch; the first one is what the other steps are about.
func (r *Room) versions(c *config.Config) ([]release.Version, error) {
	v, err := r.version(c)
	if err != nil {
		return nil, err
	}
	all := []release.Version{v}
	for _, text := range strings.FieldsFunc(r.selection().Also, func(c rune) bool { return c == ',' }) {
		if v, err = release.Parse(strings.TrimSpace(text)); err != nil {
			return nil, err
		}
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all, nil
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
	absent, _, err := r.absent(ctx, w)
	if err != nil {
		return err
	}
	return r.download(ctx, w, absent...)
}

// download gets versions at the same time, and verifies each.
func (r *Room) download(ctx context.Context, w *procedure.Work, versions ...release.Version) error {
	c, err := r.o.Config()
	if err != nil {
		return err
	}
	f, done := r.fetcher(c, w)
	defer done()
	got, err := f.Fetch(ctx, versions...)
	if err != nil {
		return err
	}
	for _, one := range got {
		w.Say.Info("%s: %s received, %s by %s, SHA-256 %s", filepath.Base(one.Path), report.Bytes(one.Bytes), one.Level, cmp.Or(one.By, "-"), one.SHA256)
		if err := w.Record("verified", map[string]string{"version": one.Version.String(), "sha256": one.SHA256, "level": one.Level, "by": one.By}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Room) planFetch(ctx context.Context, w *procedure.Work) ([]string, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	absent, _, err := r.absent(ctx, w)
	if err != nil || len(absent) == 0 {
		return nil, err
	}
	var lines []string
	for _, v := range absent {
		lines = append(lines, fmt.Sprintf("curl -fLO --output-dir %s %s/%s/Python-%s.tar.xz", filepath.Join(downloads(c), v.String()), c.CPython.Source, v, v))
	}
	return append(lines, "# each signature is checked, and each SHA-256 against "+c.CPython.Lock), nil
}
