package survey

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/verdict"
)

// with adds to the environment of everything.
type with struct {
	command.Transport
	env []string
}

func (w with) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	c.Env = append(c.Env, w.env...)
	return w.Transport.Start(ctx, c, stdout)
}

func TestSlowAHungDaemonCostsThreeSecondsAndIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A client that waits for a daemon that never answers, as docker does.
	client := "#!/bin/sh\ncase $1 in --version) echo 'Docker version 28.2.2, build e6534b4';; *) exec sleep 60;; esac\n"
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(client), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	door := command.NewDoor(with{command.Local(), []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + dir}})
	f, err := Survey(t.Context(), door, Wants{})
	if err != nil {
		t.Fatal(err)
	}
	got := finding(t, f.Judge(Wants{}), "HC-DKR-001")
	if f.Docker.Refused != "no answer within 3 s" || got.State != verdict.Warn || f.Took > 20*time.Second {
		t.Errorf("after %s: %+v, %+v", f.Took, f.Docker, got)
	}
}
