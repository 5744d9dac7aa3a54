package probe_test

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/probe"
)

// The environment of a process that runs a probe and is killed in the midst.
const (
	killAfter = "IACT_TEST_PROBE_KILL_AFTER" // so many commands that change something
	daemonEnv = "IACT_TEST_PROBE_DOCKER"     // NAME=VALUE lines of the client
)

func TestMain(m *testing.M) {
	if os.Getenv(killAfter) != "" {
		after, _ := strconv.ParseInt(os.Getenv(killAfter), 10, 64)
		door := command.NewDoor(command.Local(), afterChanges(after, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }))
		_, _ = (&probe.Probe{Door: door, Env: strings.Split(os.Getenv(daemonEnv), "\n"), Now: time.Now}).Run(context.Background())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// afterChanges calls do once, after so many commands that change something.
func afterChanges(n int64, do func()) command.Option {
	var count atomic.Int64
	return command.Observe(func(e command.Event) {
		if e.Changes && count.Add(1) == n {
			do()
		}
	})
}
