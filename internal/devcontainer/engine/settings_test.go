package engine_test

import (
	"strings"
	"testing"

	"iact-infra/internal/devcontainer/engine"
)

func TestASettingThatDockerdRefusesIsFoundWhereItStands(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		line, column int
		seen, cause  string
	}{
		"{\n  \"debug\": true,\n}":                {3, 1, "invalid character", "no JSON"},
		"{\n  // comment\n  \"debug\": true}":     {2, 3, "// comment", "no comments"},
		`{"debug": true`:                          {1, 14, "unexpected end", "no JSON"},
		"\xef\xbb\xbf{}":                          {1, 1, "invalid character", "byte order mark"},
		`["debug"]`:                               {1, 1, "debug", "no object"},
		"{\n  \"debgu\": true}":                   {2, 3, `"debug" is`, "does not know the key debgu"},
		`{"dns": "1.1.1.1"}`:                      {1, 2, "dns is \"1.1.1.1\"", "wants a list of texts"},
		`{"debug": "yes"}`:                        {1, 2, "debug is", "wants true or false"},
		`{"log-opts": {"max-size": 10}}`:          {1, 2, "log-opts is", "an object of texts"},
		`{"features": {"buildkit": "true"}}`:      {1, 2, "features is", "an object of true or false"},
		`{"max-concurrent-downloads": "3"}`:       {1, 2, "max-concurrent-downloads", "wants a number"},
		`{"registry-mirrors": ["http://a", 5]}`:   {1, 2, "registry-mirrors", "a list of texts"},
		`{"quite-new-setting-of-2030": {"a": 1}}`: {1, 2, "is no setting", "does not know"},
	} {
		line, column, seen, cause := engine.CheckSettings(text)
		if line != want.line || column != want.column || !strings.Contains(seen, want.seen) || !strings.Contains(cause, want.cause) {
			t.Errorf("%s: %d:%d %q: %q, want %+v", text, line, column, seen, cause, want)
		}
	}
}

func TestSettingsThatDockerdTakesAreTaken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "  \n", "{}", "null",
		`{"data-root": "/d", "log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, "features": {"buildkit": true}}`,
		`{"default-address-pools": [{"base": "10.1.0.0/16", "size": 24}], "dns": [], "mtu": 1400, "iptables": false, "debug": null}`,
		`{"runtimes": {"nvidia": {"path": "x", "runtimeArgs": []}}, "default-runtime": "nvidia", "default-shm-size": "64M", "proxies": {"http-proxy": "x"}}`,
		`{"builder": {"gc": {"enabled": true}}, "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 1, "Soft": 1}}, "userns-remap": "default"}`,
	} {
		if line, _, seen, cause := engine.CheckSettings(text); seen != "" {
			t.Errorf("%s: line %d: %s: %s", text, line, seen, cause)
		}
	}
}

func TestAnOptionHasTheNameOfItsSetting(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"-H": "hosts", "--host=fd://": "hosts", "-Hunix:///x": "hosts", "-D": "debug", "--debug": "debug", "--label=a=b": "labels", "--dns": "dns",
		"--log-opt": "log-opts", "--registry-mirror=http://x": "registry-mirrors", "--data-root": "data-root", "/usr/bin/dockerd": "", "fd://": "",
		"--exec-opt": "exec-opts", "--bip=10.0.0.1/24": "bip", "--insecure-registry": "insecure-registries", "--iptables=false": "iptables",
	} {
		if got := engine.FlagKey(word); got != want {
			t.Errorf("%s is %q, want %q", word, got, want)
		}
	}
}

func FuzzNoSettingsBreakTheReader(f *testing.F) {
	for _, seed := range []string{"{", `{"debug":`, `{"debgu":1}`, "[1]", "\xef\xbb\xbf{}", "{\"a\": \"\n\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, column, seen, cause := engine.CheckSettings(text)
		if (seen == "") != (cause == "") || seen != "" && (line < 1 || column < 1) {
			t.Errorf("%q: %d:%d %q %q", text, line, column, seen, cause)
		}
	})
}
