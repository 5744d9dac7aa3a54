package export_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/host/export"
	"iact-infra/internal/host/packages"
)

func on() *bool { yes := true; return &yes }

// wants is a configuration with a bit of everything.
func wants(from, version string) export.Wants {
	return export.Wants{
		User: "ana", Base: []string{"curl", "gnupg"}, Upgrade: true, Hello: "mirror.example:5000/hello-world",
		Docker: packages.DockerOptions{From: from, Version: version},
		Daemon: daemon.Settings{
			LogSize: "10m", LogFiles: 3, LiveRestore: on(), Pools: []string{"172.28.0.0/14"}, DNS: []string{"192.0.2.53"},
			Mirrors: []string{"https://mirror.example/<a>&b"}, BuildKit: on(),
		},
	}
}

func text(t *testing.T, format string, w export.Wants) string {
	t.Helper()
	out, err := export.Text(format, w)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := export.Text(format, w); err != nil || again != out {
		t.Errorf("%s: a second time it is another text, %v", format, err)
	}
	return out
}

func read(t *testing.T, out string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// task is one of a playbook: its name, its module with arguments, and the rest.
type task = map[string]any

// play is a playbook's only one.
type play struct {
	Vars     map[string]any
	Handlers []task
	Tasks    []task
}

func playOf(t *testing.T, w export.Wants) play {
	t.Helper()
	var plays []play
	read(t, text(t, export.Ansible, w), &plays)
	if len(plays) != 1 {
		t.Fatalf("%d plays", len(plays))
	}
	return plays[0]
}

// all are the tasks, those of blocks in their place.
func (p play) all() []task {
	var flat []task
	for _, one := range p.Tasks {
		flat = append(flat, one)
		for _, part := range []string{"block", "always"} {
			inner, _ := one[part].([]any)
			for _, each := range inner {
				fields, _ := each.(map[string]any)
				flat = append(flat, fields)
			}
		}
	}
	return flat
}

// names are what a kind of module is given by one of its fields, in order.
func (p play) given(module, field string) []any {
	var all []any
	for _, one := range p.all() {
		if args, ok := one["ansible.builtin."+module].(map[string]any); ok && args[field] != nil {
			all = append(all, args[field])
		}
	}
	return all
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n%v\nwant\n%v", what, got, want)
	}
}

func anys(names []string) []any {
	all := make([]any, len(names))
	for i, name := range names {
		all[i] = name
	}
	return all
}

// merged is daemon.json as host:daemon makes it where there is none.
func merged(t *testing.T, w export.Wants) (values map[string]any) {
	t.Helper()
	out, _, err := daemon.Merge(nil, w.Daemon)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// plain gives YAML's numbers the form of JSON's.
func plain(t *testing.T, value any) (out map[string]any) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAPlaybookDoesWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	w := wants(packages.DockerCom, "28.*")
	p := playOf(t, w)
	choice, err := packages.Choose(packages.DockerCom, packages.Facts{})
	if err != nil {
		t.Fatal(err)
	}
	installed := p.given("apt", "name")
	if len(installed) != 3 {
		t.Fatalf("apt is given %v", installed)
	}
	same(t, "packages that come first", installed[0], []any{"curl", "gnupg", "ca-certificates"})
	same(t, "packages of Docker", installed[2], anys(choice.Packages))
	gone, _ := installed[1].([]any)
	if !slices.Contains(gone, "docker.io") || !slices.Contains(gone, "podman-docker") || slices.Contains(gone, "docker-ce") {
		t.Errorf("%v are removed", gone)
	}
	same(t, "settings", plain(t, p.Vars["iact_daemon"]), merged(t, w))
	same(t, "keys that a reload is enough for", p.Vars["iact_reloaded"], []any{"live-restore", "registry-mirrors", "features"})
	same(t, "the user", p.Vars["iact_user"], "ana")
	contents := p.given("copy", "content")
	system := packages.System{Base: "{{ ansible_facts['distribution'] | lower }}", BaseCodename: "{{ ansible_facts['distribution_release'] }}", Arch: "{{ iact_arch.stdout }}"}
	repository, err := packages.DockerRepository(system, w.Docker)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the source", contents[0], repository.SourceText())
	same(t, "where the key comes from", p.given("get_url", "url"), []any{repository.Key})
	if pin, _ := contents[1].(string); !strings.Contains(pin, "Package: docker-ce docker-ce-cli\nPin: version 5:28.*\n") {
		t.Errorf("the pin is %q", pin)
	}
	if out := text(t, export.Ansible, w); strings.Count(out, packages.DockerFingerprint) < 2 || !strings.Contains(out, "upgrade: safe") {
		t.Errorf("no fingerprint is compared, or nothing upgraded:\n%s", out)
	}
}

func TestEveryTaskNamesItsStepAndIsOfTheModulesThatAreAlwaysThere(t *testing.T) {
	t.Parallel()
	known := []string{"name", "when", "register", "changed_when", "failed_when", "check_mode", "notify", "vars", "block", "always"}
	for _, from := range []string{packages.DockerCom, packages.Distribution, packages.Auto} {
		p := playOf(t, wants(from, "28.5.1"))
		steps := map[string]bool{}
		for _, one := range p.all() {
			name, _ := one["name"].(string)
			if !strings.HasPrefix(name, "Step ") {
				t.Errorf("%s: task %q names no step", from, name)
			}
			steps[name[:min(6, len(name))]] = true
			modules := 0
			for key := range one {
				if strings.HasPrefix(key, "ansible.builtin.") {
					modules++
				} else if !slices.Contains(known, key) {
					t.Errorf("%s: %q has the key %s", from, name, key)
				}
			}
			if modules != 1 && one["block"] == nil {
				t.Errorf("%s: %q has %d modules", from, name, modules)
			}
			// A command is no state: whether it changes something has to be said.
			if one["ansible.builtin.command"] != nil && one["changed_when"] != false {
				t.Errorf("%s: %q changes something each time", from, name)
			}
		}
		for _, step := range []string{"Step 1", "Step 2", "Step 3", "Step 4", "Step 6", "Step 7"} {
			if !steps[step] {
				t.Errorf("%s: nothing is of %s", from, step)
			}
		}
	}
}

func TestTheDistributionsDockerNeedsNoRepository(t *testing.T) {
	t.Parallel()
	p := playOf(t, wants(packages.Distribution, ""))
	installed := p.given("apt", "name")
	if last, _ := installed[len(installed)-1].(string); !strings.Contains(last, "['docker.io'] + ['docker-cli', 'docker-buildx'] | intersect(offered)") || !strings.Contains(last, "docker-compose-v2") {
		t.Errorf("installed is %v", installed)
	}
	for _, format := range []string{export.Ansible, export.CloudInit} {
		out := text(t, format, wants(packages.Distribution, ""))
		for _, own := range []string{"docker-ce", "download.docker.com", packages.DockerFingerprint} {
			if strings.Contains(out, own) {
				t.Errorf("%s holds %s", format, own)
			}
		}
	}
}

func TestWithoutWishesNothingOfTheDaemonIsSet(t *testing.T) {
	t.Parallel()
	w := export.Wants{Hello: "hello-world"}
	same(t, "settings", plain(t, playOf(t, w).Vars["iact_daemon"]), map[string]any{})
	var u userData
	read(t, text(t, export.CloudInit, w), &u)
	if len(u.Files) > 0 || u.Upgrade {
		t.Errorf("it is %+v", u)
	}
	same(t, "users", u.Users[1], map[string]any{"name": "ubuntu", "groups": []any{"docker"}, "shell": "/bin/bash"})
}

func TestWhatAnotherEngineWouldTakeForSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format string
		change func(*export.Wants)
		want   string
	}{
		"a format":             {"chef", func(*export.Wants) {}, `"chef": there is no such format`},
		"a place":              {export.Ansible, func(w *export.Wants) { w.Docker.From = "the moon" }, "there is no such place"},
		"a user":               {export.Ansible, func(w *export.Wants) { w.User = "a b" }, "is not the name of a user"},
		"an expression":        {export.Ansible, func(w *export.Wants) { w.Docker.Repository = "https://{{ lookup('pipe', 'id') }}" }, "would be an expression"},
		"one in a setting":     {export.Ansible, func(w *export.Wants) { w.Daemon.DataRoot = "/srv/{% raw %}" }, "would be an expression"},
		"a variable":           {export.CloudInit, func(w *export.Wants) { w.Docker.Repository = "https://$MIRROR" }, "would be an expression"},
		"a setting":            {export.Ansible, func(w *export.Wants) { w.Daemon.LogSize = "ten" }, "check log size"},
		"half a fingerprint":   {export.Ansible, func(w *export.Wants) { w.Docker.Fingerprint = "8D81803C0EBFCD88" }, "all 40 hexadecimal digits"},
		"a pin":                {export.Ansible, func(w *export.Wants) { w.Docker.Version = "^28" }, `version pin "^28"`},
		"a key of the mirror":  {export.CloudInit, func(w *export.Wants) { w.Docker.Fingerprint = strings.Repeat("ab", 20) }, "no key server has the key"},
		"another distribution": {export.CloudInit, func(w *export.Wants) { w.Distribution = "fedora" }, "only Debian and Ubuntu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wants(packages.DockerCom, "28.*")
			c.change(&w)
			if out, err := export.Text(c.format, w); err == nil || !strings.Contains(err.Error(), c.want) || fault.Code(err) != fault.Usage || fault.Hint(err) == "" || out != "" {
				t.Errorf("got %v, %d, %q", err, fault.Code(err), fault.Hint(err))
			}
		})
	}
}
