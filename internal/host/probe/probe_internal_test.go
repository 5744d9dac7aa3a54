package probe

import (
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"
)

func TestWhatAContainerSaysIsRead(t *testing.T) {
	t.Parallel()
	s := parseSeen("clock\t1795808308\nforward\t0\nresolver\t127.0.0.11\nproxy\thttps_proxy\thttp://p:3128\nname\ta:1\t192.0.2.1 192.0.2.2\nreach\ta:1\t! 192.0.2.1: Connection refused\nmtu\ta:1\t1500\t1400\nmtu\tb:1\t! Network is unreachable\n")
	want := Seen{
		Clock: time.Unix(1795808308, 0), Forward: "0", Resolvers: []string{"127.0.0.11"}, Proxies: map[string]string{"https_proxy": "http://p:3128"},
		Names: map[string]Answer{"a:1": {Said: "192.0.2.1 192.0.2.2"}}, Reached: map[string]Answer{"a:1": {Why: "192.0.2.1: Connection refused"}},
		Sizes: map[string]Size{"a:1": {First: 1500, Way: 1400}, "b:1": {Why: "Network is unreachable"}},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add("clock\t1\nname\ta\nmtu\nwrites\t10\t0\nproxy\nreach\t\n")
	f.Add("writes\t1\t2\t3\nproxy\tx\nmtu\tx\ty\tz\n")
	f.Fuzz(func(t *testing.T, text string) {
		for target, size := range parseSeen(text).Sizes {
			if size.Why != "" && size.First != 0 {
				t.Errorf("%s has a size and none: %+v", target, size)
			}
		}
		if n, reason := rate(text, "writes", nil); reason != "" && n != 0 {
			t.Errorf("a rate of %f, and none: %s", n, reason)
		}
	})
}

func TestARunIsGoneWhenItsProcessIsAndOneOfAnotherMachineAfterAnHour(t *testing.T) {
	t.Parallel()
	now := time.Now()
	mine := newToken(now)
	elsewhere := func(age time.Duration) string { return fmt.Sprintf("%08x-1-1-%x", ^here(), now.Add(-age).UnixNano()) }
	for token, want := range map[string]bool{
		mine: false,
		fmt.Sprintf("%08x-%d-%s-%x", here(), os.Getpid(), "17", now.UnixNano()): true, // the number is another process's by now
		elsewhere(time.Minute):   false,
		elsewhere(2 * time.Hour): true,
		"":                       false,
		"of-somebody-else":       false,
		"a-b-c-zz":               false,
	} {
		if got := gone(token, now); got != want {
			t.Errorf("%q: %t", token, got)
		}
	}
	for name, want := range map[string]string{prefix + mine: mine, prefix + mine + ".server": mine, repository + ":" + mine: mine, "db": "", "other/probe:" + mine: ""} {
		if got := tokenOf(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
