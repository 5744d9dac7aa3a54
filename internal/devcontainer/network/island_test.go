package network_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/network"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/testbed"
)

// island is a machine of a test's own: its network, its firewall, its daemon. The
// world around it has a name server and one web server, known.example.
type island struct {
	t              *testing.T
	dir            string
	machine, outer string // processes that hold the networks
	door           *command.Door
	// busy is held while docker makes or ends something, which it does not tell of
	// until it is done; others look meanwhile at nothing.
	busy sync.RWMutex
}

// newIsland makes one; options are those of dockerd.
func newIsland(t *testing.T, options ...string) *island {
	t.Helper()
	door := command.NewDoor(command.Local())
	testbed.Docker(t)                                    // where there is none, there is no island
	dir, err := os.MkdirTemp("/var/tmp", "iact-island-") //nolint:usetesting // a socket needs a short path, and the daemon a disk
	must(t, err)
	must(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	hold, until := io.Pipe()
	c := command.Change("bash", append([]string{"testdata/island.sh", dir}, options...)...)
	c.Stdin = hold
	s, err := door.Stream(context.WithoutCancel(t.Context()), c)
	must(t, err)
	t.Cleanup(func() {
		until.Close()
		if _, err := io.Copy(io.Discard, s); err != nil {
			t.Errorf("the island ends with %v", err)
		}
	})
	line, err := bufio.NewReader(s).ReadString('\n')
	if err != nil {
		t.Fatalf("no island: %v\n%s", err, s.Stderr())
	}
	i := &island{t: t, dir: dir, door: door}
	i.machine, i.outer, _ = strings.Cut(strings.TrimSpace(line), " ")
	i.world()
	image := command.Change("bash", "../../../scripts/testbed/image.sh", "busybox", dir)
	must(t, door.Run(t.Context(), image))
	return i
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world opens the sockets out there: sockets stay in the network in which they
// were made.
func (i *island) world() {
	var names net.PacketConn
	var web net.Listener
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: the thread ends with the goroutine
		at, err := os.Open("/proc/" + i.outer + "/ns/net")
		if err == nil {
			defer at.Close()
			err = unix.Setns(int(at.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			names, err = net.ListenPacket("udp4", "198.51.100.1:53")
		}
		if err == nil {
			web, err = net.Listen("tcp4", "198.51.100.10:443")
		}
		made <- err
	}()
	must(i.t, <-made)
	i.t.Cleanup(func() { names.Close(); web.Close() })
	go serveNames(names)
	go func() {
		for {
			c, err := web.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
}

// serveNames knows one name.
func serveNames(names net.PacketConn) {
	ask := make([]byte, 1500)
	for {
		n, from, err := names.ReadFrom(ask)
		if err != nil {
			return
		}
		said := slices.Clone(ask[:n])
		if n < 12 {
			continue
		}
		end := 12
		for end < n && said[end] != 0 {
			end += int(said[end]) + 1
		}
		said = said[:end+5]
		binary.BigEndian.PutUint16(said[2:], 0x8183)                       // there is no such name
		copy(said[6:12], []byte{0, 0, 0, 0, 0, 0})                         // nothing more
		if strings.Contains(string(said[12:end]), "\x05known\x07exampl") { // known.example
			binary.BigEndian.PutUint16(said[2:], 0x8180)
			if binary.BigEndian.Uint16(said[end+1:]) == 1 {
				said[7] = 1
				said = append(said, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 10)
			}
		}
		_, _ = names.WriteTo(said, from)
	}
}

// on is the transport that leads to the island. The docker client needs no network.
type on struct {
	command.Transport
	machine string
	user    bool // nobody of rank
}

func (o on) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	client := c.Program == "docker" || len(c.Args) > 1 && strings.Contains(c.Args[1], `docker "$@"`)
	if !client {
		args := []string{"--target", o.machine, "--net", "--mount", "--"}
		if client := len(c.Args) > 3 && c.Args[2] == "doctor" && c.Args[3] == "exec"; o.user && !client { // who may ask the engine
			args = append(args, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
		}
		c.Args = slices.Concat(args, []string{c.Program}, c.Args)
		c.Program = "nsenter"
	}
	return o.Transport.Start(ctx, c, stdout)
}

// sh runs a script on the island.
func (i *island) sh(script string) string {
	i.t.Helper()
	out, err := i.door.Text(context.WithoutCancel(i.t.Context()), command.Change("nsenter", "--target", i.machine, "--net", "--mount", "--", "sh", "-c", script)).String()
	if err != nil {
		i.t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(out)
}

func (i *island) env() []string {
	return []string{"DOCKER_HOST=unix://" + i.dir + "/docker.sock", "DOCKER_CONFIG=" + i.dir + "/config"}
}

func (i *island) try(args ...string) (string, error) {
	i.busy.Lock()
	defer i.busy.Unlock()
	c := command.Change("docker", args...)
	c.Env, c.Timeout = i.env(), time.Minute
	out, err := i.door.Text(context.WithoutCancel(i.t.Context()), c).String()
	return strings.TrimSpace(out), err
}

// bench is a workspace on an island.
type bench struct {
	*scenetest.Rig
	i *island
	t *testing.T
}

func (i *island) bench(t *testing.T) *bench {
	t.Helper()
	r := scenetest.Over(t, on{Transport: command.Local(), machine: i.machine})
	r.Options.Docker = i.env()
	r.Options.Reach = []string{"known.example:443"}
	r.Options.Environ = []string{"PATH=" + os.Getenv("PATH")}
	return &bench{r, i, t}
}

func (b *bench) docker(args ...string) string {
	b.t.Helper()
	out, err := b.i.try(args...)
	must(b.t, err)
	return out
}

// label are the labels of the devcontainer.
func (b *bench) label() []string {
	return []string{"--label", scene.LabelFolder + "=" + b.Workspace}
}

// run makes the devcontainer; arguments are those of docker run.
func (b *bench) run(args ...string) string {
	b.t.Helper()
	name := b.name()
	b.docker(slices.Concat([]string{"run", "--detach", "--name", name}, b.label(), args)...)
	return name
}

const image = "busybox:testbed"

// idle is a devcontainer that waits for people.
func (b *bench) idle(options ...string) string {
	b.t.Helper()
	return b.run(append(options, "--init", image, "sleep", "600")...)
}

// fails makes one that does not start.
func (b *bench) fails(args ...string) string {
	b.t.Helper()
	name := b.name()
	if _, err := b.i.try(slices.Concat([]string{"run", "--detach", "--name", name}, b.label(), args)...); err == nil {
		b.t.Fatalf("it starts: %v", args)
	}
	return name
}

// name is one for a container, which goes with the test.
func (b *bench) name() string {
	name := "n" + strings.ToLower(rand.Text()[:10])
	b.t.Cleanup(func() { _, _ = b.i.try("rm", "--force", "--volumes", name) })
	return name
}

// net makes a network, which goes with the test.
func (b *bench) net(options ...string) string {
	b.t.Helper()
	name := "net" + strings.ToLower(rand.Text()[:10])
	b.docker(slices.Concat([]string{"network", "create"}, options, []string{name})...)
	b.t.Cleanup(func() { _, _ = b.i.try("network", "rm", name) })
	return name
}

// service makes a container of a Compose project, as Compose does.
func (b *bench) service(project, service, net string, args ...string) string {
	b.t.Helper()
	name := b.name()
	options := []string{
		"run", "--detach", "--name", name, "--init", "--network", net, "--label", scene.LabelProject + "=" + project, "--label", scene.LabelService + "=" + service,
		"--label", scene.LabelDir + "=" + b.Workspace, "--label", scene.LabelFiles + "=" + filepath.Join(b.Workspace, "compose.yaml"),
	}
	if net != "none" && net != "host" {
		options = append(options, "--network-alias", service)
	}
	if service == "app" {
		options = append(options, b.label()...)
	}
	b.docker(slices.Concat(options, args, []string{image, "sleep", "600"})...)
	return name
}

// change runs a script on the machine, and another one when the test ends.
func (b *bench) change(do, undo string) {
	b.t.Helper()
	b.i.sh(do)
	b.t.Cleanup(func() { b.i.sh(undo) })
}

// pid is the process of a container.
func (b *bench) pid(name string) string {
	return b.docker("inspect", "--format", "{{.State.Pid}}", name)
}

// first is the finding that a person sees first.
func (b *bench) first() doctor.Finding {
	b.t.Helper()
	b.i.busy.RLock()
	defer b.i.busy.RUnlock()
	return b.First(network.Checks())
}

// healthy fails the test when anything is raised.
func (b *bench) healthy() {
	b.t.Helper()
	b.i.busy.RLock()
	defer b.i.busy.RUnlock()
	b.Healthy(network.Checks())
}

// free is a port of the island that nobody has.
func (b *bench) free() string {
	return strconv.Itoa(20000 + int(rand.Text()[0])*100 + int(rand.Text()[0]))
}
