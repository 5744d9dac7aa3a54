package devcontainer_test

import (
	"strings"
	"testing"

	"iact-infra/internal/host/devcontainer"
	"iact-infra/internal/testbed"
)

// TestRealWhatBelongsToAStartedDevcontainerGoesWithItAndNothingElse has the
// containers of a Compose project by their labels, which is how Compose and the CLI
// know them.
func TestRealWhatBelongsToAStartedDevcontainerGoesWithItAndNothingElse(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	image, name := d.Busybox(t), strings.ToLower(d.Name(t))
	folder, project := "/home/ana/"+name, "com.docker.compose.project="+name
	run := func(options ...string) string {
		return d.Container(t, append(append([]string{"--init", "--label", project}, options...), image, "sleep", "600")...)
	}
	old := run()
	c := &devcontainer.CLI{Project: &devcontainer.Project{Door: door(), Env: d.Env()}}
	before, err := c.Before(t.Context())
	must(t, err)
	network := d.Name(t)
	d.Run(t, "network", "create", "--label", project, network)
	t.Cleanup(func() { _, _ = d.Try(t, "network", "rm", network) })
	volume := d.Volume(t)
	own := run("--network", network, "--label", "devcontainer.local_folder="+folder)
	db := run("--network", network, "--volume", volume+":/data")
	other := d.Container(t, "--init", "--label", "devcontainer.local_folder=/home/ana/another", image, "sleep", "600")
	if running, err := c.Running(t.Context(), folder); err != nil || len(running) != 1 {
		t.Errorf("running: %q, %v", running, err)
	}
	for n := range 2 {
		volumes, err := c.Down(t.Context(), folder, before)
		if err != nil || n == 0 && strings.Join(volumes, " ") != volume {
			t.Errorf("down: volumes %q, %v", volumes, err)
		}
	}
	for what, there := range map[string]bool{old: true, other: true, own: false, db: false} {
		if _, err := d.Try(t, "container", "inspect", what); (err == nil) != there {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.Try(t, "network", "inspect", network); err == nil {
		t.Error("the network is left")
	}
	d.Run(t, "volume", "inspect", volume)
}
