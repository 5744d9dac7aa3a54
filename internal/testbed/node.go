package testbed

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// ErrNoNode says that this machine has no Node.js that the devcontainers CLI runs with.
var ErrNoNode = errors.New("no npm, or no Node.js 20 or newer, on this machine")

// Node is Node.js with npm, whose registry is reached as the one who runs the tests has set it.
func Node(t testing.TB) {
	t.Helper()
	realOnly(t)
	door := command.NewDoor(command.Local())
	out, err := door.Text(t.Context(), command.Read("sh", "-c", "command -v npm >/dev/null && node --version")).String()
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(out), "v"), ".")
	if n, wrong := strconv.Atoi(major); err != nil || wrong != nil || n < 20 {
		installed(t, fmt.Errorf("%w: node says %q", ErrNoNode, out), ErrNoNode)
	}
}
