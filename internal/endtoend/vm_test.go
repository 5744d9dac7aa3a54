package endtoend_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// life is a checkout of its own whose machine is a real one.
type life struct {
	t       *testing.T
	root    string
	project *testbed.VagrantProject
	daemon  *testbed.LibvirtDaemon
	env     []string
}

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, root: t.TempDir(), daemon: testbed.Libvirt(t)}
	l.project = l.daemon.Vagrant(t, "")
	l.must(os.Remove(filepath.Join(l.project.Dir, "Vagrantfile")))
	for _, name := range []string{"go.mod", "config/Vagrantfile", "scripts/bootstrap.sh", "scripts/bootstrap/servers.sh", "scripts/bootstrap/stages.sh"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		l.must(err)
		l.must(os.MkdirAll(filepath.Dir(filepath.Join(l.root, name)), 0o755))
		l.must(os.WriteFile(filepath.Join(l.root, name), text, 0o644))
	}
	settings := fmt.Sprintf(`vm:
  dir: %s
  logins: %[1]s/vm.env
  memory: 640
  disk: 1
  postgresql: distribution
  mariadb: distribution
  postgresql_port: %d
  mariadb_port: %d
backup:
  store: %s
  sources: [{name: devbox, kind: vm, machine: iact-devbox}]
`, l.project.Dir, l.port(), l.port(), filepath.Join(l.root, "sets"))
	l.must(os.WriteFile(filepath.Join(l.root, "config", "iact.yaml"), []byte(settings), 0o600))
	l.env = append(l.project.Env(), "IACT_DIR="+l.root, "IACT_CONFIG=", "IACT_LANG=en", "NO_COLOR=1")
	return l
}

func (l *life) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// port is one that nobody has at this moment.
func (l *life) port() int {
	l.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(l.t.Context(), "tcp", "127.0.0.1:0")
	l.must(err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// run runs the program and gives what it printed on both outputs, and its code.
func (l *life) run(more []string, args ...string) (said string, code int) {
	l.t.Helper()
	c := command.Change("sh", append([]string{"-c", `exec "$0" "$@" 2>&1`, program(l.t)}, args...)...)
	c.Dir, c.Env, c.Timeout = l.root, slices.Concat(l.env, more), 15*time.Minute
	stream, err := command.NewDoor(command.Local()).Stream(context.WithoutCancel(l.t.Context()), c)
	l.must(err)
	var out strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, wrong := stream.Read(buf)
		out.Write(buf[:n])
		if wrong != nil {
			break
		}
	}
	err = stream.Close()
	var failed *command.Error
	if errors.As(err, &failed) {
		return out.String(), failed.Exit
	}
	l.must(err)
	return out.String(), 0
}

// cutOff ends a run as soon as it has said something.
func (l *life) cutOff(at string, args ...string) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.t.Context()))
	defer cancel()
	c := command.Change("sh", append([]string{"-c", `exec "$0" "$@" 2>&1`, program(l.t)}, args...)...)
	c.Dir, c.Env, c.Timeout = l.root, l.env, 15*time.Minute
	stream, err := command.NewDoor(command.Local()).Stream(ctx, c)
	l.must(err)
	defer stream.Abort()
	var said strings.Builder
	for lines := bufio.NewScanner(stream); lines.Scan() && ctx.Err() == nil; {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), at) {
			cancel()
		}
	}
	if err := stream.Close(); err == nil || ctx.Err() == nil {
		l.t.Fatalf("%v was not cut off at %q: %v\n%s", args, at, err, said.String())
	}
}

// good is a run that ends well and says all of these.
func (l *life) good(args []string, says ...string) string {
	l.t.Helper()
	began := time.Now()
	said, code := l.run(nil, args...)
	l.t.Logf("%s: %s", strings.Join(args, " "), time.Since(began).Round(time.Millisecond))
	if code != 0 {
		l.t.Fatalf("%v ends with %d:\n%s", args, code, said)
	}
	for _, want := range says {
		if !regexp.MustCompile(want).MatchString(said) {
			l.t.Errorf("%v does not say %q:\n%s", args, want, said)
		}
	}
	return said
}

// refused is a run that ends with a code and says all of these.
func (l *life) refused(args []string, want int, says ...string) {
	l.t.Helper()
	said, code := l.run(nil, args...)
	if code != want {
		l.t.Fatalf("%v ends with %d, not %d:\n%s", args, code, want, said)
	}
	for _, one := range says {
		if !strings.Contains(said, one) {
			l.t.Errorf("%v does not say %q:\n%s", args, one, said)
		}
	}
}

func words(args ...string) []string { return args }

// document is the JSON document of a run.
func (l *life) document(into any, args ...string) time.Duration {
	l.t.Helper()
	began := time.Now()
	said, code := l.run([]string{"IACT_FORMAT=json"}, args...)
	took := time.Since(began)
	if code != 0 {
		l.t.Fatalf("%v ends with %d:\n%s", args, code, said)
	}
	if at := strings.Index(said, "{"); at >= 0 {
		said = said[at:]
	}
	l.must(json.NewDecoder(strings.NewReader(said)).Decode(into))
	return took
}

// TestRealSlowAMachineGoesThroughItsWholeLife pins the procedure as an operator
// sees it: from nothing to a proved machine, again without a change, snapshots,
// a backup that is proved by a drill, and nothing left at the end.
func TestRealSlowAMachineGoesThroughItsWholeLife(t *testing.T) {
	l := newLife(t)
	l.cutOff("[STEP 2/5]", "vm:fetch", "vm:bootstrap", "vm:up") // the machine stays, and is gone on with
	l.good(words("vm:all"), `\[STEP 1/5\] system_prepare.sh \(done already\)`, `vm:up  ok  iact-devbox running, provisioned`, `vm:services  ok`, `vm:snapshot  ok  clean-provision of iact-devbox`, `vm:test  ok`,
		`\[PASS\]  iact-devbox  query as django_user in PostgreSQL from this host`, `\[PASS\]  iact-devbox  query as django_user in MariaDB from this host`)
	l.good(words("vm:all"), `vm:fetch  skipped`, `vm:bootstrap  skipped`, `vm:up  skipped`, `vm:snapshot  skipped`)

	var status struct {
		Machines []struct {
			Name, State string
			Provisioned bool
			Snapshots   int
		}
	}
	took := l.document(&status, "vm:status")
	for range 2 { // other tests run beside
		took = min(took, l.document(&status, "vm:status"))
	}
	if took > time.Second {
		t.Errorf("vm:status takes %s, over a second", took)
	}
	if len(status.Machines) != 1 || status.Machines[0].State != "running" || !status.Machines[0].Provisioned || status.Machines[0].Snapshots != 1 {
		t.Errorf("the status is %+v", status)
	}
	l.refused(words("vm:ssh", "-c=echo here; exit 7"), 7, "here")
	l.refused(words("vm:destroy"), 2, "nobody is at a terminal")
	l.refused(words("vm:snapshot", "-name=clean-provision"), 2, "there is one of that name")
	l.refused(words("vm:snapshot", "-name=a b"), 2, "cannot be called that")

	l.row("kept")
	l.good(words("backup:vm"), `backup:vm  ok`)
	l.good(words("vm:snapshot", "-name=with-row"), `vm:snapshot  ok`)
	l.row("lost")
	l.good(words("vm:restore", "-name=with-row", "-yes=true"), `loses all that was written`, `vm:restore  ok`)
	if rows := l.rows(); rows != "kept" {
		t.Errorf("after the restore the table holds %q", rows)
	}
	l.good(words("vm:test"), `vm:test  ok`) // the forwarded ports lead into the machine of then
	l.good(words("vm:suspend"), `vm:suspend  ok  iact-devbox paused`)
	l.refused(words("vm:ssh", "-c=true"), 4, "it is paused")
	l.good(words("vm:up"), `vm:up  ok`)

	l.good(words("backup:vm"), `backup:vm  ok`)
	var sets []struct {
		Sources []struct {
			Size int64 `json:"size_bytes"`
			New  int64 `json:"new_bytes"`
		}
	}
	l.list(&sets)
	if len(sets) != 2 || sets[0].Sources[0].New*5 > sets[1].Sources[0].New {
		t.Errorf("the second backup is no smaller: %+v", sets)
	}
	l.good(words("backup:restoreVM", "-drill=true"), `backup:restoreVM  ok`, `PASS  PostgreSQL database iact_analytics`, `PASS  MariaDB database ivr_legacy`)

	l.good(words("vm:destroy", "-yes=true"), `vm:destroy  ok`)
	if left := l.daemon.Virsh(t, "list", "--all", "--name"); strings.Contains(left, l.project.Prefix) {
		t.Errorf("machines are left: %s", left)
	}
	l.document(&status, "vm:status")
	if status.Machines[0].State != "not made" {
		t.Errorf("after all the machine is %s", status.Machines[0].State)
	}
}

// row writes one into a table of PostgreSQL.
func (l *life) row(what string) {
	l.t.Helper()
	l.good(words("vm:ssh", `-c=cd / && sudo -u postgres psql -q -d iact_analytics -c "CREATE TABLE IF NOT EXISTS calls (what text)" -c "INSERT INTO calls VALUES ('`+what+`')"`))
}

func (l *life) rows() string {
	l.t.Helper()
	return strings.TrimSpace(l.good(words("vm:ssh", `-c=cd / && sudo -u postgres psql -At -d iact_analytics -c "SELECT string_agg(what, ' ') FROM calls"`)))
}

// list is backup:list, whose document is a list.
func (l *life) list(into any) {
	l.t.Helper()
	said, code := l.run([]string{"IACT_FORMAT=json"}, "backup:list")
	if code != 0 {
		l.t.Fatalf("backup:list ends with %d:\n%s", code, said)
	}
	_, list, _ := strings.Cut(said, "[")
	l.must(json.Unmarshal([]byte("["+list), into))
}
