package release_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// instance is a Sigstore of our own: a certificate authority, a log of certificates and a log of signatures. What it
// gives out differs from the public one's in its keys alone.
type instance struct {
	t            *testing.T
	ca           *x509.Certificate
	authority    *ecdsa.PrivateKey
	certificates *ecdsa.PrivateKey
	signatures   *ecdsa.PrivateKey
	withoutSCT   bool // forgets the log of certificates
	withoutProof bool // forgets the log of signatures
}

func newInstance(t *testing.T) *instance {
	t.Helper()
	s := &instance{t: t, authority: newECKey(t), certificates: newECKey(t), signatures: newECKey(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ours"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	s.ca = s.certificate(template, template, s.authority.Public())
	return s
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func (s *instance) certificate(template, parent *x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	s.t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key, s.authority)
	must(s.t, err)
	c, err := x509.ParseCertificate(raw)
	must(s.t, err)
	return c
}

// root writes the trusted root that a client of the instance needs.
func (s *instance) root() string {
	s.t.Helper()
	logs := func(key *ecdsa.PrivateKey) map[string]*root.TransparencyLog {
		id := logID(s.t, key)
		return map[string]*root.TransparencyLog{hex.EncodeToString(id): {BaseURL: "https://log.example.org", ID: id, PublicKey: key.Public(),
			HashFunc: crypto.SHA256, SignatureHashFunc: crypto.SHA256, ValidityPeriodStart: time.Now().Add(-time.Hour)}}
	}
	authority := &root.FulcioCertificateAuthority{Root: s.ca, URI: "https://ca.example.org", ValidityPeriodStart: time.Now().Add(-time.Hour)}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{authority}, logs(s.certificates), nil, logs(s.signatures))
	must(s.t, err)
	text, err := trusted.MarshalJSON()
	must(s.t, err)
	path := filepath.Join(s.t.TempDir(), "trusted_root.json")
	must(s.t, os.WriteFile(path, text, 0o644))
	return path
}

// sign is the bundle that identity, for whom issuer vouches, publishes beside an artefact.
func (s *instance) sign(artefact []byte, identity, issuer string) []byte {
	s.t.Helper()
	key := newECKey(s.t)
	leaf := s.leaf(key, identity, issuer)
	signature := signASN1(s.t, key, artefact)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	body := fmt.Appendf(nil, `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":%q}},"signature":{"content":%q,"publicKey":{"content":%q}}}}`,
		digest(artefact), b64(signature), b64(block))
	id, now := logID(s.t, s.signatures), time.Now().Unix()
	promise := fmt.Appendf(nil, `{"body":%q,"integratedTime":%d,"logID":"%x","logIndex":0}`, b64(body), now, id)
	top := sha256.Sum256(append([]byte{0}, body...)) // of a log with one entry
	note := fmt.Sprintf("log.example.org - 1\n1\n%s\n", b64(top[:]))
	signed := b64(append(id[:4:4], signASN1(s.t, s.signatures, []byte(note))...))
	entry := map[string]any{
		"logIndex": "0", "logId": map[string]any{"keyId": b64(id)}, "kindVersion": map[string]any{"kind": "hashedrekord", "version": "0.0.1"},
		"integratedTime": fmt.Sprint(now), "inclusionPromise": map[string]any{"signedEntryTimestamp": b64(signASN1(s.t, s.signatures, promise))},
		"inclusionProof": map[string]any{"logIndex": "0", "rootHash": b64(top[:]), "treeSize": "1", "hashes": []string{},
			"checkpoint": map[string]any{"envelope": note + "\n\u2014 log.example.org " + signed + "\n"}},
		"canonicalizedBody": b64(body),
	}
	entries := []any{entry}
	if s.withoutProof {
		entries = nil
	}
	sum := sha256.Sum256(artefact)
	text, err := json.Marshal(map[string]any{
		"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": map[string]any{"certificate": map[string]any{"rawBytes": b64(leaf.Raw)}, "tlogEntries": entries},
		"messageSignature":     map[string]any{"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": b64(sum[:])}, "signature": b64(signature)},
	})
	must(s.t, err)
	return text
}

// leaf is the short-lived certificate. Like the public instance it carries the receipt of the log of certificates, which
// is over the certificate without it.
func (s *instance) leaf(key *ecdsa.PrivateKey, identity, issuer string) *x509.Certificate {
	s.t.Helper()
	name, err := asn1.MarshalWithParams(issuer, "utf8")
	must(s.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(9 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, EmailAddresses: []string{identity},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: name}}}
	plain := s.certificate(template, s.ca, key.Public())
	if s.withoutSCT {
		return plain
	}
	when := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	issuerKey := sha256.Sum256(s.ca.RawSubjectPublicKeyInfo)
	size := binary.BigEndian.AppendUint32(nil, uint32(len(plain.RawTBSCertificate)))[1:]
	over := concat([]byte{0, 0}, when, []byte{0, 1}, issuerKey[:], size, plain.RawTBSCertificate, []byte{0, 0})
	signature := signASN1(s.t, s.certificates, over)
	receipt := concat([]byte{0}, logID(s.t, s.certificates), when, []byte{0, 0, 4, 3}, short(signature))
	list, err := asn1.Marshal(short(short(receipt)))
	must(s.t, err)
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: list})
	return s.certificate(template, s.ca, key.Public())
}

func signASN1(t *testing.T, key *ecdsa.PrivateKey, text []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(text)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	must(t, err)
	return signature
}

// logID is the hash of a log's public key.
func logID(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	sum := sha256.Sum256(raw)
	return sum[:]
}

func b64(p []byte) string { return base64.StdEncoding.EncodeToString(p) }

// short is p after its length in two bytes.
func short(p []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(p))), p...) }

func concat(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
