package release

import "strings"

// manager is who signs the releases of some series: the fingerprint of the OpenPGP key, if these series have such
// signatures, and the identity in the Sigstore certificate with the service that vouched for it.
type manager struct {
	name, fingerprint, identity, issuer string
}

// managerOf is who signs v, as python.org/downloads/metadata/pgp and …/sigstore publish it; false for a series that
// nobody is known to sign. State of 2026-11. From 3.14 on there are no OpenPGP signatures any more (PEP 761).
func managerOf(v Version) (manager, bool) {
	const github, google = "https://github.com/login/oauth", "https://accounts.google.com"
	if v.Major != 3 {
		return manager{}, false
	}
	switch v.Minor {
	case 6, 7:
		return manager{"Ned Deily", "0D96DF4D4110E5C43FBFB17F2D347EA6AA65421D", "nad@python.org", github}, true
	case 8, 9:
		return manager{"Łukasz Langa", "E3FF2839C048B25C084DEBE9B26995E310250568", "lukasz@langa.pl", github}, true
	case 10, 11:
		return manager{"Pablo Galindo Salgado", "A035C8C19219BA821ECEA86B64E628F8D684696D", "pablogsal@python.org", google}, true
	case 12, 13:
		return manager{"Thomas Wouters", "7169605F62C751356D054A26A821E680E5FA6305", "thomas@python.org", google}, true
	case 14, 15:
		return manager{"Hugo van Kemenade", "", "hugo@python.org", github}, true
	}
	return manager{}, false
}

// required is the weakest level that a release of this series must reach.
func required(v Version) string {
	if v.Major > 3 || v.Major == 3 && v.Minor >= 14 {
		return Sigstore
	}
	return OpenPGP
}

// spaced is a fingerprint as people compare it, in groups of four.
func spaced(fingerprint string) string {
	var groups []string
	for ; len(fingerprint) > 4; fingerprint = fingerprint[4:] {
		groups = append(groups, fingerprint[:4])
	}
	return strings.Join(append(groups, fingerprint), " ")
}
