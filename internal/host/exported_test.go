package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
)

func TestAnExportIsWrittenOnceAndNeverOverSomethingElse(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "config"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module iact-infra\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(root, "config/iact.yaml"), []byte("host: {user: ana, daemon: {icc: false}}\n"), 0o644))
	room := host.New(host.Options{Config: func() (*config.Config, error) {
		return config.Load(config.Options{Root: root, Getenv: func(string) string { return "" }})
	}})
	said, err := room.Export("ansible", "", "")
	if err != nil || said.Path != "" || !strings.Contains(said.Text, `iact_user: "ana"`) || !strings.Contains(said.Text, `"icc": false`) {
		t.Fatalf("got %v\n%s", err, said.Text)
	}
	to := filepath.Join(root, "playbook.yaml")
	for range 2 {
		done, err := room.Export("ansible", "", to)
		if text, lost := os.ReadFile(to); err != nil || lost != nil || string(text) != said.Text || done.Path != to || done.Text != "" {
			t.Errorf("got %+v, %v, %v", done, err, lost)
		}
	}
	refused := func(format, distribution, to, want string) {
		t.Helper()
		if _, err := room.Export(format, distribution, to); err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("got %v, %q, want %q", err, fault.Hint(err), want)
		}
	}
	refused("cloud-init", "debian", to, "it exists and holds something else")
	refused("ansible", "debian", "", "finds out itself")
	refused("ansible", "", filepath.Join(root, "no/such/place"), "no such file or directory")
	refused("ansible", "", root, "is a directory")
	if left, err := filepath.Glob(filepath.Join(root, ".new-*")); err != nil || len(left) > 0 {
		t.Errorf("left are %q, %v", left, err)
	}
}
