package testbed_test

import (
	"strings"
	"testing"

	"iact-infra/internal/testbed"
)

func TestRealARootIsASystemOfItsOwn(t *testing.T) {
	t.Parallel()
	one, other := testbed.OwnRoot(t), testbed.OwnRoot(t)
	before := one.Picture()
	one.Sh("groupadd own; echo own >/etc/own")
	if said := other.Sh("getent group own; cat /etc/own 2>/dev/null; dpkg-query -W -f '${db:Status-Abbrev}' apt"); said != "ii" {
		t.Errorf("another root has %q", said)
	}
	if !strings.Contains(one.Sh("apt-cache policy"), "Package files") {
		t.Error("apt does not answer")
	}
	one.Sh("groupdel own; rm /etc/own")
	one.Same(before)
}
