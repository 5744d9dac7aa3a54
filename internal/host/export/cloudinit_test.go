package export_test

import (
	"encoding/json"
	"strings"
	"testing"

	"iact-infra/internal/host/export"
	"iact-infra/internal/host/packages"
)

// userData is what a machine is told.
type userData struct {
	Packages []string
	Upgrade  bool `yaml:"package_upgrade"`
	Apt      struct {
		Sources map[string]struct{ Source, Keyid string }
	}
	Files  []struct{ Path, Content, Permissions string } `yaml:"write_files"`
	Groups []string
	Users  []any
	Run    []any `yaml:"runcmd"`
}

func TestUserDataDoesWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	w := wants(packages.Auto, "28.5.1")
	w.Distribution = "debian"
	out := text(t, export.CloudInit, w)
	if !strings.HasPrefix(out, "#cloud-config\n") {
		t.Error("cloud-init would not know it")
	}
	var u userData
	read(t, out, &u)
	choice, err := packages.Choose(packages.DockerCom, packages.Facts{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "packages", u.Packages, append([]string{"curl", "gnupg", "ca-certificates"}, choice.Packages...))
	source := u.Apt.Sources["docker.list"]
	same(t, "the source", source.Source, "deb [signed-by=$KEY_FILE] https://download.docker.com/linux/debian $RELEASE stable")
	same(t, "the key", source.Keyid, packages.DockerFingerprint)
	var settings map[string]any
	if err := json.Unmarshal([]byte(u.Files[0].Content), &settings); err != nil {
		t.Fatal(err)
	}
	same(t, "settings", settings, merged(t, w))
	same(t, "where they are", u.Files[0].Path, "/etc/docker/daemon.json")
	if pin := u.Files[1].Content; !strings.Contains(pin, "Pin: version 5:28.5.1-*\n") {
		t.Errorf("the pin is %q", pin)
	}
	same(t, "users", u.Users, []any{"default", map[string]any{"name": "ana", "groups": []any{"docker"}, "shell": "/bin/bash"}})
	same(t, "the last that runs", u.Run[len(u.Run)-1], []any{"docker", "run", "--rm", w.Hello})
	if !u.Upgrade || u.Run[0] != "set -e" {
		t.Errorf("it is %+v", u)
	}
}
