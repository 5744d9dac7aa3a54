package venv_test

import (
	"strings"
	"testing"

	"iact-infra/internal/cpython/venv"
)

func TestTheConfigurationsOfAllMakersAreRead(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		text string
		want venv.Env
	}{
		"venv":       {"home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11.2\nexecutable = /usr/bin/python3.11\nprompt = 'it\\'s'\n", venv.Env{Home: "/usr/bin", Version: "3.11.2", Executable: "/usr/bin/python3.11", Prompt: "it's", SystemSite: true}},
		"virtualenv": {"home=/usr/bin\nversion_info = 3.9.2.final.0\nbase-executable = /usr/bin/python3.9\n", venv.Env{Home: "/usr/bin", Version: "3.9.2", Executable: "/usr/bin/python3.9"}},
		"uv":         {"HOME = /x/bin\r\nuv = 0.4.1\r\nversion_info = 3.13.0rc1\r\nprompt = app", venv.Env{Home: "/x/bin", Version: "3.13.0rc1", Prompt: "app"}},
		"hand":       {"# note\n\nhome = /a = b\nversion = ../../etc\nprompt = \"a 'b'\"", venv.Env{Home: "/a = b", Prompt: "a 'b'"}},
	} {
		got, err := venv.Parse([]byte(one.text))
		if err != nil || got != one.want {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, one.want)
		}
	}
	if _, err := venv.Parse([]byte("version = 3.11.2\n")); err == nil {
		t.Error("read a configuration without home")
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("home = /usr/bin\nversion = 3.11.2\nprompt = 'a\\'")
	f.Add("home=\nHOME = x\r\nversion_info = 3.9.2.final.0")
	f.Add("=\n==\n'")
	f.Fuzz(func(t *testing.T, text string) {
		env, err := venv.Parse([]byte(text))
		if err != nil {
			return
		}
		// The version becomes a part of a name.
		if strings.ContainsAny(env.Version, "/-\x00\n") || env.Home == "" || strings.Contains(env.Home, "\n") {
			t.Errorf("%q: %+v", text, env)
		}
		again, err := venv.Parse([]byte("home = " + env.Home + "\nversion = " + env.Version))
		if err != nil || again.Home != env.Home || again.Version != env.Version {
			t.Errorf("%q: %+v, read again %+v, %v", text, env, again, err)
		}
	})
}
