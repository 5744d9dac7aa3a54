package command_test

import (
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
)

func TestLocalKeepsThePromisesOfATransport(t *testing.T) {
	t.Parallel()
	commandtest.Conform(t, command.Local())
}
