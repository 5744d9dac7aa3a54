package daemon_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/daemon"
)

// stub is a daemon that only says what a test has it say.
type stub struct {
	daemon.Daemon
	control *stubControl
	dir     string
}

type stubControl struct {
	argv    []string
	stopped bool
	calls   []string
	fail    error // of the next restart
	restart func()
}

func (c *stubControl) Running(context.Context) (bool, error) { return !c.stopped, nil }
func (c *stubControl) Reload(context.Context) error          { c.calls = append(c.calls, "reload"); return nil }
func (c *stubControl) Stop(context.Context) error {
	c.calls, c.stopped = append(c.calls, "stop"), true
	return nil
}
func (c *stubControl) Restart(context.Context) error {
	c.calls = append(c.calls, "restart")
	if c.restart != nil {
		c.restart()
	}
	err := c.fail
	c.fail = nil
	c.stopped = err != nil
	return err
}
func (c *stubControl) CommandLine(context.Context) ([]string, error) { return c.argv, nil }
func (c *stubControl) Why(context.Context) string                    { return "" }

const plainInfo = `{"ServerVersion":"28.0.0","SystemTime":"now","Driver":"overlay2","DockerRootDir":"/var/lib/docker","LoggingDriver":"json-file","Images":3,"Swarm":{"LocalNodeState":"inactive"}}`

// newStub answers `docker info` with the file info of its directory, and says that the containers in the file ps run.
func newStub(t *testing.T, text string) *stub {
	t.Helper()
	dir := t.TempDir()
	s := &stub{dir: dir, control: &stubControl{argv: []string{"dockerd"}}}
	s.put(t, "info", plainInfo)
	s.put(t, "ps", "")
	s.put(t, "etc/daemon.json", text)
	s.put(t, "dockerd", "#!/bin/sh\necho --config-file\n")
	const client = `case $1 in
info) cat "$0/info" ;;
events) cat "$0/event" 2>/dev/null || echo '{}' ;;
ps) cut -d' ' -f1 "$0/ps" ;;
inspect) cat "$0/ps" ;;
network | volume) ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac`
	s.Daemon = daemon.Daemon{
		Door: command.NewDoor(command.Local()), File: filepath.Join(dir, "etc/daemon.json"), Program: filepath.Join(dir, "dockerd"),
		Client: []string{"sh", "-c", client, dir}, Control: s.control, Limit: 5 * time.Second, Say: t.Logf,
	}
	return s
}

func (s *stub) put(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (s *stub) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// beside are the names in the directory of the file.
func (s *stub) beside(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(s.File))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}
