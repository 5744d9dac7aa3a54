package release

import (
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	wrong "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"iact-infra/internal/fault"
)

// keys are the public keys that are shipped. A key is what its fingerprint says, wherever the copy came from, and the
// fingerprints stand in managers.go.
//
//   - thomas-wouters.asc: from Debian's source package python3.13 3.13.5-2, debian/upstream/signing-key.asc, taken on
//     2026-11-27. This copy expired on 2026-07-02, which does not matter to what was signed before.
//
//   - ned-deily.asc, lukasz-langa.asc: from python.org's own list, static/files/pubkeys.txt in the repository of its site,
//     as it was before 2021-07-09, reduced to what checking needs; taken on 2026-11-27. The copy of the second expired on 2025-05-11.
//
// Not shipped, because no copy could be had for this release of the toolkit: Pablo Galindo Salgado (3.10, 3.11). It goes
// into the directory of further keys, cpython.release_keys.
//
//go:embed keys/*.asc
var keys embed.FS

// openPGP checks a detached signature and says who made it. What counts is the time of the signature: the key had to be
// valid then, and must not be revoked as compromised since. A shipped key signs for its own series only; a key in the
// directory further was put there on purpose and signs for all.
func openPGP(v Version, tarball string, signature []byte, further string, now time.Time) (string, error) {
	block, err := armor.Decode(bytes.NewReader(signature))
	if errors.Is(err, io.EOF) {
		err = errors.New("it is not armored")
	}
	if err != nil {
		return "", unreadable(err)
	}
	body := new(bytes.Buffer)
	if _, err := body.ReadFrom(block.Body); err != nil {
		return "", unreadable(err)
	}
	signer, err := issuer(body.Bytes())
	if err != nil {
		return "", unreadable(err)
	}
	trusted, err := keyring(v, further)
	if err != nil {
		return "", err
	}
	file, err := os.Open(tarball)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	_, entity, err := openpgp.VerifyDetachedSignature(trusted, file, body, &packet.Config{Time: func() time.Time { return now }})
	switch {
	case errors.Is(err, wrong.ErrUnknownIssuer):
		return "", unknownKey(v, signer, further)
	case errors.Is(err, wrong.ErrSignatureExpired):
		return "", fmt.Errorf("the signature of key %s is not valid today: it expired, or a clock is wrong", spaced(signer))
	case err != nil:
		return "", fmt.Errorf("key %s: %w", spaced(signer), err)
	}
	_, identity := entity.PrimaryIdentity(now, nil)
	name := "key"
	if identity != nil {
		name = identity.Name
	}
	return name + " " + fingerprint(entity), nil
}

// issuer is the fingerprint, or at least the key id, that a signature names as its maker.
func issuer(signature []byte) (string, error) {
	p, err := packet.NewReader(bytes.NewReader(signature)).Next()
	if err != nil {
		return "", err
	}
	s, ok := p.(*packet.Signature)
	switch {
	case !ok:
		return "", errors.New("there is none in it")
	case len(s.IssuerFingerprint) > 0:
		return strings.ToUpper(hex.EncodeToString(s.IssuerFingerprint)), nil
	case s.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *s.IssuerKeyId), nil
	}
	return "", errors.New("it does not name its key")
}

// unknownKey tells whose key is missing, if it is that of the release manager, and what to do.
func unknownKey(v Version, signer, further string) error {
	into := "the directory of further keys"
	if further != "" {
		into = further
	}
	hint := fmt.Sprintf("find out whose key that is; if you trust it, put it into %s as NAME.asc", into)
	if m, known := managerOf(v); known && m.fingerprint != "" {
		hint = fmt.Sprintf("%s is signed by %s: put the key with the fingerprint %s into %s as NAME.asc",
			v.Series(), m.name, spaced(m.fingerprint), into)
	}
	return undecided{fault.New(fault.Invalid, hint, fmt.Errorf("the signature is by the unknown key %s", spaced(signer)))}
}

// keyring are the keys that may sign v.
func keyring(v Version, further string) (openpgp.EntityList, error) {
	shipped, err := readKeys(keys, "keys/*.asc")
	if err != nil {
		return nil, err
	}
	m, _ := managerOf(v)
	trusted := slices.DeleteFunc(shipped, func(e *openpgp.Entity) bool { return fingerprint(e) != m.fingerprint })
	if further == "" {
		return trusted, nil
	}
	more, err := readKeys(os.DirFS(further), "*.asc")
	if err != nil {
		return nil, undecided{fault.New(fault.Invalid, "a file there holds one or more armored public keys", fmt.Errorf("in %s: %w", further, err))}
	}
	return append(trusted, more...), nil
}

func readKeys(from fs.FS, pattern string) (openpgp.EntityList, error) {
	names, err := fs.Glob(from, pattern)
	if err != nil {
		return nil, err
	}
	var all openpgp.EntityList
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		some, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("read key %s: %w", filepath.Base(name), err)
		}
		all = append(all, some...)
	}
	return all, nil
}

func fingerprint(e *openpgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint))
}
