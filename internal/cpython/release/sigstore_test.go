package release_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/fault"
)

const (
	github = "https://github.com/login/oauth"
	google = "https://accounts.google.com"
)

func TestABundleOfTheReleaseManagerIsGoodFor(t *testing.T) {
	t.Parallel()
	for v, by := range map[string][2]string{
		"3.7.17": {"nad@python.org", github}, "3.9.20": {"lukasz@langa.pl", github}, "3.11.9": {"pablogsal@python.org", google},
		"3.13.5": {"thomas@python.org", google}, "3.14.0rc1": {"hugo@python.org", github}, "3.15.2": {"hugo@python.org", github},
	} {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ours := newInstance(t)
			r.TrustedRoot = ours.root()
			text := r.release(v)
			r.server.put(v, "Python-"+v+".tar.xz.sigstore", ours.sign(text, by[0], by[1]))
			if got := r.fetched(v); got.Level != "sigstore" || got.By != by[0]+" ("+by[1]+")" {
				t.Errorf("fetched: %+v", got)
			}
			if lock, err := os.ReadFile(r.Lock); err != nil || !strings.Contains(string(lock), " sigstore ") {
				t.Errorf("the lock: %s, %v", lock, err)
			}
		})
	}
}

func TestABundleIsRefusedWhen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bundle func(ours *instance, text []byte) []byte
		word   string
	}{
		"somebody else signed":     {func(s *instance, text []byte) []byte { return s.sign(text, "mallory@example.org", github) }, "want the signature of hugo@python.org"},
		"somebody else vouched":    {func(s *instance, text []byte) []byte { return s.sign(text, "hugo@python.org", google) }, "want the signature of hugo@python.org"},
		"another file was signed":  {func(s *instance, _ []byte) []byte { return s.sign([]byte("x"), "hugo@python.org", github) }, "want the signature"},
		"another instance made it": {func(s *instance, text []byte) []byte { return newInstance(s.t).sign(text, "hugo@python.org", github) }, "want the signature"},
		"no log knows the certificate": {func(s *instance, text []byte) []byte {
			s.withoutSCT = true
			return s.sign(text, "hugo@python.org", github)
		}, "want the signature"},
		"no log knows the signature": {func(s *instance, text []byte) []byte {
			s.withoutProof = true
			return s.sign(text, "hugo@python.org", github)
		}, "want the signature"},
		"another log took it": {func(s *instance, text []byte) []byte {
			s.signatures = newECKey(s.t)
			return s.sign(text, "hugo@python.org", github)
		}, "want the signature"},
		"another log has the name": {func(s *instance, text []byte) []byte {
			s.certificates = newECKey(s.t)
			return s.sign(text, "hugo@python.org", github)
		}, "want the signature"},
		"it is torn":   {func(s *instance, text []byte) []byte { return s.sign(text, "hugo@python.org", github)[:500] }, "read signature"},
		"it is a page": {func(*instance, []byte) []byte { return []byte("<html>") }, "read signature"},
		"it is empty":  {func(*instance, []byte) []byte { return nil }, "read signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ours := newInstance(t)
			r.TrustedRoot = ours.root()
			text := r.release("3.14.1")
			r.server.put("3.14.1", "Python-3.14.1.tar.xz.sigstore", c.bundle(ours, text))
			r.refused(fault.Invalid, "3.14.1", "verify Python-3.14.1.tar.xz by sigstore", c.word)
			if _, err := os.Stat(r.Lock); err == nil {
				t.Error("the lock was written")
			}
		})
	}
}

func TestAWrongBundleIsNotReplacedByAGoodOpenPGPSignature(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ours := newInstance(t)
	r.TrustedRoot = ours.root()
	text := r.release("3.11.9") // with a good OpenPGP signature
	r.server.put("3.11.9", "Python-3.11.9.tar.xz.sigstore", ours.sign(text, "mallory@example.org", google))
	r.refused(fault.Invalid, "3.11.9", "by sigstore", "pablogsal@python.org")
}

func TestTheShippedRootKnowsThePublicInstanceOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.14.1")
	r.server.put("3.14.1", "Python-3.14.1.tar.xz.sigstore", newInstance(t).sign(text, "hugo@python.org", github))
	r.refused(fault.Invalid, "3.14.1", "by sigstore", "hugo@python.org")
}

func TestASeriesThatNobodyIsKnownToSignIsRefusedAndCanBePinned(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ours := newInstance(t)
	text := r.release("3.99.0")
	r.server.put("3.99.0", "Python-3.99.0.tar.xz.sigstore", ours.sign(text, "hugo@python.org", github))
	r.refused(fault.Invalid, "3.99.0", "does not know who signs 3.99", "-verify=pinned")
}

func TestARootThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.14.1")
	r.server.put("3.14.1", "Python-3.14.1.tar.xz.sigstore", newInstance(t).sign(text, "hugo@python.org", github))
	r.TrustedRoot = filepath.Join(t.TempDir(), "nowhere.json")
	r.refused(fault.Invalid, "3.14.1", "read Sigstore root", "nowhere.json")
	must(t, os.WriteFile(r.TrustedRoot, []byte("{}"), 0o644))
	r.refused(fault.Invalid, "3.14.1", "read Sigstore root")
}
