package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"iact-infra/internal/command"
)

// ErrNoSSHD says that this machine has no OpenSSH server.
var ErrNoSSHD = errors.New("no OpenSSH server programs on this machine")

// SSHD is how to reach an OpenSSH server on 127.0.0.1. It takes one user and one key.
type SSHD struct {
	Dir  string // everything of the server: keys, settings, log
	Port int
	User string // the one who runs the tests
}

// The variables that hand a running server to the tests.
const (
	SSHDirVariable  = "IACT_TEST_SSH_DIR"
	SSHPortVariable = "IACT_TEST_SSH_PORT"
	SSHUserVariable = "IACT_TEST_SSH_USER"
)

// Env is the server as NAME=VALUE lines.
func (s SSHD) Env() []string {
	return []string{SSHDirVariable + "=" + s.Dir, SSHPortVariable + "=" + strconv.Itoa(s.Port), SSHUserVariable + "=" + s.User}
}

// SSHDFromEnv reads what Env wrote. Without a directory there is no server; with one, everything must be there.
func SSHDFromEnv(getenv func(string) string) (s SSHD, found bool, err error) {
	s = SSHD{Dir: getenv(SSHDirVariable), User: getenv(SSHUserVariable)}
	if s.Dir == "" {
		return SSHD{}, false, nil
	}
	port := getenv(SSHPortVariable)
	if s.Port, err = strconv.Atoi(port); err != nil || s.Port < 1 || s.Port > 65535 {
		return SSHD{}, false, fmt.Errorf("read %s: %q is not a port", SSHPortVariable, port)
	}
	if s.User == "" {
		return SSHD{}, false, fmt.Errorf("read %s: %s is needed too", SSHDirVariable, SSHUserVariable)
	}
	return s, true, nil
}

// StartSSHD is Start for an OpenSSH server.
func StartSSHD(ctx context.Context, door *command.Door, root string) (s SSHD, stop func(context.Context) error, err error) {
	getenv, stop, err := launch(ctx, door, script(root, "sshd.sh"), ErrNoSSHD)
	if err != nil {
		return SSHD{}, nil, err
	}
	s, found, err := SSHDFromEnv(getenv)
	if err == nil && !found {
		err = errors.New("start a private OpenSSH server: its script printed no directory")
	}
	if err != nil {
		return SSHD{}, nil, errors.Join(err, stop(context.WithoutCancel(ctx)))
	}
	return s, stop, nil
}

// Change asks the script of the checkout at root for one of its verbs: down, drop, rekey, or up, which starts a stopped
// server again where it was.
func (s SSHD) Change(ctx context.Context, door *command.Door, root, verb string) error {
	args := []string{script(root, "sshd.sh"), verb, s.Dir}
	if verb == "up" {
		// The watcher of the first start goes on as long as the directory is there.
		args = append(args, strconv.Itoa(s.Port))
	}
	change := command.Change("bash", args...)
	change.Timeout = time.Minute
	return door.Run(ctx, change)
}
