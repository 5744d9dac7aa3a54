package containers_test

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/services/containers"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
)

// daemon answers for one container in the given state.
func daemon(t *testing.T, inspected string) containers.Docker {
	t.Helper()
	fake := commandtest.New(t,
		commandtest.Expect("docker", "events", commandtest.Rest).Reading().AnyTimes(),
		commandtest.Expect("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", "label=run=1").Reading().Prints("c1\n").AnyTimes(),
		commandtest.Expect("docker", "container", "inspect", "--", "c1").Reading().Prints("["+inspected+"]").AnyTimes(),
		commandtest.Expect("sh", commandtest.Rest).Reading().Prints("\x1b[31mFATAL\x1b[0m password=hunter22\n").AnyTimes(),
	)
	return containers.Docker{Door: command.NewDoor(fake), Label: "run=1"}
}

func TestAContainerIsUpOrSaysWhyItNeverWillBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ inspected, want string }{
		"runs":         {`"State": {"Status": "running"}`, ""},
		"healthy":      {`"State": {"Status": "running", "Health": {"Status": "healthy"}}`, ""},
		"done":         {`"State": {"Status": "exited"}`, ""},
		"no check":     {`"State": {"Status": "running", "Health": {"Status": "none"}}`, ""},
		"failed":       {`"State": {"Status": "exited", "ExitCode": 3}`, "it ended with exit code 3; its log ends: FATAL password=***"},
		"memory":       {`"State": {"Status": "exited", "ExitCode": 137, "OOMKilled": true}`, "more memory than it may"},
		"again":        {`"RestartCount": 9, "State": {"Status": "restarting", "ExitCode": 1}`, "was started again 9 times"},
		"first time":   {`"RestartCount": 1, "State": {"Status": "restarting", "ExitCode": 1}`, "still waiting for db, which is restarting"},
		"not started":  {`"State": {"Status": "created", "Error": "port is already allocated"}`, "cannot be started: port is already allocated"},
		"sick":         {`"State": {"Status": "running", "Health": {"Status": "unhealthy", "Log": [{"ExitCode": 7, "Output": "no\n"}]}}`, "its health check fails with exit code 7: no"},
		"not yet":      {`"State": {"Status": "running", "Health": {"Status": "starting"}}`, "still waiting for db, which is not healthy yet"},
		"no container": {`"State": 7`, "read what docker inspect says"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute
			if strings.Contains(test.want, "waiting") {
				limit = 500 * time.Millisecond
			}
			_, err := daemon(t, `{"Name": "/db", "Id": "c1", `+test.inspected+`}`).Up(t.Context(), limit)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestThePublishedPortsAreThoseThatThisMachineReaches(t *testing.T) {
	t.Parallel()
	all, err := daemon(t, `{"Name": "/db", "NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "49153"}, {"HostIp": "::", "HostPort": "49153"}],
		"53/udp": [{"HostIp": "127.0.0.2", "HostPort": "5353"}], "80/tcp": null}}}`).List(t.Context())
	if err != nil || len(all) != 1 || len(all[0].Ports) != 2 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if got := all[0].Ports; got[0] != (containers.Port{Inside: 53, Protocol: "udp", Host: "127.0.0.2", Outside: 5353}) ||
		got[1] != (containers.Port{Inside: 5432, Protocol: "tcp", Host: "127.0.0.1", Outside: 49153}) {
		t.Errorf("got %+v", got)
	}
}

func TestADaemonThatIsAwayIsAMissingPrerequisite(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t, commandtest.Expect("docker", commandtest.Rest).Complains("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n").Exits(1))
	_, err := containers.Docker{Door: command.NewDoor(fake), Label: "a=b"}.List(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ask the Docker daemon") {
		t.Errorf("got %v", err)
	}
}
