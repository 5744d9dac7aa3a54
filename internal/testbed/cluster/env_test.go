package cluster_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/testbed/cluster"
)

func TestAnSSHServerIsHandedOverByItsEnvironment(t *testing.T) {
	t.Parallel()
	want := cluster.SSHD{Dir: "/tmp/x", Port: 2299, User: "me"}
	got, found, err := cluster.SSHDFromEnv(among(want.Env()))
	if err != nil || !found || got != want {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	if _, found, err = cluster.SSHDFromEnv(among(nil)); found || err != nil {
		t.Errorf("an empty environment: %v, %v", found, err)
	}
	for i, missing := range []string{1: "IACT_TEST_SSH_PORT", 2: "IACT_TEST_SSH_USER"} {
		if missing == "" {
			continue
		}
		_, _, err := cluster.SSHDFromEnv(among(slices.Delete(want.Env(), i, i+1)))
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestADockerDaemonIsHandedOverByItsEnvironment(t *testing.T) {
	t.Parallel()
	want := cluster.Docker{Host: "unix:///tmp/x/docker.sock", Dir: "/tmp/x", Client: "/usr/bin/docker"}
	got, found, err := cluster.DockerFromEnv(among(want.Env()))
	if err != nil || !found || got != want {
		t.Errorf("got %+v, %v, %v", got, found, err)
	}
	if _, found, err = cluster.DockerFromEnv(among(nil)); found || err != nil {
		t.Errorf("an empty environment: %v, %v", found, err)
	}
	for i, missing := range []string{1: "IACT_TEST_DOCKER_DIR", 2: "IACT_TEST_DOCKER_CLIENT"} {
		if missing == "" {
			continue
		}
		_, _, err := cluster.DockerFromEnv(among(slices.Delete(want.Env(), i, i+1)))
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}
