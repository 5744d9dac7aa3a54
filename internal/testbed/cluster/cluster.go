// Package cluster starts and stops the private services that tests use: PostgreSQL, MariaDB, an OpenSSH server, a Docker
// daemon, libvirt. It is apart from package testbed because the test command uses it too, and must not carry package testing into
// the toolkit.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// ErrNotInstalled says that this machine has no PostgreSQL server programs.
var ErrNotInstalled = errors.New("no PostgreSQL server programs on this machine")

// Cluster is how to reach a PostgreSQL server. Its socket asks for no password, its port on 127.0.0.1 does.
type Cluster struct {
	Host string // the directory of the socket
	Port int
	User string // a superuser
	Bin  string // the folder of the programs
}

// The variables that hand a running cluster to the tests.
const (
	HostVariable = "IACT_TEST_PGHOST"
	PortVariable = "IACT_TEST_PGPORT"
	UserVariable = "IACT_TEST_PGUSER"
	BinVariable  = "IACT_TEST_PGBIN"
)

// Env is the cluster as NAME=VALUE lines.
func (c Cluster) Env() []string {
	return []string{
		HostVariable + "=" + c.Host, PortVariable + "=" + strconv.Itoa(c.Port),
		UserVariable + "=" + c.User, BinVariable + "=" + c.Bin,
	}
}

// FromEnv reads what Env wrote. Without a host there is no cluster; with one, everything must be there.
func FromEnv(getenv func(string) string) (c Cluster, found bool, err error) {
	c = Cluster{Host: getenv(HostVariable), User: getenv(UserVariable), Bin: getenv(BinVariable)}
	if c.Host == "" {
		return Cluster{}, false, nil
	}
	port := getenv(PortVariable)
	if c.Port, err = strconv.Atoi(port); err != nil || c.Port < 1 || c.Port > 65535 {
		return Cluster{}, false, fmt.Errorf("read %s: %q is not a port", PortVariable, port)
	}
	if c.User == "" || c.Bin == "" {
		return Cluster{}, false, fmt.Errorf("read %s: %s and %s are needed too", HostVariable, UserVariable, BinVariable)
	}
	return c, true, nil
}

// Start brings a new cluster up on a free port, in a temporary directory, with the script of the checkout at root.
// stop takes it down and removes the directory. When this process ends without calling stop, even by SIGKILL, the
// script does the same a second later.
func Start(ctx context.Context, door *command.Door, root string) (c Cluster, stop func(context.Context) error, err error) {
	getenv, stop, err := launch(ctx, door, script(root, "postgres.sh"), ErrNotInstalled)
	if err != nil {
		return Cluster{}, nil, err
	}
	c, found, err := FromEnv(getenv)
	if err == nil && !found {
		err = errors.New("start a private PostgreSQL: its script printed no host")
	}
	if err != nil {
		return Cluster{}, nil, errors.Join(err, stop(context.WithoutCancel(ctx)))
	}
	return c, stop, nil
}

// script is the path of one of the scripts of the checkout at root.
func script(root, name string) string { return filepath.Join(root, "scripts", "testbed", name) }

// launch starts the server of a script on a free port and gives what the script printed. missing is the error where its
// programs are not installed.
func launch(ctx context.Context, door *command.Door, script string, missing error) (getenv func(string) string, stop func(context.Context) error, err error) {
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	return launchIn(ctx, door, "", script, missing, strconv.Itoa(port))
}

// launchIn starts the server of a script in a new directory below base, the usual place when that is empty.
func launchIn(ctx context.Context, door *command.Door, base, script string, missing error, args ...string) (getenv func(string) string, stop func(context.Context) error, err error) {
	dir, err := os.MkdirTemp(base, "iact-db-")
	if err != nil {
		return nil, nil, err
	}
	remove := func(ctx context.Context) error {
		down := command.Change("bash", script, "down", dir)
		down.Timeout = time.Minute
		return errors.Join(door.Run(ctx, down), os.RemoveAll(dir))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(context.WithoutCancel(ctx)))
		}
	}()
	args = append(append([]string{script, "up", dir}, args...), strconv.Itoa(os.Getpid()))
	up := command.Change("bash", args...)
	up.Timeout = 2 * time.Minute
	printed, err := door.Text(ctx, up).String()
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 4 {
		return nil, nil, missing
	}
	if err != nil {
		return nil, nil, fmt.Errorf("start a private server for tests: %w", err)
	}
	values := map[string]string{}
	for line := range strings.Lines(printed) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }, remove, nil
}

// freePort asks the kernel. Somebody else may take the port before the server does; the server then says so.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("find a free port: %s is no TCP address", listener.Addr())
	}
	return address.Port, nil
}

// Root is the checkout that holds dir: the nearest folder above with this module's go.mod.
func Root(dir string) (string, error) {
	start := dir
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module iact-infra\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the checkout: no go.mod of iact-infra in %s or above", start)
		}
		dir = filepath.Dir(dir)
	}
}
