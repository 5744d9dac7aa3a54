package release

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"iact-infra/internal/fault"
)

// trustedRoot are the certificate authorities and logs of Sigstore's public instance: the target trusted_root.json of
// its TUF repository, as version 16 of the root of 2026 names it, taken from the npm package @sigstore/tuf 5.0.1 on
// 2026-11-27. When Sigstore adds a log, this file has to follow; until then a newer one can be configured.
//
//go:embed trust/trusted_root.json
var trustedRoot []byte

// sigstore checks a bundle without asking anybody: the certificate was issued by Sigstore to the release manager of the
// series, by the service that python.org names, it stands in a certificate log, the signature stands in a signature log,
// and it is the signature of this tarball. rootFile replaces the shipped root.
func sigstore(v Version, tarball string, text []byte, rootFile string) (string, error) {
	m, known := managerOf(v)
	if !known {
		return "", undecided{fmt.Errorf("this toolkit does not know who signs %s", v.Series())}
	}
	roots, err := readRoot(rootFile)
	if err != nil {
		return "", err
	}
	verifier, err := verify.NewVerifier(roots, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		return "", err
	}
	identity, err := verify.NewShortCertificateIdentity(m.issuer, "", m.identity, "")
	if err != nil {
		return "", err
	}
	var signed bundle.Bundle
	if err := signed.UnmarshalJSON(text); err != nil {
		return "", unreadable(err)
	}
	file, err := os.Open(tarball)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	policy := verify.NewPolicy(verify.WithArtifact(file), verify.WithCertificateIdentity(identity))
	if _, err := verifier.Verify(&signed, policy); err != nil {
		return "", fault.New(fault.Invalid, "type it again, or name another source; if Sigstore has a new log by now, name a newer trusted_root.json",
			fmt.Errorf("want the signature of %s (%s): %w", m.identity, m.issuer, err))
	}
	return fmt.Sprintf("%s (%s)", m.identity, m.issuer), nil
}

func readRoot(file string) (*root.TrustedRoot, error) {
	text, err := trustedRoot, error(nil)
	if file != "" {
		text, err = os.ReadFile(file)
	}
	var roots *root.TrustedRoot
	if err == nil {
		roots, err = root.NewTrustedRootFromJSON(text)
	}
	if err != nil {
		return nil, undecided{fault.New(fault.Invalid, "name a trusted_root.json of Sigstore, or none: then the shipped one counts",
			fmt.Errorf("read Sigstore root %s: %w", file, err))}
	}
	return roots, nil
}
