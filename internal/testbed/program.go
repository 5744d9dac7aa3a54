package testbed

import (
	"testing"

	"iact-infra/internal/command"
)

// Program insists on a program that a test runs, and that scripts/testbed/install.sh installs.
func Program(t testing.TB, name string) {
	t.Helper()
	realOnly(t)
	if _, err := command.Local().Look(t.Context(), name); err != nil {
		installed(t, err, err)
	}
}
