package volumes

import "testing"

const lines = `114 65 0:43 / / rw,relatime master:5 - overlay overlay rw,lowerdir=/l
150 114 254:0 /home/a/my\040project//deleted /data rw,noexec - ext4 /dev/vda ro,discard
151 114 254:0 /b /data rw shared:1 master:2 - ext4 /dev/vda rw
`

func TestAMountOverAnotherIsTheOneThatCounts(t *testing.T) {
	t.Parallel()
	all := parseMounts(lines)
	if len(all) != 3 {
		t.Fatalf("got %+v", all)
	}
	if below := all[1]; below.root != "/home/a/my project" || !below.gone || below.options[1] != "noexec" || below.super[0] != "ro" {
		t.Errorf("got %+v", below)
	}
	if over := at(all, "/data/"); over == nil || over.root != "/b" || over.gone || over.fs != "ext4" || over.device != "/dev/vda" {
		t.Errorf("got %+v", over)
	}
	if none := at(all, "/none"); none != nil {
		t.Errorf("got %+v", none)
	}
}

func FuzzParseMounts(f *testing.F) {
	for _, seed := range []string{lines, `1 2 3 \0 \04 - - -`, `1 2 3 4 5 6 - a b c`, "- - - - - - - - -", `1 2 3 / \777\1 rw - x y z`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range parseMounts(text) {
			if m.fs == "" || len(m.options) == 0 || len(m.super) == 0 {
				t.Errorf("%q: %+v is no mount", text, m)
			}
		}
	})
}

func TestAVolumeOfAPathIsTheNearestOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, folder string
		want         bool
	}{{"/a/b", "/a", true}, {"/a", "/a/", true}, {"/ab", "/a", false}, {"/x", "/", true}, {"/a/../b", "/a", false}} {
		if got := within(c.name, c.folder); got != c.want {
			t.Errorf("within(%s, %s) is %v", c.name, c.folder, got)
		}
	}
}
