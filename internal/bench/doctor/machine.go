package doctor

import (
	"bufio"
	"context"
	_ "embed" // of prelude.sh
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

//go:embed prelude.sh
var prelude string

// scriptLimit is for one injection.
const scriptLimit = time.Minute

// machine is one of the benchmark's own, with a Docker daemon at the usual
// places: scripts/testbed/machine.sh tells what it shares with this one. A small
// internet is behind it.
type machine struct {
	door *command.Door
	dir  string
	root string // the checkout
	path string // PATH there
	hold *command.Stream
	net  *outer
}

// newMachine starts one in a new directory. It ends with stop, or when this
// process does.
func newMachine(ctx context.Context, door *command.Door, root string) (*machine, error) {
	// On a disk, which /tmp need not be.
	dir, err := os.MkdirTemp("/var/tmp", "iact-faults-")
	if err != nil {
		return nil, err
	}
	m := &machine{door: door, dir: dir, root: root, path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if err := m.start(ctx); err != nil {
		return nil, errors.Join(err, m.stop())
	}
	return m, nil
}

func (m *machine) start(ctx context.Context) (err error) {
	// Other users run the program, too.
	if err := os.Chmod(m.dir, 0o755); err != nil {
		return err
	}
	up := command.Change("bash", m.script("machine.sh"), "up", m.dir, strconv.Itoa(os.Getpid()))
	if m.hold, err = m.door.Stream(context.WithoutCancel(ctx), up); err != nil {
		return err
	}
	line, err := bufio.NewReader(m.hold).ReadString('\n')
	var holder, outside int
	if _, wrong := fmt.Sscan(line, &holder, &outside); err != nil || wrong != nil {
		return fault.New(fault.Missing, "this takes root on Linux, and unshare, nsenter and ip", fmt.Errorf("make a machine: %w", errors.Join(err, wrong, m.hold.Close())))
	}
	if m.net, err = serveOuter(outside); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.dir, "prelude.sh"), []byte(prelude), 0o644); err != nil {
		return err
	}
	if _, err := m.sh(ctx, "/", "engine_start"); err != nil {
		return fmt.Errorf("start the machine's Docker: %w", err)
	}
	return m.images(ctx)
}

// images gives the daemon what containers are made of.
func (m *machine) images(ctx context.Context) error {
	image := command.Change("bash", m.script("machine.sh"), "in", m.dir,
		"env", "-i", "PATH="+m.path, "HOME=/root", "bash", m.script("image.sh"), "busybox", filepath.Join(m.dir, "engine"))
	for _, dir := range []string{"engine/work", "engine/config"} {
		if err := os.MkdirAll(filepath.Join(m.dir, dir), 0o755); err != nil {
			return err
		}
	}
	if _, err := m.sh(ctx, "/", `ln -sf /run/docker.sock "$1"`, filepath.Join(m.dir, "engine/docker.sock")); err != nil {
		return err
	}
	image.Timeout = scriptLimit
	if err := m.door.Run(ctx, image); err != nil {
		return fmt.Errorf("make the image: %w", err)
	}
	return nil
}

// stop ends the machine with all that runs there.
func (m *machine) stop() error {
	if m.net != nil {
		m.net.close()
	}
	if m.hold != nil {
		m.hold.Abort()
	}
	return os.RemoveAll(m.dir)
}

func (m *machine) script(name string) string {
	return filepath.Join(m.root, "scripts", "testbed", name)
}

// in is a command of the machine, in a directory of it and with nothing of this
// process's environment.
func (m *machine) in(dir string, env []string, words ...string) command.Command {
	args := []string{m.script("machine.sh"), "in", m.dir, "env", "-i", "-C", dir, "PATH=" + m.path, "HOME=/root", "LC_ALL=C.UTF-8"}
	c := command.Change("bash", append(append(args, env...), words...)...)
	c.Timeout = scriptLimit
	return c
}

// sh runs a script with the words of prelude.sh in a workspace. $1 and further
// are args.
func (m *machine) sh(ctx context.Context, workspace, script string, args ...string) (string, error) {
	env := []string{"W=" + workspace, "IMAGE=busybox:testbed", "G=" + filepath.Base(m.dir), "DOCKER_CLI_HINTS=false"}
	words := append([]string{"bash", "-c", ". " + filepath.Join(m.dir, "prelude.sh") + "\n" + script, "bash"}, args...)
	out, err := m.door.Text(ctx, m.in(workspace, env, words...)).String()
	return strings.TrimSpace(out), err
}
