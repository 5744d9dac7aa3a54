package source

import (
	"strings"
	"testing"
)

func TestAVolumeOfANetworkShareIsToldWithoutItsPassword(t *testing.T) {
	t.Parallel()
	v := &Volume{Volume: "share", Docker: &Docker{}}
	v.found.Options = map[string]string{"type": "cifs", "o": "username=u,password=s3cret,uid=3", "device": "//nas/share"}
	for key, text := range v.detail("", nil) {
		if strings.Contains(text, "s3cret") {
			t.Errorf("%s says %s", key, text)
		}
	}
	if o := v.detail("", nil)["options"]; !strings.Contains(o, "username=u,password=***,uid=3") {
		t.Errorf("its options are told as %s", o)
	}
}
