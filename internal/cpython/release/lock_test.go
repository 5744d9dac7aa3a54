package release_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
)

func TestTheLockIsWrittenOnFirstUseForPeopleToReview(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, v := range []string{"3.13.10", "3.11.9", "3.13.9"} {
		r.release(v)
		r.fetched(v)
	}
	text, err := os.ReadFile(r.Lock)
	must(t, err)
	var order []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !strings.HasPrefix(line, "#") {
			v, _, _ := strings.Cut(line, " ")
			order = append(order, v)
		}
	}
	if strings.Join(order, " ") != "3.11.9 3.13.9 3.13.10" || !strings.HasPrefix(string(text), "# The CPython sources") {
		t.Errorf("the lock:\n%s", text)
	}
}

func TestTheCommentsOfALockStay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	r.lock("# reviewed by us", "", "# twice")
	r.fetched("3.11.9")
	if text, err := os.ReadFile(r.Lock); err != nil || !strings.HasPrefix(string(text), "# reviewed by us\n\n# twice\n3.11.9 ") {
		t.Errorf("the lock:\n%s", text)
	}
}

func TestADamagedLockIsNamedAndNothingIsFetched(t *testing.T) {
	t.Parallel()
	good := pinned("3.11.9", []byte("x"), "openpgp", "Some Body <s@example.org>")
	for name, c := range map[string]struct{ line, word string }{
		"a conflict of a merge":       {"<<<<<<< HEAD", "is not: version sha256"},
		"a torn line":                 {good[:40], "is not: version sha256"},
		"the same version twice":      {good, "stands there twice"},
		"a comment below":             {"# late", "is not: version sha256"},
		"an empty line below":         {"", "is not: version sha256"},
		"a series":                    {strings.Replace(good, "3.11.9", "3.11", 1), "not X.Y.Z"},
		"a short digest":              {strings.Replace(good, digest([]byte("x")), "abc", 1), "no SHA-256"},
		"a digest in capitals":        {strings.Replace(good, digest([]byte("x")), strings.ToUpper(digest([]byte("x"))), 1), "no SHA-256"},
		"no bytes":                    {strings.Replace(good, " 1 ", " 0 ", 1), "no number of bytes"},
		"a size with a sign":          {strings.Replace(good, " 1 ", " +1 ", 1), "no number of bytes"},
		"a file of another version":   {strings.Replace(good, "Python-3.11.9", "Python-3.11.8", 1), "no tarball of 3.11.9"},
		"a file in another directory": {strings.Replace(good, "Python-3.11.9", "../Python-3.11.9", 1), "no tarball of 3.11.9"},
		"an unknown level":            {strings.Replace(good, "openpgp", "trusted", 1), "no level"},
		"a wrong date":                {strings.Replace(good, "2026-01-02", "2026-02-30", 1), "no date"},
		"a signer for a pin":          {strings.Replace(good, "openpgp", "pinned", 1), "does not go with"},
		"a signature by nobody":       {strings.Replace(good, "Some Body <s@example.org>", "-", 1), "does not go with"},
		"no signer":                   {strings.Replace(good, "Some Body <s@example.org>", "", 1), "names no signer"},
		"a signer with an escape":     {strings.Replace(good, "Some", "\x1b[31mSome", 1), "names no signer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.release("3.11.9")
			line := c.line
			if strings.HasPrefix(line, "3.11.9 ") && line != good {
				line = strings.ReplaceAll(line, "Some Body", "Any Body")
			}
			r.lock("# ours", pinned("3.10.1", []byte("y"), "pinned", "-"), line, pinned("3.11.9", []byte("x"), "openpgp", "Some"))
			if line != good {
				r.lock("# ours", pinned("3.10.1", []byte("y"), "pinned", "-"), line)
			}
			before, err := os.ReadFile(r.Lock)
			must(t, err)
			r.refused(fault.Invalid, "3.11.9", r.Lock, "line", c.word, "version control")
			if after, err := os.ReadFile(r.Lock); err != nil || string(after) != string(before) {
				t.Error("the lock was changed")
			}
			if _, asked := r.server.total("3.11.9"); asked != 0 {
				t.Error("the mirror was asked")
			}
		})
	}
}

func TestALockThatCannotBeWrittenFailsAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	must(t, os.WriteFile(filepath.Dir(r.Lock), nil, 0o644)) // a file where its directory should be
	if _, err := r.fetch("3.11.9"); err == nil || !strings.Contains(err.Error(), r.Lock) && !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("fetched, or failed with %v", err)
	}
	must(t, os.Remove(filepath.Dir(r.Lock)))
	if got := r.fetched("3.11.9"); got.Level != "openpgp" {
		t.Errorf("fetched: %+v", got)
	}
	if pins, err := release.ReadLock(r.Lock); err != nil || len(pins) != 1 {
		t.Errorf("the lock holds %v, %v", pins, err)
	}
}

func TestRunsThatWriteTheLockAtTheSameTimeLoseNoLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var group errgroup.Group
	const runs = 12
	for i := range runs {
		v := fmt.Sprintf("3.11.%d", i)
		r.release(v)
		group.Go(func() error {
			own := *r.Fetcher
			_, err := own.Fetch(t.Context(), release.Version{Major: 3, Minor: 11, Patch: i})
			return err
		})
	}
	must(t, group.Wait())
	if pins, err := release.ReadLock(r.Lock); err != nil || len(pins) != runs {
		t.Errorf("the lock holds %d lines, %v", len(pins), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(r.Lock), ".*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func FuzzReadLock(f *testing.F) {
	f.Add("# c\n\n" + pinned("3.11.9", []byte("x"), "openpgp", "Some Body <s@example.org>") + "\n")
	f.Add(pinned("3.14.0rc1", []byte("x"), "pinned", "-"))
	f.Add("<<<<<<<\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "lock")
		must(t, os.WriteFile(path, []byte(text), 0o644))
		pins, err := release.ReadLock(path)
		if err != nil {
			return
		}
		var lines []string
		for _, pin := range pins {
			lines = append(lines, pin.String())
		}
		if !strings.HasSuffix(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), strings.Join(lines, "\n")) {
			t.Errorf("%q is read as %q", text, lines)
		}
	})
}
