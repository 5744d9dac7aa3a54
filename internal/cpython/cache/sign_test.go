package cache_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/fault"
)

// newKey makes a key and gives its path; its line for allowed_signers is
// "who TYPE KEY".
func (r *rig) newKey(who, passphrase string) (file, line string) {
	r.t.Helper()
	file = filepath.Join(r.t.TempDir(), who)
	must(r.t, r.Door.Run(r.t.Context(), command.Change("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", file)))
	public, err := os.ReadFile(file + ".pub")
	must(r.t, err)
	return file, who + " " + string(public)
}

func (r *rig) allow(lines ...string) {
	r.Signing.Allowed = filepath.Join(r.t.TempDir(), "allowed_signers")
	put(r.t, r.Signing.Allowed, strings.Join(lines, ""), 0o644)
}

func TestASignedEntryIsTakenFromThoseWhoMaySign(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, other := r.newKey("eve@iact", "")
	file, line := r.newKey("builder@iact", "")
	r.Signing.Key = file
	r.allow(other, line)
	if e := r.save(); e.SignedBy != "builder@iact" {
		t.Errorf("signed by %q", e.SignedBy)
	}
	if e, err := r.unpack(); err != nil || e.SignedBy != "builder@iact" {
		t.Errorf("signed by %q, %v", e.SignedBy, err)
	}
}

func TestAnEntryThatNobodyVouchesForIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *rig, e cache.Entry){
		"it is not signed":                         func(r *rig, e cache.Entry) { r.forge(e, func(*cache.Manifest) {}) },
		"it is signed by nobody whom":              func(r *rig, _ cache.Entry) { _, line := r.newKey("other", ""); r.allow(line) },
		"its signature by builder@iact does not h": func(r *rig, e cache.Entry) { r.keepSignature(e) },
		"is signed by nobody": func(r *rig, e cache.Entry) {
			change(r.t, filepath.Join(r.store, e.ID+".json"), func(b []byte) []byte { return bytes.Replace(b, []byte("BEGIN SSH"), []byte("BEGIN PGP"), 1) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			file, line := r.newKey("builder@iact", "")
			r.Signing.Key = file
			r.allow(line)
			spoil(r, r.save())
			_, err := r.unpack()
			if !errors.Is(err, cache.ErrRefused) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v", err)
			}
			r.notThere()
			if _, err := r.unpack(); !errors.Is(err, cache.ErrNone) {
				t.Errorf("the second time: %v", err)
			}
			r.allow(line)
			r.save()
			if e, err := r.unpack(); err != nil || e.SignedBy != "builder@iact" {
				t.Errorf("saved anew: signed by %q, %v", e.SignedBy, err)
			}
		})
	}
}

// keepSignature changes the body of a manifest and its hash, not its signature.
func (r *rig) keepSignature(e cache.Entry) {
	read := func() map[string]json.RawMessage {
		var m map[string]json.RawMessage
		data, err := os.ReadFile(filepath.Join(r.store, e.ID+".json"))
		must(r.t, err)
		must(r.t, json.Unmarshal(data, &m))
		return m
	}
	old := read()
	r.forge(e, func(m *cache.Manifest) { m.Modules = nil })
	forged := read()
	forged["signature"] = old["signature"]
	change(r.t, filepath.Join(r.store, e.ID+".json"), func([]byte) []byte {
		text, err := json.Marshal(forged)
		must(r.t, err)
		return text
	})
}

// TestAnUnsignedEntryGivesWayToASignedOne when its builder saves it again.
func TestAnUnsignedEntryGivesWayToASignedOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	file, line := r.newKey("builder@iact", "")
	r.Signing.Key = file
	r.allow(line)
	if e := r.save(); e.SignedBy != "builder@iact" {
		t.Errorf("signed by %q", e.SignedBy)
	}
}

// TestAWrongSetUpOfSignaturesTouchesNoEntry: it is no fault of the entry.
func TestAWrongSetUpOfSignaturesTouchesNoEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	before := encode(t, r.objects())
	r.Signing.Allowed = "/no/such/file"
	if _, err := r.unpack(); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "read allowed signers") {
		t.Errorf("got %v", err)
	}
	if after := encode(t, r.objects()); after != before {
		t.Errorf("the store held %s, now %s", before, after)
	}
}

func TestAKeyThatWouldAskForAPassphraseFailsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Signing.Key, _ = r.newKey("builder@iact", "secret phrase")
	_, err := r.Save(t.Context(), key(), meta(r.prefix), r.tree)
	if fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "passphrase") {
		t.Errorf("got %v", err)
	}
	if got := r.objects(); len(got) > 0 {
		t.Errorf("the store holds %q", got)
	}
}
