package survey

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/verdict"
)

func TestAFileCannotPassForAHeader(t *testing.T) {
	t.Parallel()
	f, err := Parse("Welcome to Ubuntu!\n@ os\n@@ iact survey 1\n@ os\n|ID=debian\n|@ machine\n|@@ end\n|!=7\n!=0\n@ etc.environment closed\n@@ end\nlogout\n")
	if err != nil || f.OS.ID != "debian" || f.Unread["machine"] == "" || f.Unread["etc.environment"] != "permission denied" {
		t.Errorf("err = %v, facts = %+v", err, f)
	}
}

func TestReasonsAreTheProgramsOwnWords(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"!df: /data: Stale file handle\n!=1\n": "df: /data: Stale file handle",
		"!=124\n":                              "no answer within 3 s",
		"!=3\n":                                "exit code 3",
		"|Filesystem 1024-blocks\n!=0\n":       "no row of figures",
		"":                                     "the answer was cut off",
	} {
		f, err := Parse("@@ iact survey 1\n@ space\n" + raw + "@@ end\n")
		if err != nil || f.Unread["space"] != want {
			t.Errorf("%q: %q, want %q (%v)", raw, f.Unread["space"], want, err)
		}
	}
}

func TestABrokenPackageDatabaseIsNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	f, err := Parse("@@ iact survey 1\n@ rpm\n!error: cannot open Packages database in /var/lib/rpm\n!=0\n@@ end\n")
	if err != nil || f.Unread["rpm"] != "error: cannot open Packages database in /var/lib/rpm" {
		t.Errorf("%v, %v", f.Unread, err)
	}
}

func TestRowsOfDfAreReadFromTheirPercentage(t *testing.T) {
	t.Parallel()
	for row, want := range map[string][2]uint64{
		"/dev/sda1 1000 400 600 40% /":                      {1000, 600},
		"//nas/My Share 1000 400 600 40% /mnt/my share 50%": {1000, 600},
		"/dev/sda1 1000 1010 -10 101% /":                    {1000, 0},
		"rpool/x 0 0 0 - /":                                 {0, 0},
		"btrfs - - - - /srv/a b":                            {0, 0},
	} {
		size, free, err := df([]string{"Filesystem …", row})
		if err != nil || size != want[0] || free != want[1] {
			t.Errorf("%q: %d, %d, %v, want %v", row, size, free, err, want)
		}
	}
}

func TestListenersAreReadFromSsAndFromTheKernel(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Port{
		`LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=612,fd=14))`: {"127.0.0.53%lo", 53, "systemd-resolve"},
		`LISTEN 0 128 [::1]:631 [::]:*`:                                           {"::1", 631, ""},
		`LISTEN 0 511 *:80 *:* users:(("nginx",pid=9,fd=6),("nginx",pid=8,fd=6))`: {"*", 80, "nginx"},
	} {
		if p, ok := listener(line); !ok || p != want {
			t.Errorf("%q: %+v, %v", line, p, ok)
		}
	}
	if p, ok := kernelListener("   1: 0100007F:1538 00000000:0000 0A 00000000:00000000"); !ok || p != (Port{"127.0.0.1", 5432, ""}) {
		t.Errorf("%+v, %v", p, ok)
	}
	for _, line := range []string{"ESTAB 0 0 10.0.0.1:22 10.0.0.2:99", "LISTEN 0 1 nonsense x", "LISTEN 0 1 *:99999 *:*", ""} {
		if p, ok := listener(line); ok {
			t.Errorf("%q: %+v", line, p)
		}
	}
}

func TestRoutesAreReadFromIpAndFromTheKernel(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"172.20.0.0/16 via 10.0.0.1 dev tun0 table 220 proto static": "172.20.0.0/16 dev tun0 table 220",
		"10.1.2.3 dev wg0 scope link":                                "10.1.2.3/32 dev wg0",
		"unicast 10.0.0.0/8 dev x":                                   "10.0.0.0/8 dev x",
	} {
		if r, ok := route(line); !ok || r.String() != want {
			t.Errorf("%q: %s, %v", line, r, ok)
		}
	}
	for _, line := range []string{"default via 10.0.0.1 dev eth0", "local 10.0.0.2 dev eth0", "broadcast 10.0.0.255 dev eth0", "unreachable 10.0.0.0/8", "\tnexthop via 10.0.0.1 dev eth0", ""} {
		if r, ok := route(line); ok {
			t.Errorf("%q: %s", line, r)
		}
	}
	if r, ok := kernelRoute("tun0 000010AC 0100080A 0003 0 0 0 0000F0FF 0 0 0"); !ok || r.String() != "172.16.0.0/12 dev tun0" {
		t.Errorf("%s, %v", r, ok)
	}
	if r, ok := kernelRoute("eth0 00000000 0102A8C0 0003 0 0 100 00000000 0 0 0"); ok {
		t.Errorf("the default route: %s", r)
	}
}

func TestProxiesAreReadInEveryNotation(t *testing.T) {
	t.Parallel()
	f := &Facts{}
	s := &section{lines: []string{
		`/etc/systemd/system/docker.service.d/p.conf: [Service]`,
		`/etc/systemd/system/docker.service.d/p.conf: Environment="HTTP_PROXY=http://u:p@w@h:1/" "NO_PROXY=localhost, x"`,
		`/etc/systemd/system/docker.service.d/p.conf: #Environment="HTTPS_PROXY=http://old:1/"`,
		`/etc/default/docker: export https_proxy='http://h:2/'`,
		`/etc/default/docker: DOCKER_OPTS="--dns 8.8.8.8"`,
	}}
	if err := readUnit(f, s); err != nil {
		t.Fatal(err)
	}
	want := []Proxy{{inUnit, "http_proxy", "http://u:***@h:1/"}, {inUnit, "no_proxy", "localhost, x"}, {inUnit, "https_proxy", "http://h:2/"}}
	if !slices.Equal(f.Proxies, want) {
		t.Errorf("%v, want %v", f.Proxies, want)
	}
}

func TestDaemonFilesAreReadOrRefused(t *testing.T) {
	t.Parallel()
	for text, bad := range map[string]string{
		``:   "",
		"{}": "",
		`{"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}], "proxies": {"http-proxy": "http://u:p@h"}}`: "",
		`{"data-root": 7}`: "data-root has the wrong type: number",
		`[]`:               "cannot unmarshal array",
		`{"debug": true,}`: "invalid character '}'",
		`{"default-address-pools": [{"base": "10.0.0.0/24", "size": 16}]}`: "10.0.0.0/24, which is no network",
	} {
		f := &Facts{}
		if err := readDaemon(f, &section{lines: strings.Split(text, "\n")}); err != nil {
			t.Fatal(err)
		}
		if !f.Daemon.Exists || (bad == "") != (f.Daemon.Bad == "") || !strings.Contains(f.Daemon.Bad, bad) {
			t.Errorf("%s: %+v, want %q", text, f.Daemon, bad)
		}
	}
}

func TestAnswersOfSudoAreToldApart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ out, said, want string }{
		{"    (ALL : ALL) NOPASSWD: ALL", "", sudoFree},
		{"    (root) NOPASSWD: /usr/bin/apt-get", "", sudoLimited},
		{"    (ALL : ALL) ALL", "", sudoPassword},
		{"", "sudo: a password is required", sudoPassword},
		{"", "Sorry, user eva may not run sudo on h.", sudoDenied},
	} {
		f := &Facts{Rights: Rights{UID: 1000}}
		readSudo(f, &section{lines: []string{test.out}, said: []string{test.said}})
		if f.Rights.Sudo != test.want {
			t.Errorf("%+v: %s", test, f.Rights.Sudo)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	f.Add("@@ iact survey 1\n@ routes\n|proc\n|tun0 000010AC 0 0 0 0 0 00FF00FF\n!=0\n@ daemon.json\n|{\"default-address-pools\":[{\"base\":\"::/0\",\"size\":128}]}\n!=0\n@@ end\n")
	f.Fuzz(func(t *testing.T, raw string) {
		facts, err := Parse(raw)
		if err != nil {
			return
		}
		r := facts.Report(wants())
		if len(r.Findings) != len(rules()) {
			t.Errorf("%d findings", len(r.Findings))
		}
		for _, one := range r.Findings {
			if one.State != verdict.OK && one.State != verdict.Warn && one.State != verdict.Fail || one.Seen == "" {
				t.Errorf("%+v", one)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(facts); err != nil {
			t.Error(err)
		}
	})
}
