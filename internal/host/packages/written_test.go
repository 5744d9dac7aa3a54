package packages_test

import (
	"regexp"
	"strings"
	"testing"

	"iact-infra/internal/host/packages"
)

func TestAPinThatIsWrittenAheadMeansThatVersionAndNoOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ engine, pin, text, yes, no string }{
		{"docker-ce", "28.*", "5:28.*", "5:28.5.1-1~debian.12~bookworm 5:28.0.0~rc1-1", "5:280.1-1 5:27.5.1-1 28.5.1-1 5:29.28.1-1"},
		{"docker-ce", "28", "5:28.*", "5:28.5.1-1~debian.12~bookworm", "5:280.1-1 5:2.8-1"},
		{"docker-ce", "28.5.1", "5:28.5.1-*", "5:28.5.1-1~ubuntu.24.04~noble", "5:28.5.10-1 5:28x5.1-1"},
		{"docker-ce", "5:28.5.1-1~debian.12~bookworm", "5:28.5.1-1~debian.12~bookworm", "5:28.5.1-1~debian.12~bookworm", "5:28.5.1-1~debian.13~trixie"},
		{"docker.io", "20.10.*", "20.10.*", "20.10.24+dfsg1-1+deb12u1", "20.1.1-1 120.10.1-1"},
		{"docker.io", "20.10.2", `/^20\.10\.2([.+~-]|$)/`, "20.10.2+dfsg1-2", "20.10.24+dfsg1-1"},
	} {
		p, err := packages.PinOf(packages.Choice{Engine: c.engine}, c.pin)
		if err != nil {
			t.Fatal(err)
		}
		expr := regexp.MustCompile(p.Expr)
		for _, version := range strings.Fields(c.yes) {
			if !expr.MatchString(version) {
				t.Errorf("%s of %s is not %s (%s)", c.pin, c.engine, version, p.Expr)
			}
		}
		for _, version := range strings.Fields(c.no) {
			if expr.MatchString(version) {
				t.Errorf("%s of %s is %s, too (%s)", c.pin, c.engine, version, p.Expr)
			}
		}
		if !strings.Contains(p.Text, "Pin: version "+c.text+"\n") || strings.Contains(p.Text, "docker.io-cli") {
			t.Errorf("apt reads\n%s", p.Text)
		}
	}
	for _, bad := range []string{"*", "^28", "28 29", "28.*.1", "28\n"} {
		if p, err := packages.PinOf(packages.Choice{Engine: "docker-ce"}, bad); err == nil {
			t.Errorf("%q became %+v", bad, p)
		}
	}
}
