package daemon_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
)

func on() *bool { yes := true; return &yes }

func merged(t *testing.T, old string, want daemon.Settings) (text string, changes []daemon.Change) {
	t.Helper()
	out, changes, err := daemon.Merge([]byte(old), want)
	if err != nil {
		t.Fatal(err)
	}
	again, more, err := daemon.Merge(out, want)
	if err != nil || len(more) > 0 || !bytes.Equal(again, out) {
		t.Errorf("the second merge changes %v, %v:\n%s", more, err, again)
	}
	return string(out), changes
}

func TestAnUnknownKeyStaysWhereItWas(t *testing.T) {
	t.Parallel()
	old := "{\n\t\"runtimes\": {\"nvidia\": {\"path\": \"nvidia-container-runtime\"}},\n\t\"max-concurrent-downloads\": 1e1,\n" +
		"\t\"log-opts\": {\n\t\t\"tag\": \"{{.Name}}\",\n\t\t\"max-size\" : \"1g\"\n\t},\n\t\"dns\": [\n\t\t\"1.1.1.1\"\n\t]\n}"
	want := "{\n\t\"runtimes\": {\"nvidia\": {\"path\": \"nvidia-container-runtime\"}},\n\t\"max-concurrent-downloads\": 1e1,\n" +
		"\t\"log-opts\": {\n\t\t\"tag\": \"{{.Name}}\",\n\t\t\"max-size\" : \"10m\",\n\t\t\"max-file\": \"3\"\n\t},\n\t\"dns\": [\n\t\t\"1.1.1.1\"\n\t],\n" +
		"\t\"live-restore\": true,\n\t\"features\": {\n\t\t\"buildkit\": true\n\t}\n}"
	got, changes := merged(t, old, daemon.Settings{LogSize: "10m", LogFiles: 3, DNS: []string{"1.1.1.1"}, LiveRestore: on(), BuildKit: on()})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if first := (daemon.Change{Key: "log-opts.max-size", Old: `"1g"`, New: `"10m"`, Needs: daemon.Restart}); len(changes) != 4 || changes[0] != first {
		t.Errorf("changes are %v, want 4, first %v", changes, first)
	}
}

func TestAFileKeepsItsForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, want string }{
		"four blanks":                 {"{\n    \"icc\": true\n}\n", "{\n    \"icc\": true,\n    \"log-opts\": {\n        \"max-size\": \"10m\"\n    }\n}\n"},
		"lines of Windows":            {"{\r\n  \"icc\": true\r\n}\r\n", "{\r\n  \"icc\": true,\r\n  \"log-opts\": {\r\n    \"max-size\": \"10m\"\r\n  }\r\n}\r\n"},
		"one line":                    {`{"icc": true}`, `{"icc": true, "log-opts": {"max-size": "10m"}}`},
		"one line without blanks":     {`{"icc":true}`, `{"icc":true,"log-opts":{"max-size":"10m"}}`},
		"an empty object":             {"{}", "{\n  \"log-opts\": {\n    \"max-size\": \"10m\"\n  }\n}"},
		"an empty object inside":      {"{\n \"log-opts\": {}\n}", "{\n \"log-opts\": {\n  \"max-size\": \"10m\"\n }\n}"},
		"something else in its place": {"{\n  \"log-opts\": null\n}", "{\n  \"log-opts\": {\n    \"max-size\": \"10m\"\n  }\n}"},
		"no file":                     {"", "{\n  \"log-opts\": {\n    \"max-size\": \"10m\"\n  }\n}\n"},
		"a blank file":                {" \n\t", "{\n  \"log-opts\": {\n    \"max-size\": \"10m\"\n  }\n}\n"},
		"what it has already":         {"{\"log-opts\"\n:{ \"max-size\"\t:\"\\u0031\\u0030m\" } }  \n\n", "{\"log-opts\"\n:{ \"max-size\"\t:\"\\u0031\\u0030m\" } }  \n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := merged(t, c.old, daemon.Settings{LogSize: "10m"}); got != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestNothingWantedChangesNothing(t *testing.T) {
	t.Parallel()
	for _, old := range []string{"", "  ", "{}", "{ \"a\" : 1.0 }"} {
		if got, changes := merged(t, old, daemon.Settings{}); got != old || len(changes) > 0 {
			t.Errorf("%q became %q, %v", old, got, changes)
		}
	}
}

func TestAnAddressPoolIsComparedByWhatItSays(t *testing.T) {
	t.Parallel()
	old := "{\"default-address-pools\": [\n  {\"size\": 24, \"base\": \"172.20.0.0/14\"}\n]}"
	if got, _ := merged(t, old, daemon.Settings{Pools: []string{"172.20.0.0/14"}}); got != old {
		t.Errorf("got %s", got)
	}
	got, _ := merged(t, old, daemon.Settings{Pools: []string{"172.20.0.0/14"}, PoolSize: 26})
	if want := `{"default-address-pools": [{"base": "172.20.0.0/14", "size": 26}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFileThatIsNoJSONIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, want string }{
		"a comma too many":          {"{\n  \"dns\": [],\n}", "line 3, column 1: invalid character '}'"},
		"a comma too few":           {"{\n  \"é\": [] \"x\": 1}", "line 2, column 11: invalid character '\"'"},
		"an end too early":          {"{\n \"dns\": [", "line 2, column 9: unexpected end"},
		"something behind":          {"{}\n{}", "line 2, column 1"},
		"a comment":                 {"{\n // mine\n}", "line 2, column 2: JSON has no comments"},
		"a byte order mark":         {"\xef\xbb\xbf{}", "byte order mark"},
		"no object":                 {"[]", "line 1, column 1: it holds no object"},
		"nothing at all":            {"null", "it holds no object"},
		"a key that is there twice": {"{\n \"dns\": [],\n \"dns\": []}", `line 3, column 2: the key "dns" is there twice, first at line 2, column 2`},
		"a key twice inside":        {`{"log-opts": {"max-size": "1", "max-size": "2"}}`, `the key "log-opts.max-size" is there twice`},
		"a key twice in a list":     {`{"default-address-pools": [{"size": 1, "size": 2}]}`, `the key "default-address-pools[].size" is there twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := daemon.Merge([]byte(c.old), daemon.Settings{Debug: on()})
			if err == nil || !strings.Contains(err.Error(), c.want) || fault.Hint(err) == "" || fault.Code(err) != fault.Usage {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAValueThatNoDaemonTakesIsRefused(t *testing.T) {
	t.Parallel()
	_, _, err := daemon.Merge(nil, daemon.Settings{
		LogSize: "ten", DNS: []string{"dns.example"}, Mirrors: []string{"mirror.example"}, DataRoot: "docker",
		Pools: []string{"172.16.0.0"}, LogFiles: -1, Insecure: []string{"https://registry.example"},
	})
	if err == nil {
		t.Fatal("all was taken")
	}
	for _, want := range []string{"log size", "log files", "dns", "registry mirror", "data root", "address pool", "insecure registry"} {
		if !strings.Contains(err.Error(), "check "+want) {
			t.Errorf("%s is missing: %v", want, err)
		}
	}
	if _, _, err := daemon.Merge(nil, daemon.Settings{Pools: []string{"172.16.0.0/28"}}); err == nil {
		t.Error("networks of /24 out of a pool of /28 were taken")
	}
}

func TestWhatAKeyNeeds(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]daemon.Need{
		"live-restore": daemon.Reload, "registry-mirrors": daemon.Reload, "features.buildkit": daemon.Reload,
		"log-opts.max-size": daemon.Restart, "dns": daemon.Restart, "of a later version": daemon.Restart,
	} {
		if got := daemon.NeedOf(key); got != want {
			t.Errorf("%s needs %s, want %s", key, got, want)
		}
	}
}

func FuzzMerge(f *testing.F) {
	for _, seed := range []string{"", "{}", "{\n\t\"a\": 1e999\n}", `{"log-opts":{"max-size":1,"x":[{}]},"dns":null}`, "{\"features\":{}}\r\n", `{"a":"\ud800"}`, "{\"log-opts\":\n{}}"} {
		f.Add([]byte(seed), "10m", true)
	}
	f.Fuzz(func(t *testing.T, old []byte, size string, live bool) {
		want := daemon.Settings{LogSize: size, LiveRestore: &live, BuildKit: &live, DNS: []string{"9.9.9.9"}, Pools: []string{"10.0.0.0/8"}}
		out, changes, err := daemon.Merge(old, want)
		if err != nil {
			return
		}
		if len(changes) == 0 && !bytes.Equal(old, out) {
			t.Fatalf("nothing changes, and yet %q became %q", old, out)
		}
		if again, more, err := daemon.Merge(out, want); err != nil || len(more) > 0 || !bytes.Equal(again, out) {
			t.Fatalf("%q became %q, and that %q: %v %v", old, out, again, more, err)
		}
		var before, after map[string]json.RawMessage
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%q became %q: %v", old, out, err)
		}
		if len(bytes.TrimSpace(old)) == 0 {
			return
		}
		if err := json.Unmarshal(old, &before); err != nil {
			t.Fatalf("%q was merged: %v", old, err)
		}
		for key, value := range before {
			ours := key == "log-opts" || key == "live-restore" || key == "dns" || key == "features" || key == "default-address-pools"
			if !ours && !bytes.Equal(after[key], value) {
				t.Fatalf("%q: %q became %q", key, value, after[key])
			}
		}
	})
}
