package vagrant_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/vagrant"
)

// keeper is a process that is called ssh and takes a port as ssh does, started by what is tested.
func keeper(t *testing.T) (vagrant.Project, vagrant.Made, vagrant.Keeper) {
	t.Helper()
	p, one := vagrant.Project{Dir: t.TempDir()}, vagrant.Made{Name: "box", Provider: "libvirt", ID: "1"}
	note := filepath.Join(p.Dir, ".vagrant/machines/box/libvirt/pids/ssh_1.pid")
	if err := os.MkdirAll(filepath.Dir(note), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	// The script is called ssh, and so is the process: perl is given its name by $0 in the arguments.
	perl, err := command.Local().Look(t.Context(), "perl")
	if err != nil {
		t.Fatal(err)
	}
	ssh := filepath.Join(p.Dir, "ssh")
	if err := os.Symlink(perl, ssh); err != nil {
		t.Fatal(err)
	}
	k := vagrant.Keeper{Note: note, Line: []string{
		ssh, "-MIO::Socket::INET", "-e", fmt.Sprintf(`my $s = IO::Socket::INET->new(Listen => 5, LocalPort => %d, LocalAddr => "127.0.0.1", ReuseAddr => 1) or die; while (my $c = $s->accept) { print $c "$$\n" }`, port),
		fmt.Sprintf("127.0.0.1:%d:10.0.0.1:5432", port),
	}}
	k.HostIP, k.HostPort, k.GuestPort = "127.0.0.1", port, 5432
	t.Cleanup(func() {
		if pid := noted(t, note); pid > 0 {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
	})
	return p, one, k
}

func noted(t *testing.T, note string) int {
	t.Helper()
	text, err := os.ReadFile(note)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

// behind is the process id of what has taken the port.
func behind(t *testing.T, port int) int {
	t.Helper()
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	line := make([]byte, 16)
	n, err := conn.Read(line)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	return pid
}

func TestAForwardedPortIsTakenAnewByTheSameLine(t *testing.T) {
	t.Parallel()
	p, one, k := keeper(t)
	door := command.NewDoor(command.Local())
	last := 0
	for range 2 { // where none runs, and where one does
		if err := vagrant.Renew(t.Context(), door, []vagrant.Keeper{k}); err != nil {
			t.Fatal(err)
		}
		pid := behind(t, k.HostPort)
		if pid == last || pid != noted(t, k.Note) {
			t.Errorf("the port is taken by %d, before it was %d, noted is %d", pid, last, noted(t, k.Note))
		}
		last = pid
		if all := p.Forwards(one); len(all) != 1 || all[0] != k.Forward {
			t.Errorf("the forwards are %+v", all)
		}
	}
	if found := p.Keepers(one); len(found) != 1 || strings.Join(found[0].Line, "|") != strings.Join(k.Line, "|") {
		t.Errorf("found %+v", found)
	}
}

func TestAProcessOfAnotherLineIsNeverEnded(t *testing.T) {
	t.Parallel()
	p, one, k := keeper(t)
	if err := os.WriteFile(k.Note, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	if all := p.Forwards(one); len(all) != 0 {
		t.Errorf("this test is taken for a forward: %+v", all)
	}
	if err := vagrant.Renew(t.Context(), command.NewDoor(command.Local()), []vagrant.Keeper{k}); err != nil {
		t.Fatal(err) // and this process still runs
	}
	if pid := noted(t, k.Note); pid == os.Getpid() || pid != behind(t, k.HostPort) {
		t.Errorf("noted is %d", pid)
	}
}
