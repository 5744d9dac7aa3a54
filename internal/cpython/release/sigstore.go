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
		return "", undecided{fault.New(fault.Invalid, "a newer toolkit may know; or review the SHA-256 and pin it",
			fmt.Errorf("nobody is known to sign %s", v.Series()))}
	}
	material := trustedRoot
	if rootFile != "" {
		var err error
		if material, err = os.ReadFile(rootFile); err != nil {
			return "", undecided{fmt.Errorf("read Sigstore root: %w", err)}
		}
	}
	roots, err := root.NewTrustedRootFromJSON(material)
	if err != nil {
		return "", undecided{fmt.Errorf("read Sigstore root: %w", err)}
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
		return "", fmt.Errorf("read bundle: %w", err)
	}
	file, err := os.Open(tarball)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	policy := verify.NewPolicy(verify.WithArtifact(file), verify.WithCertificateIdentity(identity))
	if _, err := verifier.Verify(&signed, policy); err != nil {
		return "", fmt.Errorf("want the signature of %s (%s): %w", m.identity, m.issuer, err)
	}
	return fmt.Sprintf("%s (%s)", m.identity, m.issuer), nil
}
