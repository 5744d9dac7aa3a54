package testbed_test

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

func TestRealSSHServerTakesItsKeyAndNoOther(t *testing.T) {
	t.Parallel()
	server := testbed.SSHD(t)
	if out, err := overSSH(t, server, testbed.SSHAlias, "id -un"); out != server.User+"\n" || err != nil {
		t.Errorf("logged in: %q, %v", out, err)
	}
	if _, err := overSSH(t, server, testbed.SSHAlias, "exit 7"); exit(err) != 7 {
		t.Errorf("a program that fails: %v", err)
	}
	_, err := overSSH(t, server, testbed.SSHRefusedAlias, "true")
	if exit(err) != 255 || !strings.Contains(err.Error(), "Permission denied (publickey)") {
		t.Errorf("with another key: %v", err)
	}
}

func TestRealSSHServerIsStoppedAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := testbed.OwnSSHD(t)
	server.Stop(t)
	if _, err := overSSH(t, server, testbed.SSHAlias, "true"); exit(err) != 255 || !strings.Contains(err.Error(), "Connection refused") {
		t.Errorf("stopped: %v", err)
	}
	for range 2 {
		server.Restart(t)
		if _, err := overSSH(t, server, testbed.SSHAlias, "true"); err != nil {
			t.Errorf("started again: %v", err)
		}
	}
}

func TestRealSSHServerWithANewHostKeyIsNotTrusted(t *testing.T) {
	t.Parallel()
	server := testbed.OwnSSHD(t)
	server.NewHostKey(t)
	_, err := overSSH(t, server, testbed.SSHAlias, "true")
	if exit(err) != 255 || !strings.Contains(err.Error(), "Host key verification failed") {
		t.Errorf("got %v", err)
	}
}

func TestRealSSHConnectionIsDroppedInTheMiddleAndTheServerGoesOn(t *testing.T) {
	t.Parallel()
	server := testbed.OwnSSHD(t)
	endless := command.Read("ssh", "-F", server.ConfigFile, testbed.SSHAlias, "echo begun; exec cat /dev/zero")
	stream, err := command.NewDoor(command.Local()).Stream(t.Context(), endless)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Abort()
	out := bufio.NewReader(stream)
	if line, err := out.ReadString('\n'); line != "begun\n" {
		t.Fatalf("it begins with %q, %v", line, err)
	}
	server.Drop(t)
	if _, err := io.Copy(io.Discard, out); exit(err) != 255 {
		t.Errorf("the stream ends with %v", err)
	}
	if _, err := overSSH(t, server, testbed.SSHAlias, "true"); err != nil {
		t.Errorf("the next connection: %v", err)
	}
}

func overSSH(t *testing.T, server *testbed.SSHServer, alias, script string) (string, error) {
	t.Helper()
	return command.NewDoor(command.Local()).Text(t.Context(), command.Read("ssh", "-F", server.ConfigFile, alias, script)).String()
}

// exit is how a program ended; 0 when it did not fail.
func exit(err error) int {
	var failed *command.Error
	if errors.As(err, &failed) {
		return failed.Exit
	}
	return 0
}
