package resources_test

import (
	"strings"
	"testing"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/resources"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// settle waits until a container has said that it is ready. That asks nothing of the container itself, which may be short
// of what an answer takes.
func settle(t *testing.T, rig *scenetest.Rig, name string) {
	t.Helper()
	for range 400 {
		if strings.Contains(rig.Docker("logs", name), "ready") {
			return
		}
	}
	t.Fatalf("container %s never was ready:\n%s", name, rig.Docker("logs", name))
}

func TestRealSlowEachShortageIsNamedWithItsValue(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	image := daemon.Busybox(t)
	for _, test := range testbed.Sample([]struct {
		name, code, evidence string
		state                doctor.State
		options              []string
		command              string
	}{
		{
			"memory of which a tmpfs holds 95 percent", "DC-RES-003", "of 64.0 MiB held (95 %)", doctor.Warn,
			[]string{"--memory=64m", "--tmpfs=/fill:size=64m"}, "dd if=/dev/zero of=/fill/a bs=1k count=62200; echo ready; exec sleep 600",
		},
		{
			"memory in /dev/shm", "DC-RES-003", "of 64.0 MiB held", doctor.Warn,
			[]string{"--memory=64m", "--shm-size=200m"}, "dd if=/dev/zero of=/dev/shm/a bs=1k count=59000; echo ready; exec sleep 600",
		},
		{
			"memory of a process", "DC-RES-003", "of 48.0 MiB held", doctor.Warn,
			[]string{"--memory=48m"}, "dd if=/dev/zero bs=43000k count=1 | (head -c 1 >/dev/null; echo ready; sleep 600)",
		},
		{
			"a child that the kernel has killed", "DC-RES-004", "oom_kill ", doctor.Warn,
			[]string{"--memory=32m"}, "dd if=/dev/zero of=/dev/null bs=99M count=1; echo ready; sleep 600",
		},
		{
			"a twentieth of a processor", "DC-RES-005", "limit 0.05 processors", doctor.Warn,
			[]string{"--cpus=0.05"}, "n=0; while :; do n=$((n+1)); [ $n != 30000 ] || echo ready; done",
		},
		{
			"half of the processes that are wanted", "DC-RES-006", " of 24", doctor.Fail,
			[]string{"--pids-limit=24"}, "for n in $(seq 23); do sleep 600 & done; echo ready; wait",
		},
		{
			"a hundred zombies", "DC-RES-014", " zombies, most of them sh", doctor.Warn,
			nil, "(for n in $(seq 100); do true & done; exec sleep 600) & until [ $(cat /proc/[0-9]*/stat | grep -c ') Z ') -ge 100 ]; do usleep 9999; done; echo ready; sleep 600",
		},
		{
			"a limit of open files that is reached", "DC-RES-008", "has 10 of 10 open files", doctor.Fail,
			nil, "ulimit -n 10; exec 3<. 4<. 5<. 6<. 7<. 8<. 9<. ; echo ready; exec sleep 600",
		},
		{
			"a limit of open files that nothing works with", "DC-RES-008", "ulimit nofile 100", doctor.Warn,
			[]string{"--ulimit=nofile=100:100"}, "echo ready; sleep 600",
		},
		{
			"a full /tmp", "DC-RES-012", "0 B of 4.0 MiB free (100 % used) at /tmp", doctor.Fail,
			[]string{"--tmpfs=/tmp:size=4m"}, "dd if=/dev/zero of=/tmp/a bs=1k; echo ready; exec sleep 600",
		},
		{
			"a full /dev/shm", "DC-RES-012", "at /dev/shm", doctor.Fail,
			[]string{"--shm-size=2m"}, "dd if=/dev/zero of=/dev/shm/a bs=1k; echo ready; exec sleep 600",
		},
		{
			"a home without inodes", "DC-RES-012", "0 of 20 inodes free at /home", doctor.Fail,
			[]string{"--tmpfs=/home:size=4m,nr_inodes=20"}, "i=0; while [ $i -lt 30 ]; do i=$((i+1)); touch /home/$i; done; echo ready; exec sleep 600",
		},
	}, 2) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rig := scenetest.New(t, daemon)
			name := rig.Run(append(append(test.options, image), "sh", "-c", test.command)...)
			settle(t, rig, name)
			f := rig.First(resources.Checks())
			if f.Code != test.code || f.State != test.state || !strings.Contains(f.Evidence, test.evidence) || f.Where == "" {
				t.Errorf("want %s %s with %q, got\n%s", test.state, test.code, test.evidence, scenetest.Lines(rig.Examine(resources.Checks())))
			}
		})
	}
}
