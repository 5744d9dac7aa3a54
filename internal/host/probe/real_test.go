package probe_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/probe"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/testbed"
	"iact-infra/internal/verdict"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func probeOf(d *testbed.DockerDaemon, want probe.Want) *probe.Probe {
	return &probe.Probe{Door: command.NewDoor(command.Local()), Env: d.Env(), Want: want, Now: time.Now}
}

func run(t *testing.T, p *probe.Probe) survey.Report {
	t.Helper()
	report, err := p.Run(t.Context())
	must(t, err)
	return report
}

// finding is one of a report, which has to be in a state and say something.
func finding(t *testing.T, r survey.Report, code string, state verdict.State, says string) {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f verdict.Finding) bool { return f.Code == code })
	if i < 0 {
		t.Fatalf("no finding %s in %+v", code, r.Findings)
	}
	f := r.Findings[i]
	if f.State != state || !strings.Contains(f.Seen, says) {
		t.Errorf("%s is %s: %q; want %s, %q", code, f.State, f.Seen, state, says)
	}
	if f.State != verdict.OK && (f.Cause.Empty() || f.Fix.Empty()) {
		t.Errorf("%s has no cause or no fix: %+v", code, f)
	}
}

// made is all on a daemon that a probe has made.
func made(t *testing.T, d *testbed.DockerDaemon) string {
	t.Helper()
	var all []string
	for _, list := range [][]string{{"ps", "--all"}, {"network", "ls"}, {"volume", "ls"}, {"image", "ls"}} {
		all = append(all, d.Run(t, append(list, "--quiet", "--filter", "label=iact-infra.probe")...))
	}
	return strings.TrimSpace(strings.Join(all, "\n"))
}

// listener is a server that accepts, at an address of this machine.
func listener(t *testing.T, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// gateway is an address of this machine that containers reach.
func gateway(t *testing.T, d *testbed.DockerDaemon) string {
	t.Helper()
	return d.Run(t, "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", "bridge")
}

func TestRealAllIsWellOnAWorkingHostAndNothingIsLeft(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	report := run(t, probeOf(d, probe.Want{Outside: []string{listener(t, gateway(t, d))}, Writes: 1}))
	for _, f := range report.Findings {
		if f.State != verdict.OK {
			t.Errorf("%+v", f)
		}
	}
	finding(t, report, "HN-LIM-001", verdict.OK, "was ended; its control group says 64 MiB")
	finding(t, report, "HN-VOL-001", verdict.OK, "read by another")
	if left := made(t, d); left != "" {
		t.Errorf("left are %s", left)
	}
}

func TestRealAPortThatIsTakenIsTold(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	taken := portOf(t, listener(t, "0.0.0.0"))
	name := d.Container(t, "--publish", "127.0.0.1::9", d.Busybox(t), "sleep", "600")
	ours := portOf(t, d.Run(t, "port", name, "9/tcp"))
	report := run(t, probeOf(d, probe.Want{Ports: []int{taken, ours}}))
	finding(t, report, "HN-PORT-002", verdict.Fail, strconv.Itoa(taken)+": ")
	finding(t, report, "HN-PORT-002", verdict.Fail, "address already in use")
	finding(t, report, "HN-PORT-002", verdict.Fail, "well are "+strconv.Itoa(ours)+" by "+name)
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	n, err := strconv.Atoi(port)
	must(t, err)
	return n
}

func TestRealWhatNobodyReachesIsAWarning(t *testing.T) {
	t.Parallel()
	report := run(t, probeOf(testbed.Docker(t), probe.Want{Image: "127.0.0.1:1/alpine:3", Outside: []string{"127.0.0.1:1"}}))
	finding(t, report, "HN-REG-001", verdict.Warn, "connection refused")
	finding(t, report, "HN-OUT-001", verdict.Warn, "Connection refused")
	finding(t, report, "HN-OUT-002", verdict.Warn, "Connection refused")
}

// knowing is this machine, whose /etc/hosts knows one name more for the probe.
type knowing struct {
	command.Transport
	hosts string
}

func (k knowing) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	if strings.HasSuffix(c.Program, "/perl") {
		c.Args = append([]string{"--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, k.hosts, c.Program}, c.Args...)
		c.Program = "unshare"
	}
	return k.Transport.Start(ctx, c, stdout)
}

func TestRealWhatTheHostFindsAndContainersDoNotIsAFailure(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	d.Stop(t)
	file := filepath.Join(d.Dir, "daemon.json")
	text, err := os.ReadFile(file)
	must(t, err)
	with := strings.Replace(string(text), "{", `{"dns": ["127.0.0.9"], `, 1)
	must(t, os.WriteFile(file, []byte(strings.Replace(with, ", }", "}", 1)), 0o644))
	d.Start(t)
	hosts := filepath.Join(t.TempDir(), "hosts")
	must(t, os.WriteFile(hosts, []byte("127.0.0.1 localhost registry.iact.example\n"), 0o644))
	port := strconv.Itoa(portOf(t, listener(t, "127.0.0.1")))
	p := probeOf(d, probe.Want{Outside: []string{"registry.iact.example:" + port, "127.0.0.1:" + port}})
	p.Door = command.NewDoor(knowing{command.Local(), hosts})
	report := run(t, p)
	finding(t, report, "HN-DNS-001", verdict.OK, "registry.iact.example:"+port+" is 127.0.0.1")
	finding(t, report, "HN-DNS-002", verdict.Fail, "Temporary failure in name resolution (on the default network, resolvers: 127.0.0.9)")
	finding(t, report, "HN-DNS-002", verdict.Fail, "(on a network of its own, resolvers: 127.0.0.11)")
	finding(t, report, "HN-OUT-001", verdict.OK, "127.0.0.1:"+port)
	finding(t, report, "HN-OUT-002", verdict.Fail, "127.0.0.1:"+port+": 127.0.0.1: Connection refused") // that is the container itself
	finding(t, report, "HN-NET-001", verdict.OK, "")
}

func TestRealNetworksThatAreUsedUpAndADiskThatIsFullAreTold(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	// One network takes all addresses that the daemon has to give: base/21.
	at := strings.Split(gateway(t, d), ".")
	third, err := strconv.Atoi(at[2])
	must(t, err)
	d.Run(t, "network", "create", "--subnet", strings.Join([]string{at[0], at[1], strconv.Itoa(third + 8), "0/21"}, "."), "all-of-it")
	volumes := filepath.Join(d.Dir, "root/volumes")
	must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", volumes)))
	report := run(t, probeOf(d, probe.Want{}))
	finding(t, report, "HN-NET-001", verdict.Fail, "non-overlapping IPv4 address pool")
	finding(t, report, "HN-PORT-001", verdict.OK, "127.0.0.1:") // from the default network
	finding(t, report, "HN-DISK-001", verdict.Fail, "o space left on device")
	if left := made(t, d); left != "" {
		t.Errorf("left are %s", left)
	}
}

func TestRealARunThatIsInterruptedAnywhereLeavesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	for _, after := range []int64{1, 6, 9, 14} {
		ctx, stop := context.WithCancel(t.Context())
		p := probeOf(d, probe.Want{})
		p.Door = command.NewDoor(command.Local(), afterChanges(after, stop))
		if _, err := p.Run(ctx); err == nil {
			t.Errorf("interrupted after %d changes, and it says nothing", after)
		}
		stop()
		if left := made(t, d); left != "" {
			t.Errorf("interrupted after %d changes: left are %s", after, left)
		}
	}
}

func TestRealWhatAKilledRunHasLeftIsRemovedByTheNext(t *testing.T) {
	t.Parallel()
	d := testbed.OwnDocker(t)
	left := false
	for _, after := range []string{"6", "12"} {
		c := command.Change(os.Args[0])
		c.Env = []string{killAfter + "=" + after, daemonEnv + "=" + strings.Join(d.Env(), "\n")}
		if err := command.NewDoor(command.Local()).Run(t.Context(), c); err == nil {
			t.Fatalf("it was not killed after %s changes", after)
		}
		left = left || made(t, d) != ""
	}
	if !left {
		t.Fatal("no run was killed in the midst")
	}
	other := d.Run(t, "network", "create", "--label", "iact-infra.probe=of-somebody-else", "iact-probe-of-somebody-else")
	run(t, probeOf(d, probe.Want{}))
	if left := made(t, d); left != other[:12] {
		t.Errorf("left are %s", left)
	}
}

func TestADaemonThatHangsIsToldWithinTheLimit(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	must(t, err)
	defer l.Close()
	p := &probe.Probe{Door: command.NewDoor(command.Local()), Env: []string{"DOCKER_HOST=unix://" + socket}, Now: time.Now, Limit: 500 * time.Millisecond}
	began := time.Now()
	if _, err := p.Run(t.Context()); fault.Code(err) != fault.Missing || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
