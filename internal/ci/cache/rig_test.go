package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/fingerprint"
)

// rig is a checkout and a store.
type rig struct {
	t     testing.TB
	root  string
	store *cache.DirStore
	cache *cache.Cache
	job   cache.Job
}

func newRig(t testing.TB) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, root: filepath.Join(dir, "project"), store: &cache.DirStore{Dir: filepath.Join(dir, "store")}}
	r.cache = &cache.Cache{Store: r.store, Level: cache.Level{Trust: cache.Local}, State: filepath.Join(r.root, ".iact", "ci")}
	r.job = cache.Job{Name: "ui:build", Outputs: []string{"ui/dist", "ui/version.txt", "ui/reports/*.xml"}}
	r.must(os.MkdirAll(filepath.Join(r.root, "ui"), 0o700))
	return r
}

// other is the same project on another machine, which shares the store.
func (r *rig) other() *rig {
	r.t.Helper()
	o := newRig(r.t)
	o.store, o.cache.Store, o.job = r.store, r.store, r.job
	return o
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) at(name string) string { return filepath.Join(r.root, filepath.FromSlash(name)) }

// put writes a file as a job does that ended some time ago.
func (r *rig) put(name, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	r.must(os.WriteFile(r.at(name), []byte(text), 0o644))
	old := time.Unix(1_700_000_000, 123456789)
	r.must(os.Chtimes(r.at(name), old, old))
}

// build makes the outputs: of each kind that there is.
func (r *rig) build(content string) {
	r.t.Helper()
	r.put("ui/dist/index.html", "<html>"+content)
	r.put("ui/dist/js/app.js", strings.Repeat(content+"\n", 1000))
	r.put("ui/dist/bin/run", "#!/bin/sh\n")
	r.must(os.Chmod(r.at("ui/dist/bin/run"), 0o755))
	r.put("ui/dist/ñ and blank", content)
	r.must(os.MkdirAll(r.at("ui/dist/empty"), 0o755))
	r.link("app.js", "ui/dist/js/main.js")
	r.link("../../src", "ui/dist/js-of-nowhere")
	_ = os.Remove(r.at("ui/dist/hard"))
	r.must(os.Link(r.at("ui/dist/index.html"), r.at("ui/dist/hard")))
	r.put("ui/version.txt", content)
	r.put("ui/reports/junit.xml", "<junit/>"+content)
	r.put("ui/reports/kept.txt", "no output")
}

func (r *rig) link(target, name string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	_ = os.Remove(r.at(name))
	r.must(os.Symlink(target, r.at(name)))
}

func key(n int) fingerprint.Key {
	return fingerprint.NewKey(fingerprint.Listing{Digest: fmt.Sprint(n)}).With(fingerprint.Command, "", "npm run build")
}

func meta() cache.Meta {
	return cache.Meta{Duration: 90 * time.Second, Created: time.Unix(1_700_000_100, 5), Host: "host"}
}

func (r *rig) save(n int) cache.Header {
	r.t.Helper()
	m := meta()
	m.Log = r.at("job.log")
	r.must(os.WriteFile(m.Log, []byte(fmt.Sprintf("log of %d\n", n)), 0o600))
	h, err := r.cache.Save(context.Background(), key(n), r.job, m, r.root)
	r.must(err)
	return h
}

func (r *rig) restore(n int) (cache.Restored, error) {
	r.t.Helper()
	return r.cache.Restore(context.Background(), key(n), r.job, r.root, r.at("restored.log"))
}

func (r *rig) restored(n int) cache.Restored {
	r.t.Helper()
	got, err := r.restore(n)
	r.must(err)
	return got
}

// seen is what is below ui/, with content, mode and time of each file.
func (r *rig) seen() string {
	r.t.Helper()
	var all strings.Builder
	r.must(filepath.WalkDir(r.at("ui"), func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(r.root, file)
		text := ""
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			text = fmt.Sprintf("%s %q", info.ModTime(), data)
		case info.Mode().Type() == fs.ModeSymlink:
			if text, err = os.Readlink(file); err != nil {
				return err
			}
		}
		fmt.Fprintf(&all, "%s %s %.200s\n", name, info.Mode(), text)
		return nil
	}))
	return all.String()
}

func (r *rig) looks(what, want string) {
	r.t.Helper()
	if got := r.seen(); got != want {
		r.t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

// clean makes sure that nothing is left of what was under way; of a killed run
// only what lies in the checkout's own state, until it is old.
func (r *rig) clean(afterKill ...bool) {
	killed := len(afterKill) > 0
	r.t.Helper()
	for _, dir := range []string{r.root, r.store.Dir} {
		r.must(filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && file == r.store.Dir {
				return nil
			}
			name := filepath.Base(file)
			if strings.HasPrefix(name, ".iact-restore-") || strings.HasPrefix(name, ".put-") || !killed && strings.HasPrefix(name, "work-") {
				r.t.Errorf("left behind: %s", file)
			}
			return err
		}))
	}
}
