package fingerprint_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/command"
)

// tree is a project in a directory of its own.
type tree struct {
	t   testing.TB
	dir string
	// ahead is how much later the snapshot's clock is: files written by the test
	// were then not changed shortly before.
	ahead time.Duration
	door  *command.Door
}

func newTree(t testing.TB, files ...string) *tree {
	t.Helper()
	r := &tree{t: t, dir: t.TempDir(), ahead: time.Minute}
	for _, name := range files {
		r.put(name, "content of "+name)
	}
	return r
}

func (r *tree) put(name, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o700))
	r.must(os.WriteFile(r.at(name), []byte(text), 0o600))
}

func (r *tree) at(name string) string { return filepath.Join(r.dir, name) }

func (r *tree) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *tree) open() *fingerprint.Snapshot {
	r.t.Helper()
	s, err := fingerprint.Open(context.Background(), fingerprint.Options{
		Root: r.dir, Index: r.at(".iact/ci/index"), Door: r.door,
		Now: func() time.Time { return time.Now().Add(r.ahead) },
	})
	r.must(err)
	return s
}

func (r *tree) list(sel fingerprint.Selection) fingerprint.Listing {
	r.t.Helper()
	s := r.open()
	l, err := s.Inputs(context.Background(), sel)
	r.must(err)
	r.must(s.Save())
	return l
}

func names(l fingerprint.Listing) []string {
	var all []string
	for _, f := range l.Files {
		all = append(all, f.Path)
	}
	return all
}

func (r *tree) same(what string, got, want []string) {
	r.t.Helper()
	if !slices.Equal(got, want) {
		r.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
