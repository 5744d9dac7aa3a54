package commandtest

import (
	"context"
	"errors"
	"os"
	"testing"

	"iact-infra/internal/command"
)

// ReadOnly passes reading commands on to inner. A changing one fails the test
// and is not run.
func ReadOnly(t testing.TB, inner command.Transport) command.Transport {
	return &readOnly{Transport: inner, t: t}
}

type readOnly struct {
	command.Transport
	t testing.TB
}

func (r *readOnly) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if !c.Changes {
		return r.Transport.Start(ctx, c, stdout)
	}
	if stdout != nil {
		stdout.Close()
	}
	r.t.Errorf("a changing command where only reading ones may run: %s", c)
	return nil, errors.New("only reading commands may run here")
}
