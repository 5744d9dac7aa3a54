package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/config"
)

func TestAChangeIsTriedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	draft := map[string][]byte{filepath.Join(root, "config", "iact.local.yaml"): []byte("vm: {machines: [mariadb, postgresql]}\n")}
	none := func(string) string { return "" }
	c, err := config.Load(config.Options{Root: root, Getenv: none, Draft: draft})
	if err != nil || strings.Join(c.VM.Machines, " ") != "mariadb postgresql" {
		t.Errorf("got %+v, %v", c, err)
	}
	draft[filepath.Join(root, "config", "iact.local.yaml")] = []byte("vm: {machines: [../x]}\n")
	if _, err = config.Load(config.Options{Root: root, Getenv: none, Draft: draft}); err == nil || !strings.Contains(err.Error(), "config/iact.local.yaml:1:17: vm.machines[0]: got \"../x\"; a machine is named as in the Vagrantfile") {
		t.Errorf("got %v", err)
	}
}
