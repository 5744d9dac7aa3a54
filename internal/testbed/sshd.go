package testbed

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// The names that SSHServer.ConfigFile knows the server by: one with the right key, one with a key that it refuses.
const (
	SSHAlias        = "iact-test"
	SSHRefusedAlias = "iact-test-refused"
)

// SSHServer is an OpenSSH server on 127.0.0.1 that lets the current user in, with one key. Its sessions see this very
// machine: its files, its databases. Other tests use it at the same time.
type SSHServer struct {
	cluster.SSHD
	Host       string // 127.0.0.1
	ConfigFile string // for ssh -F: knows SSHAlias and SSHRefusedAlias, and asks nothing
	door       *command.Door
	root       string // of the checkout; only for a server of one's own
}

// sharedSSHD is what shared is for PostgreSQL.
//
//nolint:gochecknoglobals // one server a test process, and testing has no other place to keep it
var sharedSSHD = sync.OnceValues(func() (cluster.SSHD, error) {
	root, err := checkout()
	if err != nil {
		return cluster.SSHD{}, err
	}
	s, _, err := cluster.StartSSHD(context.Background(), command.NewDoor(command.Local()), root)
	return s, err
})

// SSHD is a running OpenSSH server.
func SSHD(t testing.TB) *SSHServer {
	t.Helper()
	realOnly(t)
	s, found, err := cluster.SSHDFromEnv(os.Getenv)
	if err == nil && !found {
		s, err = sharedSSHD()
	}
	installed(t, err, cluster.ErrNoSSHD)
	return sshServer(s, command.NewDoor(command.Local()), "")
}

// OwnSSHD is a server that only this test uses: to stop it, to break its connections off, to give it another host key.
func OwnSSHD(t testing.TB) *SSHServer {
	t.Helper()
	realOnly(t)
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	door := command.NewDoor(command.Local())
	s, stop, err := cluster.StartSSHD(t.Context(), door, root)
	installed(t, err, cluster.ErrNoSSHD)
	t.Cleanup(func() {
		if err := stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sshServer(s, door, root)
}

func sshServer(s cluster.SSHD, door *command.Door, root string) *SSHServer {
	return &SSHServer{SSHD: s, Host: "127.0.0.1", ConfigFile: filepath.Join(s.Dir, "config"), door: door, root: root}
}

// Stop ends the server, its connections, and what runs in its sessions. Its port then refuses.
func (s *SSHServer) Stop(t testing.TB) { t.Helper(); s.change(t, "down") }

// Restart starts the server again, with the same port and keys, whether it runs or not.
func (s *SSHServer) Restart(t testing.TB) { t.Helper(); s.change(t, "down", "up") }

// NewHostKey gives the server another host key than the one in its clients' known_hosts.
func (s *SSHServer) NewHostKey(t testing.TB) { t.Helper(); s.change(t, "rekey", "down", "up") }

// Drop kills every connection in the middle of what it does. The server goes on, and takes new ones.
func (s *SSHServer) Drop(t testing.TB) { t.Helper(); s.change(t, "drop") }

// change does not end with the test's context: clean-ups may start a stopped server again.
func (s *SSHServer) change(t testing.TB, verbs ...string) {
	t.Helper()
	if s.root == "" {
		t.Fatal("other tests use this server, too: ask testbed.OwnSSHD for one of your own")
	}
	for _, verb := range verbs {
		if err := s.SSHD.Change(context.WithoutCancel(t.Context()), s.door, s.root, verb); err != nil {
			t.Fatal(err)
		}
	}
}
