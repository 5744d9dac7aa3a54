package survey

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/verdict"
)

// fixture is a machine of testdata, asked when its own clock said the same.
func fixture(t *testing.T, name string) *Facts {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	f.Place, f.Asked = name, time.Unix(1796000003, 0)
	return f
}

// wants is what the procedure asks for.
func wants() Wants {
	return Wants{Memory: 8 << 30, Disk: 50 << 30, Inodes: 1e6, Ports: []int{5432, 8080}, Subnets: []string{"172.20.0.0/16"}}
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

// machines are the fixtures with the findings that are not ok, and a word that
// the evidence must have.
var machines = map[string]map[string]string{
	"ubuntu-24.04": {},
	"ubuntu-22.04": {
		"HC-NET-001": "warn 5432 by postgres at 127.0.0.1, 8080 by docker-proxy at 0.0.0.0",
		"HC-PKG-002": "warn docker.io 28.2.2-0ubuntu1~22.04.1",
	},
	"ubuntu-20.04": {
		"HC-OS-002":   "warn until 2025-05-31",
		"HC-CG-001":   "warn side by side",
		"HC-VIRT-001": "warn oracle",
		"HC-MEM-001":  "fail 3.8 GiB, 2.9 GiB of it available; wanted: 8.0 GiB",
		"HC-DISK-001": "fail 17.6 GiB free of 38.6 GiB: /var/lib/docker (to be made; now /var/lib) on /",
		"HC-PKG-001":  "fail /snap/docker",
		"HC-DKR-001":  "warn srw-rw---- root:root",
		"HC-RGT-001":  "warn ubuntu (uid 1000), sudo wants a password",
	},
	"debian-12": {
		"HC-DKR-001": "warn dockerd 28.5.2, which does not answer",
		"HC-DKR-003": "fail invalid character '}'",
	},
	"fedora-43": {
		"HC-DISK-003": "warn btrfs",
		"HC-PKG-002":  "warn runc 1.3.3-1.fc43",
		"HC-PKG-003":  "warn podman-docker 5.7.0-1.fc43",
	},
	"alpine-3.22": {
		"HC-VIRT-001": "warn qemu",
		"HC-NET-001":  "warn 5432 by a process that only root may see at ::1",
		"HC-NET-004":  "warn not installed",
		"HC-TOOL-001": "warn git",
	},
	"wsl2": {
		"HC-CG-001":   "warn side by side",
		"HC-DISK-003": "fail 9p: /mnt/c/docker",
		"HC-NET-004":  "warn not installed",
		"HC-INIT-001": "warn init(Ubuntu)",
		"HC-RGT-001":  "warn maria",
		"HC-TIME-001": "warn off by -33 min",
	},
	"lxc": {
		"HC-VIRT-002": "warn LXC",
		"HC-DISK-003": "warn zfs",
	},
	"raspberry-pi": {
		"HC-ARCH-001": "warn aarch64, programs of 32 bits",
		"HC-CG-002":   "warn off",
		"HC-MEM-001":  "fail 3.7 GiB",
		"HC-DISK-001": "fail 20.5 GiB free of 29.0 GiB",
		"HC-DISK-002": "warn 658480 free of 1908480",
	},
	"vpn": {
		"HC-NET-002": "warn 172.20.0.0/16 with 172.16.0.0/12 dev tun0",
		"HC-DKR-002": "warn DOCKER_HOST=tcp://build.example.org:2376",
		"HC-PRX-001": "warn none for the environment, Docker's daemon",
	},
}

func TestEachMachineHasItsFindingsAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, want := range machines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, got := range fixture(t, name).Judge(wants()) {
				line := string(got.State) + " " + got.Seen
				state, word, listed := strings.Cut(want[got.Code], " ")
				switch {
				case !listed && got.State != verdict.OK:
					t.Errorf("%s: %s", got.Code, line)
				case listed && (string(got.State) != state || !strings.Contains(got.Seen, word)):
					t.Errorf("%s: %s, want %s", got.Code, line, want[got.Code])
				}
			}
		})
	}
}

func TestEveryFixtureIsOfAMachineThatIsJudged(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != len(machines) {
		t.Errorf("%d fixtures, %d machines (%v): %v", len(files), len(machines), slices.Sorted(maps.Keys(machines)), err)
	}
}

func TestWhatIsNotWellHasACauseAndAFix(t *testing.T) {
	t.Parallel()
	for name := range machines {
		for _, f := range fixture(t, name).Judge(wants()) {
			if f.Title.ES == "" || f.Title.EN == "" || f.Seen == "" {
				t.Errorf("%s: %+v says too little", name, f)
			}
			if (f.State != verdict.OK) == f.Cause.Empty() || (f.State != verdict.OK) == f.Fix.Empty() {
				t.Errorf("%s: %s is %s with cause %q and fix %q", name, f.Code, f.State, f.Cause, f.Fix)
			}
		}
	}
}

func TestTheFactsOfAMachineAreTaken(t *testing.T) {
	t.Parallel()
	f := fixture(t, "debian-12")
	if d := f.Data; d.Mount != "/srv/docker data" || d.Type != "xfs" || d.FType != "1" || d.Free != 498032000<<10 ||
		d.FreeInodes != 262143990 || !slices.Contains(d.Options, "prjquota") {
		t.Errorf("data = %+v", d)
	}
	if f.Virt.CPU != "svm" || f.Virt.VM != "" || f.Rights.UID != 0 || f.Synced == nil || !*f.Synced || f.CPUs != 8 {
		t.Errorf("virt = %+v, rights = %+v, %d cpus", f.Virt, f.Rights, f.CPUs)
	}
	f = fixture(t, "alpine-3.22")
	if want := []Port{{"0.0.0.0", 22, ""}, {"::1", 5432, ""}}; !slices.Equal(f.Ports, want) {
		t.Errorf("ports = %v, want %v", f.Ports, want)
	}
	f = fixture(t, "ubuntu-22.04")
	if f.Docker.Server != "28.2.2" || f.Docker.Driver != "overlay2" || !f.Rights.Rootless || f.Rights.Sudo != sudoFree {
		t.Errorf("docker = %+v, rights = %+v", f.Docker, f.Rights)
	}
	for _, p := range fixture(t, "vpn").Proxies {
		if strings.Contains(p.Value, "s3cret") || !strings.Contains(p.Value, "ana:***@proxy") {
			t.Errorf("the password shows in %s", p.Value)
		}
	}
	if f := fixture(t, "wsl2"); f.Virt.WSL != 2 || f.Virt.Container != "" {
		t.Errorf("virt = %+v", f.Virt)
	}
}
