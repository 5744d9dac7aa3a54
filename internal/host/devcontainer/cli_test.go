package devcontainer_test

import (
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/host/devcontainer"
)

func TestASessionThatIsOlderThanItsGroupAsksDockerThroughIt(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t, commandtest.Expect("sg", "docker", "-c", "sh -s -- running '/home/ana/my project'").Reading().Prints("abc\n"))
	c := &devcontainer.CLI{Project: &devcontainer.Project{Door: command.NewDoor(fake)}, Group: "docker"}
	if running, err := c.Running(t.Context(), "/home/ana/my project"); err != nil || strings.Join(running, " ") != "abc" {
		t.Errorf("got %q, %v", running, err)
	}
}

func TestTheLineThatSaysMostIsTheMessage(t *testing.T) {
	t.Parallel()
	const trace = "    at async kW (devContainersSpecCLI.js:488:4689)\n"
	for stderr, want := range map[string]string{
		"[2026] postCreateCommand from devcontainer.json failed with exit code 3. Skipping any further\nError: Command failed: /bin/sh -c exit 3\n" + trace: "postCreateCommand from devcontainer.json failed with exit code 3",
		"[2026] docker: Error response from daemon: invalid mount\nError: Command failed: docker run\n" + trace:                                             "docker: Error response from daemon: invalid mount",
		"Error: getaddrinfo ENOTFOUND ghcr.io\n" + trace:                      "getaddrinfo ENOTFOUND ghcr.io",
		"unable to find user ana: no matching entries\n\nError: An\n" + trace: "unable to find user ana: no matching entries",
	} {
		fake := commandtest.New(t, commandtest.Expect("sh", commandtest.Rest).Complains(stderr).Exits(1))
		c := &devcontainer.CLI{Project: &devcontainer.Project{Door: command.NewDoor(fake)}}
		if _, err := c.Up(t.Context(), "devcontainer", "/w", ""); err == nil || err.Error() != "start the devcontainer of /w: "+want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestACLIThatSaysNoContainerHasStartedNone(t *testing.T) {
	t.Parallel()
	for _, out := range []string{"", "done", `{"outcome":"error"}`, `{"outcome":"success"}`} {
		fake := commandtest.New(t, commandtest.Expect("sh", commandtest.Rest).Prints(out))
		c := &devcontainer.CLI{Project: &devcontainer.Project{Door: command.NewDoor(fake)}}
		if id, err := c.Up(t.Context(), "devcontainer", "/w", ""); err == nil {
			t.Errorf("%q: started %q", out, id)
		}
	}
}
