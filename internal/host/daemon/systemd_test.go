package daemon_test

import (
	"slices"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/host/daemon"
)

func TestSystemdForgetsEarlierFailuresBeforeARestart(t *testing.T) {
	t.Parallel()
	fake := commandtest.NewOrdered(t,
		commandtest.Expect("systemctl", "reload", "docker.service").Changing(),
		commandtest.Expect("systemctl", "reset-failed", "docker.service").Changing(),
		commandtest.Expect("systemctl", "restart", "docker.service").Changing(),
		commandtest.Expect("systemctl", "stop", "docker.service").Changing(),
	)
	s := &daemon.Systemd{Door: command.NewDoor(fake), Unit: "docker.service"}
	if err := s.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAUnitThatIsNotLoadedIsRestartedAllTheSame(t *testing.T) {
	t.Parallel()
	fake := commandtest.NewOrdered(t,
		commandtest.Expect("systemctl", "reset-failed", "docker.service").Changing().Exits(1),
		commandtest.Expect("systemctl", "restart", "docker.service").Changing(),
	)
	if err := (&daemon.Systemd{Door: command.NewDoor(fake), Unit: "docker.service"}).Restart(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheFlagsOfTheProcessAndOfItsUnitBothCount(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t,
		commandtest.Expect("systemctl", "show", "--property", "MainPID", "--value", "docker.service").Reading().Prints("77\n"),
		commandtest.Expect("cat", "/proc/77/cmdline").Reading().Prints("/usr/bin/dockerd\x00-H\x00fd://\x00"),
		commandtest.Expect("systemctl", "show", "--property", "ExecStart", "--value", "docker.service").Reading().
			Prints("{ path=/usr/bin/dockerd ; argv[]=/usr/bin/dockerd -H fd:// --debug ; ignore_errors=no }\n"),
	)
	got, err := (&daemon.Systemd{Door: command.NewDoor(fake), Unit: "docker.service"}).CommandLine(t.Context())
	if want := []string{"/usr/bin/dockerd", "-H", "fd://", "--debug"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestAUnitThatIsJustStartingRuns(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{"active": true, "activating": true, "failed": false, "inactive": false} {
		fake := commandtest.New(t, commandtest.Expect("systemctl", "show", "--property", "ActiveState", "--value", "docker.service").Reading().Prints(state+"\n"))
		if got, err := (&daemon.Systemd{Door: command.NewDoor(fake), Unit: "docker.service"}).Running(t.Context()); err != nil || got != want {
			t.Errorf("%s: got %v, %v", state, got, err)
		}
	}
}
