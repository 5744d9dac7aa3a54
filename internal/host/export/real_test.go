package export_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/export"
	"iact-infra/internal/host/packages"
)

// TestRealAnsibleReadsThePlaybook is about the form; what it does is tried on a
// machine of its own (internal/host/packages, ansible_real_test.go).
func TestRealAnsibleReadsThePlaybook(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	dir := t.TempDir()
	args := []string{"--syntax-check", "--inventory", "localhost,"}
	for _, from := range []string{packages.DockerCom, packages.Distribution, packages.Auto} {
		file := filepath.Join(dir, from+".yaml")
		if err := os.WriteFile(file, []byte(text(t, export.Ansible, wants(from, "28.*"))), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if err := os.WriteFile(filepath.Join(dir, "ansible.cfg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	check := command.Read("ansible-playbook", args...)
	check.Env = []string{"LC_ALL=C.UTF-8", "ANSIBLE_LOCAL_TEMP=" + filepath.Join(dir, "tmp"), "ANSIBLE_HOME=" + dir, "ANSIBLE_CONFIG=" + filepath.Join(dir, "ansible.cfg")}
	lacks(t, door, "ansible-playbook")
	if out, err := door.Text(t.Context(), check).String(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// lacks skips a test without its program. In CI that counts as a failure.
func lacks(t *testing.T, door *command.Door, program string) {
	t.Helper()
	if err := door.Run(t.Context(), command.Read("sh", "-c", `command -v -- "$1"`, "sh", program)); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%v: scripts/testbed/install.sh installs it", err) //nolint:forbidigo // in CI it fails
	}
}

// TestRealSlowCloudInitTakesTheUserData unpacks cloud-init, since to install it
// would change how this machine starts. apt fetches what it needs, once.
func TestRealSlowCloudInitTakesTheUserData(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	lacks(t, door, "apt-get")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	const script = `set -e
if command -v cloud-init >/dev/null; then exec cloud-init schema --config-file "$2"; fi
mkdir -p "$1"; exec 9>"$1.lock"; flock 9
if [ ! -d "$1/root" ]; then
  mkdir -p "$1/debs/partial"
  apt-get -qq -y -o Debug::NoLocking=true -o Dir::Cache::archives="$1/debs" --no-install-recommends --download-only install cloud-init >&2
  rm -rf "$1/new"; mkdir "$1/new"
  for deb in "$1"/debs/*.deb; do dpkg-deb -x "$deb" "$1/new"; done
  mv "$1/new" "$1/root"
fi
PYTHONPATH=$1/root/usr/lib/python3/dist-packages exec python3 "$1/root/usr/bin/cloud-init" schema --config-file "$2"`
	schema := func(out string) error {
		file := filepath.Join(t.TempDir(), "user-data")
		if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
		c := command.Read("bash", "-c", script, "bash", filepath.Join(cache, "iact-tests", "cloud-init"), file)
		c.Timeout = 3 * time.Minute
		return door.Run(t.Context(), c)
	}
	for _, from := range []string{packages.DockerCom, packages.Distribution} {
		for _, pin := range []string{"", "28.*"} {
			if err := schema(text(t, export.CloudInit, wants(from, pin))); err != nil {
				t.Errorf("%s %s: %v", from, pin, err)
			}
		}
	}
	// It does look.
	if err := schema(strings.Replace(text(t, export.CloudInit, wants(packages.Auto, "")), "groups: [docker]", "groups: 7", 1)); err == nil {
		t.Error("a group that is a number was taken")
	}
}
