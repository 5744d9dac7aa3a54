package release_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
)

func someTimeAgo() time.Time { return time.Now().Add(-time.Minute) }

func TestATarballThatIsNotWhatWasSignedIsPutAside(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good := r.release("3.11.9")
	bad := append([]byte{}, good...)
	bad[len(bad)/2] ^= 1
	r.server.put("3.11.9", "Python-3.11.9.tar.xz", bad)
	r.refused(fault.Invalid, "3.11.9", "Python-3.11.9.tar.xz", "signature", "kept as "+r.file("3.11.9", ".refused"))
	if kept, err := os.ReadFile(r.file("3.11.9", ".refused")); err != nil || digest(kept) != digest(bad) {
		t.Errorf("what was refused is not there to be looked at: %v", err)
	}
	if _, err := os.Stat(r.Lock); err == nil {
		t.Error("the lock was written")
	}
	r.server.put("3.11.9", "Python-3.11.9.tar.xz", good)
	if got := r.fetched("3.11.9"); got.SHA256 != digest(good) || got.Resumed != 0 {
		t.Errorf("fetched: %+v", got)
	}
}

func TestASignatureThatIsDamagedIsRefused(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(signature []byte) []byte{
		"empty":  func([]byte) []byte { return nil },
		"a page": func([]byte) []byte { return []byte("<html>") },
		"torn":   func(s []byte) []byte { return s[:len(s)/2] },
		"another's": func([]byte) []byte {
			return []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n")
		},
		"one letter": func(s []byte) []byte { return []byte(strings.Replace(string(s), "\n\nw", "\n\nx", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			text := r.release("3.11.9")
			r.server.put("3.11.9", "Python-3.11.9.tar.xz.asc", damage(sign(t, r.key, text, someTimeAgo())))
			r.refused(fault.Invalid, "3.11.9", "read signature", "-verify=pinned")
			r.server.put("3.11.9", "Python-3.11.9.tar.xz.asc", sign(t, r.key, text, someTimeAgo()))
			if got := r.fetched("3.11.9"); got.Bytes != 0 {
				t.Errorf("the tarball, with which nothing was wrong, came again: %+v", got)
			}
		})
	}
}

func TestAnUnknownKeyIsNamedAndCanBeAdded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	must(t, os.Remove(filepath.Join(r.Keys, "manager.asc")))
	r.refused(fault.Invalid, "3.11.9", "unknown key", "3.11 is signed by Pablo Galindo Salgado",
		"A035 C8C1 9219 BA82 1ECE A86B 64E6 28F8 D684 696D", r.Keys)
	r.trust("manager", r.key)
	if got := r.fetched("3.11.9"); got.Bytes != 0 || got.Resumed != int64(len(text)) {
		t.Errorf("%d bytes came again", got.Bytes)
	}
}

func TestAKeyThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.9")
	must(t, os.WriteFile(filepath.Join(r.Keys, "broken.asc"), []byte("no key"), 0o644))
	r.refused(fault.Invalid, "3.11.9", "broken.asc", r.Keys)
}

func TestTheTimeOfTheSignatureDecidesOverTheKey(t *testing.T) {
	t.Parallel()
	made := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	year := 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		signed  time.Duration // after the key was made
		revoked packet.ReasonForRevocation
		good    bool
	}{
		"a key that expired after it signed is good":                    {signed: year, good: true},
		"a key that had expired before it signed is not":                {signed: 3 * year},
		"a key that was replaced after it signed is good":               {signed: year, revoked: packet.KeySuperseded, good: true},
		"a key that was replaced before it signed is not":               {signed: 2*year - 24*time.Hour, revoked: packet.KeySuperseded},
		"a key that fell into wrong hands is not good, whenever it was": {signed: year, revoked: packet.KeyCompromised},
		"a signature of tomorrow is not good":                           {signed: 11 * year},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			text := r.release("3.11.9")
			r.Now = func() time.Time { return made.Add(10 * year) }
			life := 2 * year
			if c.signed > 10*year {
				life = 20 * year
			}
			r.key = newKey(t, "Release Manager", made, life)
			published := public(t, r.key)
			if c.revoked != packet.NoReason {
				when := &packet.Config{Time: func() time.Time { return made.Add(2*year - 48*time.Hour) }}
				unrevoked := *r.key
				must(t, r.key.Revoke(c.revoked, "", when))
				published = public(t, r.key)
				r.key = &unrevoked
			}
			must(t, os.WriteFile(filepath.Join(r.Keys, "manager.asc"), published, 0o644))
			for _, identity := range r.key.Identities { // the private half ignores the end of its life
				for _, certification := range identity.SelfCertifications {
					certification.Packet.KeyLifetimeSecs = nil
				}
			}
			r.key.Revocations = nil
			r.server.put("3.11.9", "Python-3.11.9.tar.xz.asc", sign(t, r.key, text, made.Add(c.signed)))
			if c.good {
				r.fetched("3.11.9")
				return
			}
			r.refused(fault.Invalid, "3.11.9", "key")
		})
	}
}

func TestTheLockDecidesWhatATarballIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.lock("# ours", pinned("3.11.9", []byte("something else"), "openpgp", "Somebody"))
	r.refused(fault.Invalid, "3.11.9", digest(text), digest([]byte("something else")), r.Lock, "python.org", r.file("3.11.9", ".refused"))
	r.lock("# ours", pinned("3.11.9", text, "openpgp", "Somebody"))
	r.fetched("3.11.9")
}

func TestAnOlderReleaseUnderTheNameOfANewerOneIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	old := r.release("3.13.0") // it is signed, and no signature covers the name
	r.server.put("3.13.11", "Python-3.13.11.tar.xz", old)
	r.server.put("3.13.11", "Python-3.13.11.tar.xz.asc", sign(t, r.key, old, someTimeAgo()))
	r.refused(fault.Invalid, "3.13.11", `begins with "Python-3.13.0"`, "another source")
	if _, err := os.Stat(r.Lock); err == nil {
		t.Error("the lock was written")
	}
}

func TestADownloadedTarballThatChangedIsReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	got := r.fetched("3.11.9")
	must(t, os.WriteFile(got.Path, text[:len(text)-1], 0o644))
	again := r.fetched("3.11.9")
	if again.Bytes != int64(len(text)) {
		t.Errorf("fetched again: %+v", again)
	}
	if _, err := os.Stat(got.Path + ".refused"); err != nil {
		t.Errorf("the damaged one is not put aside: %v", err)
	}
}

func TestNoLaterVerificationIsWeaker(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	line := pinned("3.11.9", text, "sigstore", "pablogsal@python.org")
	r.lock("# ours", line)
	r.refused(fault.Invalid, "3.11.9", "verified by openpgp only", "sigstore was reached before", "-verify=pinned")
	r.Verify = release.Pinned
	if got := r.fetched("3.11.9"); got.Level != "pinned" || got.By != "" || got.Bytes != 0 {
		t.Errorf("fetched: %+v", got)
	}
	if lock, err := os.ReadFile(r.Lock); err != nil || string(lock) != "# ours\n"+line+"\n" {
		t.Errorf("the lock was changed: %s, %v", lock, err)
	}
}

func TestAReleaseWithoutASignatureIsPinnedByHandWithTheLineFromTheHint(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.14.1") // an OpenPGP signature, which does not count from 3.14 on
	err := r.refused(fault.Invalid, "3.14.1", "Python-3.14.1.tar.xz.sigstore", "no source has it", "-verify=pinned")
	line := regexp.MustCompile(`«(.*)»`).FindStringSubmatch(fault.Hint(err))
	if line == nil {
		t.Fatalf("no line in the hint: %s", fault.Hint(err))
	}
	r.Verify = release.Pinned
	r.refused(fault.Usage, "3.14.1", "does not pin it")
	r.lock(line[1])
	if got := r.fetched("3.14.1"); got.Level != "pinned" || got.SHA256 != digest(text) || got.Bytes != 0 {
		t.Errorf("fetched: %+v", got)
	}
	r.Verify = "" // the next run wants the signature again, and says what accepts the pin
	got, err := r.fetch("3.14.1")
	if len(got) != 0 {
		t.Errorf("fetched: %v", got)
	}
	r.complains(err, fault.Invalid, ".sigstore", "-verify=pinned")
}

func TestAPinIsRaisedByASignature(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.lock(pinned("3.11.9", text, "pinned", "-"))
	r.Verify = release.Pinned
	r.fetched("3.11.9")
	r.Verify = ""
	if got := r.fetched("3.11.9"); got.Level != "openpgp" || got.Bytes != 0 {
		t.Errorf("fetched: %+v", got)
	}
	if pins, err := release.ReadLock(r.Lock); err != nil || len(pins) != 1 || pins[0].Level != "openpgp" {
		t.Errorf("the lock holds %v, %v", pins, err)
	}
}

func TestAPinnedFormatIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	text := r.release("3.11.9")
	r.lock(strings.Replace(pinned("3.11.9", text, "openpgp", "Somebody"), ".tar.xz", ".tgz", 1))
	r.refused(fault.Usage, "3.11.9", "no source has it")
}
