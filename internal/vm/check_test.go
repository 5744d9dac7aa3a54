package vm_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/testbed"
	"iact-infra/internal/verdict"
	"iact-infra/internal/vm"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/survey"
)

// clientFile is what matters here of the client's Vagrantfile.
const clientFile = `
MARIADB_IP = "192.168.56.10"
Vagrant.configure("2") do |config|
  config.vagrant.plugins = ["vagrant-surely-not-there"]
  # config.vagrant.plugins = ["vagrant-not-meant"]
  config.vm.define "mariadb", primary: true do |mariadb|
    mariadb.vm.network "private_network", ip: MARIADB_IP
    mariadb.vm.network "forwarded_port", guest: 3306, host: 23306, host_ip: "127.0.0.1"
    mariadb.vm.provider("virtualbox") { |vb| }
    mariadb.vm.provider "virtualbox" do |vb|
      vb.memory = 2048
    end
  end
  config.vm.define "postgresql" do |postgresql|
    postgresql.vm.provider "virtualbox" do |vb|
      vb.memory = 2048
    end
  end
  config.vm.define "adminer" do |adminer|
    adminer.vm.provider "virtualbox" do |vb|
      vb.memory = 1024
    end
  end
end
`

// running is a provider whose machines all run.
type running struct {
	provider.Exporter
	port int // of this host that leads into each
}

func (r running) Look(_ context.Context, id string) (provider.Machine, error) {
	return provider.Machine{ID: id, State: provider.Running, Forwards: []provider.Forward{{HostPort: r.port, GuestPort: 5432}}}, nil
}

// checking is a project and the configuration of section vm.
type checking struct {
	dir, settings string
	provider      provider.Exporter // nil is the real one
}

func (c checking) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// check runs vm:check where nothing may be changed.
func (c checking) check(t *testing.T) (survey.Report, error) {
	t.Helper()
	c.write(t, "iact.yaml", fmt.Sprintf("vm: {dir: %s, disk: 0, memory: 512, cpus: 1, %s}\n", c.dir, c.settings))
	env := map[string]string{"IACT_CONFIG": filepath.Join(c.dir, "iact.yaml"), "HOME": c.dir}
	options := vm.Options{
		Config: func() (*config.Config, error) {
			return config.Load(config.Options{Root: c.dir, Getenv: func(name string) string { return env[name] }})
		},
		Getenv: func(name string) string { return env[name] }, Now: time.Now, Random: rand.Reader,
	}
	if c.provider != nil {
		options.Provider = func(string, *command.Door) (provider.Exporter, error) { return c.provider, nil }
	}
	w := &procedure.Work{Door: command.NewDoor(commandtest.ReadOnly(t, command.Local())), Lang: "en"}
	err := vm.New(options).Procedure().Steps[0].Run(t.Context(), w)
	if w.Published() == nil {
		t.Fatalf("it published nothing: %v", err)
	}
	return w.Published().Value.(survey.Report), err
}

func found(t *testing.T, r survey.Report, code string) verdict.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("no finding %s in %+v", code, r.Findings)
	return verdict.Finding{}
}

// expect holds a finding against its state and a word of what was seen or told.
func expect(t *testing.T, r survey.Report, code string, state verdict.State, word string) {
	t.Helper()
	f := found(t, r, code)
	if f.State != state || !strings.Contains(f.Seen+"\n"+f.Fix.EN, word) {
		t.Errorf("%s: %s %s; %s, want %s %s", code, f.State, f.Seen, f.Fix.EN, state, word)
	}
}

func TestRealCheckSaysThatThisHostCanRunMachines(t *testing.T) {
	t.Parallel()
	testbed.Libvirt(t)
	port := freePort(t)
	c := checking{dir: t.TempDir(), settings: fmt.Sprintf("provider: libvirt, postgresql_port: %d, mariadb_port: %d", port, freePort(t))}
	c.write(t, "Vagrantfile", "Vagrant.configure(\"2\") do |config|\n  config.vm.network \"forwarded_port\", guest: 5432, host: wanted\n  config.vm.provider(:libvirt) { |l| l.driver = \"qemu\" }\nend\n")
	r, err := c.check(t)
	if err != nil {
		t.Errorf("%v: %s", err, fault.Hint(err))
	}
	expect(t, r, "VC-CPU-001", verdict.Warn, "driver qemu")
	expect(t, r, "VC-NET-001", verdict.OK, fmt.Sprintf("%d free", port))
	expect(t, r, "VC-PRV-002", verdict.OK, "vagrant-libvirt")
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"provider":"libvirt"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestCheckTakesTheNumbersOfTheVagrantfile(t *testing.T) {
	t.Parallel()
	c := checking{dir: t.TempDir(), settings: "provider: virtualbox"}
	c.write(t, "Vagrantfile", clientFile)
	r, _ := c.check(t)
	if f := found(t, r, "VC-MEM-001"); !strings.Contains(f.Seen, "wanted: 5.0 GiB for 3 machines") {
		t.Errorf("memory: %s", f.Seen)
	}
	expect(t, r, "VC-VAG-004", verdict.Warn, "vagrant plugin install vagrant-surely-not-there")
	if f := found(t, r, "VC-VAG-004"); strings.Contains(f.Seen, "not-meant") {
		t.Errorf("a remark is taken for code: %s", f.Seen)
	}
	if f := found(t, r, "VC-NET-001"); !strings.Contains(f.Seen, "23306") || strings.Contains(f.Seen, "15432") {
		t.Errorf("ports: %s", f.Seen)
	}
	if f := found(t, r, "VC-NET-002"); !strings.Contains(f.Seen, "192.168.56.0/24") {
		t.Errorf("ranges: %s", f.Seen)
	}
}

func TestAPrerequisiteThatIsMissingIsCode4(t *testing.T) {
	t.Parallel()
	port, taken := listen(t)
	defer taken.Close()
	c := checking{dir: t.TempDir(), settings: fmt.Sprintf("provider: libvirt, postgresql_port: %d", port)}
	r, err := c.check(t)
	expect(t, r, "VC-NET-001", verdict.Fail, fmt.Sprintf("vm: {postgresql_port: %d}", port))
	if f := found(t, r, "VC-NET-001"); !strings.Contains(f.Seen, fmt.Sprintf("(pid %d)", os.Getpid())) {
		t.Errorf("it does not say who: %s", f.Seen)
	}
	if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "VC-NET-001") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
}

func TestAMachineThatRunsHasItsMemoryAndItsPort(t *testing.T) {
	t.Parallel()
	port, taken := listen(t)
	defer taken.Close()
	c := checking{dir: t.TempDir(), provider: running{port: port}, settings: fmt.Sprintf("provider: libvirt, machines: [iact-devbox], postgresql_port: %d", port)}
	c.write(t, ".vagrant/machines/iact-devbox/libvirt/id", "7f0c2f5e-6f0f-4a53-9d53-4f6f7c1f0a11")
	r, _ := c.check(t)
	expect(t, r, "VC-NET-001", verdict.OK, fmt.Sprintf("%d ours", port))
	expect(t, r, "VC-MEM-001", verdict.OK, "wanted: 0 B for 0 machines")
}

func TestMachinesOfAnotherProviderAreNamed(t *testing.T) {
	t.Parallel()
	c := checking{dir: t.TempDir(), provider: running{}, settings: "provider: libvirt, machines: [iact-devbox]"}
	c.write(t, ".vagrant/machines/iact-devbox/virtualbox/id", "7f0c2f5e-6f0f-4a53-9d53-4f6f7c1f0a11")
	r, _ := c.check(t)
	expect(t, r, "VC-PRV-005", verdict.Warn, "iact-devbox (virtualbox)")
}

// listen takes a port of this host.
func listen(t *testing.T) (int, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().(*net.TCPAddr).Port, l
}

func freePort(t *testing.T) int {
	t.Helper()
	port, l := listen(t)
	l.Close()
	return port
}
