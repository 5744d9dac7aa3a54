package survey

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/vagrantfile"
)

// fixture is a host of testdata, with KVM that answers and much space: what the
// script cannot tell.
func fixture(t *testing.T, name string) *Facts {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	f := Parse(string(raw))
	f.KVM = Answers
	f.Places = []Place{
		{What: ForMachines, Path: "/vms", Existing: "/vms", Device: 1, Free: 200 << 30, TotalInodes: 1e6, Inodes: 9e5},
		{What: ForBoxes, Path: "/home/ana/.vagrant.d/boxes", Existing: "/home/ana", Device: 2, Free: 30 << 30, TotalInodes: 1e6, Inodes: 9e5},
	}
	return f
}

// wants is what the client's three machines need.
func wants(provider string) Wants {
	w := Wants{
		Provider: provider, Disk: 50 << 30, Home: "/home/ana/.vagrant.d", Dir: "/home/ana/iact/db", URI: "qemu:///system",
		Ports: []Port{{Address: "127.0.0.1", Number: 13306, Setting: "vm: {mariadb_port: 13306}"}, {Address: "127.0.0.1", Number: 15432, Setting: "vm: {postgresql_port: 15432}"}},
	}
	for i, name := range []string{"mariadb", "postgresql", "adminer"} {
		w.Machines = append(w.Machines, Machine{Name: name, Memory: 2 << 30, CPUs: 1})
		w.File.Machines = append(w.File.Machines, vagrantfile.Machine{Name: name, Addresses: []string{"192.168.56.1" + string(rune('0'+i))}})
	}
	return w
}

func finding(t *testing.T, all []verdict.Finding, code string) verdict.Finding {
	t.Helper()
	for _, f := range all {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("no finding %s", code)
	return verdict.Finding{}
}

// hosts are the fixtures by provider, with the findings that are not ok and a
// word of what was seen.
func hosts() map[string]map[string]string {
	return map[string]map[string]string{
		"libvirt debian-12-libvirt": {},
		"libvirt lab": {
			"VC-NET-001": "fail 15432 by ssh (pid 917)",
		},
		"libvirt wsl2": {
			"VC-MEM-001": "warn 6.0 GiB free",
			"VC-PRV-006": "fail No such file or directory",
		},
		"libvirt no-group": {
			"VC-PRV-006": "fail Permission denied",
		},
		"libvirt nothing": {
			"VC-VAG-001": "fail not installed",
			"VC-PRV-001": "fail libvirt: not installed",
			"VC-PRV-002": "fail no plugin",
			"VC-PRV-006": "warn unknown: libvirt",
			"VC-TOL-001": "fail missing: git",
		},
		"virtualbox nothing": {
			"VC-VAG-001": "fail not installed",
			"VC-PRV-001": "fail VirtualBox: not installed",
			"VC-PRV-002": "warn unknown: versions",
			"VC-PRV-003": "warn unknown: series",
			"VC-PRV-007": "fail not loaded",
			"VC-TOL-001": "fail missing: git",
		},
		"virtualbox ubuntu-24.04-virtualbox-7.1": {
			"VC-CPU-002": "fail kvm_amd on 6.14.0-24-generic",
		},
		"virtualbox debian-13-secure-boot": {
			"VC-PRV-007": "fail built, not loaded; Secure Boot",
		},
		"virtualbox ubuntu-20.04-virtualbox-6.1": {
			"VC-VAG-001": "fail 2.2.6",
			"VC-PRV-002": "fail Vagrant 2.2.6, VirtualBox 6.1.50",
			"VC-PRV-003": "warn 6.1.50",
			"VC-PRV-004": "warn Extension Pack 6.1.38",
		},
		"virtualbox fedora-43-virtualbox-7.2": {},
		"virtualbox virtualbox-6.0": {
			"VC-PRV-003": "warn 6.0.24",
		},
		"virtualbox macos-intel": {
			"VC-NET-002": "warn unknown: routes",
		},
		"virtualbox macos-arm": {
			"VC-CPU-001": "warn Apple silicon",
			"VC-NET-002": "warn unknown: routes",
		},
		"virtualbox wsl2": {
			"VC-PRV-001": "fail VirtualBox: not installed",
			"VC-PRV-002": "warn unknown: versions",
			"VC-PRV-003": "warn unknown: series",
			"VC-CPU-001": "warn unknown: hardware virtualisation of Windows",
			"VC-CPU-003": "warn WSL2",
			"VC-MEM-001": "warn 6.0 GiB free",
		},
	}
}

func TestEachHostHasItsFindingsAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, want := range hosts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, host, _ := strings.Cut(name, " ")
			left := maps.Clone(want)
			for _, got := range fixture(t, host).Judge(wants(provider)) {
				line := string(got.State) + " " + got.Seen
				state, word, listed := strings.Cut(want[got.Code], " ")
				delete(left, got.Code)
				switch {
				case !listed && got.State != verdict.OK:
					t.Errorf("%s: %s", got.Code, line)
				case listed && (string(got.State) != state || !strings.Contains(got.Seen, word)):
					t.Errorf("%s: %s, want %s", got.Code, line, want[got.Code])
				}
			}
			if len(left) > 0 {
				t.Errorf("never found: %v", left)
			}
		})
	}
}

func TestEveryFixtureIsOfAHostThatIsJudged(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Collect(maps.Keys(hosts()))
	for _, file := range files {
		host := strings.TrimSuffix(filepath.Base(file), ".txt")
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, " "+host) }) {
			t.Errorf("%s is judged by no test", file)
		}
	}
}

func TestWhatIsNotWellHasACauseAndAFixInBothLanguages(t *testing.T) {
	t.Parallel()
	for name := range hosts() {
		provider, host, _ := strings.Cut(name, " ")
		for _, f := range fixture(t, host).Judge(wants(provider)) {
			told := f.Cause.ES != "" && f.Cause.EN != "" && f.Fix.ES != "" && f.Fix.EN != ""
			if f.Title.ES == "" || f.Title.EN == "" || f.Seen == "" || (f.State != verdict.OK) != told {
				t.Errorf("%s: %+v says too little or too much", name, f)
			}
			if f.State != verdict.OK && f.Cause.ES == f.Cause.EN {
				t.Errorf("%s: the cause of %s is in one language", name, f.Code)
			}
		}
	}
}

func TestTheFactsOfAHostAreTaken(t *testing.T) {
	t.Parallel()
	f := fixture(t, "ubuntu-20.04-virtualbox-6.1")
	if f.VirtualBox != "6.1.50" || f.Folder != "/home/ana/VirtualBox VMs" || f.Hardware != "yes" || f.Flag != "vmx" || f.Memory != 32<<30 || f.Swap != 8<<30 {
		t.Errorf("%+v", f)
	}
	if want := []Port{{Number: 22}, {Address: "127.0.0.1", Number: 5432}}; !slices.Equal(f.Listens, want) {
		t.Errorf("listens = %+v, want %+v", f.Listens, want)
	}
	f = fixture(t, "macos-intel")
	if want := (Port{Address: "::1", Number: 15432, Process: "postgres", PID: 731}); !slices.Contains(f.Listens, want) || f.System != darwin || f.HV == nil || !*f.HV {
		t.Errorf("listens = %+v", f.Listens)
	}
	f = fixture(t, "debian-13-secure-boot")
	if f.VirtualBox != "7.0.14" || !f.SecureBoot || !f.Built {
		t.Errorf("%+v", f)
	}
	if f = fixture(t, "lab"); f.Pool != "/var/lib/libvirt/images" || f.QEMU != "7.2.22" || len(f.Locks) != 0 || f.VM != "kvm" {
		t.Errorf("%+v", f)
	}
}
