package export

import (
	_ "embed" // userdata.yaml
	"fmt"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/packages"
)

//go:embed userdata.yaml
var userDataText string

// userData is for cloud-init 22.4 or newer. cloud-init takes keys from a key
// server, by a fingerprint that it checks, so a mirror has to be one that Docker
// signs.
func userData(w Wants) (string, error) {
	if w.Distribution == "" {
		w.Distribution = "ubuntu" // which the procedure was written for
	}
	if w.Distribution != "ubuntu" && w.Distribution != "debian" {
		return "", fault.New(fault.Usage, "-distribution=ubuntu or -distribution=debian", fmt.Errorf("write user-data for %q: only Debian and Ubuntu are known", w.Distribution))
	}
	if w.User == "" {
		w.User = w.Distribution // the user that its images have
	}
	d, err := w.gather(w.Distribution, "$RELEASE", "")
	if err != nil {
		return "", err
	}
	if d.Own && d.Repository.Fingerprint != packages.DockerFingerprint {
		return "", fault.New(fault.Usage, "-format=ansible, which fetches the key from the mirror, or host.docker.from: distribution",
			fmt.Errorf("write the source %s: no key server has the key of a mirror that signs itself", d.Repository.URL))
	}
	return fill(userDataText, d)
}
