package debug_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/roomtest"
)

// typedVariable says that this process has a terminal, by which a person types.
const typedVariable = "DEBUG_TEST_TERMINAL"

// atTerminal gives the process that has one its terminal.
func atTerminal(o *devcontainer.Options) {
	if os.Getenv(typedVariable) != "" {
		o.In, o.Out = os.Stdin, os.Stderr
	}
}

func TestRealAPersonAtATerminalGetsAShellThatHasIt(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Start("-e", "PLACE=running", r.Image, "sleep", "1000")
	// Keys that are typed before there is a shell wait for it in the terminal.
	self, env := r.Process(target, devcontainer.Selection{Debug: devcontainer.Debugging{Shell: true}})
	typed := command.Change("script", "--quiet", "--return", "--command", "exec "+self, "/dev/null")
	typed.Env = slices.Concat(env, []string{typedVariable + "=1", "TERM=dumb"})
	typed.Stdin = strings.NewReader("test -t 0 && echo at a terminal, $PLACE\nexit\n")
	typed.Timeout = time.Minute
	out, err := command.NewDoor(command.Local()).Text(t.Context(), typed).String()
	if err != nil || !strings.Contains(out, "\nat a terminal, running") {
		t.Errorf("%v\n%s", err, out)
	}
}
