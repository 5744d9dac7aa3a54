package packages

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"iact-infra/internal/fault"
)

// fetchScript downloads $1 to a file of its own and prints it as base64, so that
// half a download is never taken for a whole. apt's own helper comes first: it
// is always there and goes through the proxy that apt goes through.
const fetchScript = `
case $1 in file://*) exec base64 "${1#file://}" ;; file:*) exec base64 "${1#file:}" ;; /*) exec base64 "$1" ;; esac
d=$(mktemp -d) || exit 1
trap 'rm -rf "$d"' EXIT
trap 'exit 1' HUP INT TERM
helper=/usr/lib/apt/apt-helper
{ [ -x $helper ] && $helper -o Acquire::Retries=2 download-file "$1" "$d/got" >/dev/null; } ||
{ command -v curl >/dev/null && curl -fsSL --retry 2 -o "$d/got" "$1"; } || exit 1
base64 "$d/got"`

// fetch is what a URL or a file at the host holds.
func (a *Apt) fetch(ctx context.Context, url string) ([]byte, error) {
	out, err := a.script(ctx, fetchScript, url)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", url, a.explain(ctx, err))
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(out, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", url, err)
	}
	return data, nil
}

// checkKey gives the key in the form that apt takes for a .asc file, when it is
// the one that fingerprint names, and the only one: apt would trust every key in
// the file.
func checkKey(data []byte, fingerprint string, now time.Time) ([]byte, error) {
	want := strings.ToUpper(strings.ReplaceAll(fingerprint, " ", ""))
	if len(want) != 40 && len(want) != 64 {
		return nil, fault.New(fault.Usage, "gpg --show-keys FILE prints it", fmt.Errorf("read fingerprint %q: it has to be all 40 hexadecimal digits", fingerprint))
	}
	armored := bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN"))
	read := openpgp.ReadKeyRing
	if armored {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(data))
	if armored && bytes.Count(data, []byte("-----BEGIN")) > 1 {
		err = errors.New("it holds several blocks, and apt would trust all of them")
	}
	if err != nil || len(keys) == 0 {
		if err == nil {
			err = errors.New("there is no key in it")
		}
		return nil, fault.New(fault.Invalid, "the address may lead to an error page or a login: open it", fmt.Errorf("read signing key: %w", err))
	}
	for _, key := range keys {
		if got := strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint)); got != want {
			return nil, fault.New(fault.Invalid, "compare with the fingerprint that the publisher names; nothing was written", fmt.Errorf("check signing key: its fingerprint is %s, not %s", got, want))
		}
		if key.Revoked(now) {
			return nil, fault.New(fault.Invalid, "the publisher has another one", fmt.Errorf("check signing key %s: it was revoked", want))
		}
		if s, err := key.PrimarySelfSignature(now, nil); err != nil || key.PrimaryKey.KeyExpired(s, now) {
			return nil, fault.New(fault.Invalid, "fetch the publisher's newer copy, or check the clock (date)", fmt.Errorf("check signing key %s: it is not valid today", want))
		}
	}
	if armored {
		return data, nil
	}
	var text bytes.Buffer
	w, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err == nil {
		if _, err = w.Write(data); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("write signing key: %w", err)
	}
	return append(text.Bytes(), '\n'), nil
}
