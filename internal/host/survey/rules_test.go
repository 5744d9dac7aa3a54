package survey

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/verdict"
)

// edge is a healthy Ubuntu 24.04 with one thing changed.
type edge struct {
	name, code string
	change     func(f *Facts, w *Wants)
	want       string // state and a word of evidence, cause or fix
}

func edges() []edge {
	yes, no := true, false
	routes := func(texts ...string) (all []Route) {
		for _, text := range texts {
			r, _ := route(text)
			all = append(all, r)
		}
		return all
	}
	return []edge{
		{"a derivative", "HC-OS-001", func(f *Facts, _ *Wants) { f.OS = OS{ID: "linuxmint", Like: []string{"ubuntu", "debian"}} }, "warn ubuntu"},
		{"an odd one", "HC-OS-001", func(f *Facts, _ *Wants) { f.OS = OS{ID: "nixos"} }, "warn written for Ubuntu"},
		{"the last day", "HC-OS-002", func(f *Facts, _ *Wants) { f.Asked = time.Date(2029, 5, 31, 23, 0, 0, 0, time.UTC) }, "ok 2029-05-31"},
		{"after it", "HC-OS-002", func(f *Facts, _ *Wants) { f.Asked = time.Date(2029, 6, 2, 1, 0, 0, 0, time.UTC) }, "warn out of support"},
		{"rolling", "HC-OS-002", func(f *Facts, _ *Wants) { f.OS.Version = "" }, "warn rolling"},
		{"unlisted", "HC-OS-002", func(f *Facts, _ *Wants) { f.OS.Version = "33.04" }, "warn not in the table"},
		{"minor version", "HC-OS-002", func(f *Facts, _ *Wants) { f.OS = OS{ID: "rhel", Version: "9.4"} }, "ok 2032"},
		{"arm64", "HC-ARCH-001", func(f *Facts, _ *Wants) { f.Arch = "aarch64" }, "ok aarch64"},
		{"armv6", "HC-ARCH-001", func(f *Facts, _ *Wants) { f.Arch = "armv6l" }, "warn 32-bit"},
		{"i686", "HC-ARCH-001", func(f *Facts, _ *Wants) { f.Arch = "i686" }, "fail no engine"},
		{"no getconf", "HC-ARCH-001", func(f *Facts, _ *Wants) { f.Bits = 0 }, "ok x86_64"},
		{"3.10", "HC-KRN-001", func(f *Facts, _ *Wants) { f.Kernel = "3.10.0-1160.el7.x86_64" }, "fail older"},
		{"4.9", "HC-KRN-001", func(f *Facts, _ *Wants) { f.Kernel = "4.9.0-19-amd64" }, "warn old"},
		{"no number", "HC-KRN-001", func(f *Facts, _ *Wants) { f.Kernel = "mine" }, "warn unknown"},
		{"no veth", "HC-KRN-002", func(f *Facts, _ *Wants) { f.Config["VETH"] = "n"; f.drop("veth") }, "fail veth"},
		{"no overlay", "HC-KRN-002", func(f *Facts, _ *Wants) { f.Config["OVERLAY_FS"] = "n"; f.drop("overlay") }, "warn vfs"},
		{"no namespace", "HC-KRN-002", func(f *Facts, _ *Wants) { f.Modules.Namespaces = []string{"mnt", "pid", "ipc", "uts"} }, "fail net namespace"},
		{"dark", "HC-KRN-002", func(f *Facts, _ *Wants) { f.Config, f.Modules.Tree, f.Modules.Available = nil, false, nil }, "warn unknown: overlay, bridge, veth"},
		{"upgraded, not restarted", "HC-KRN-003", func(f *Facts, _ *Wants) { f.Modules.Tree = false }, "warn restart"},
		{"cgroup 1", "HC-CG-001", func(f *Facts, _ *Wants) { f.Cgroup.Version = "1" }, "warn version 1"},
		{"no cgroup", "HC-CG-001", func(f *Facts, _ *Wants) { f.Cgroup.Version = "" }, "fail no cgroup"},
		{"WSL 1", "HC-VIRT-002", func(f *Facts, _ *Wants) { f.Virt.WSL = 1 }, "fail --set-version"},
		{"in Docker", "HC-VIRT-002", func(f *Facts, _ *Wants) { f.Virt.Container = "docker" }, "warn privileged"},
		{"nominal 8 GB", "HC-MEM-001", func(f *Facts, _ *Wants) { f.Memory.Total = 7800 << 20 }, "ok 7.6 GiB"},
		{"7 GB", "HC-MEM-001", func(f *Facts, _ *Wants) { f.Memory.Total = 7 << 30 }, "fail wanted"},
		{"all taken", "HC-MEM-001", func(f *Facts, _ *Wants) { f.Memory.Available = 100 << 20 }, "warn taken"},
		{"nothing asked", "HC-MEM-001", func(f *Facts, w *Wants) { *w = Wants{}; f.Memory.Total = 1 << 20 }, "ok 1.0 MiB"},
		{"exactly enough", "HC-DISK-001", func(f *Facts, w *Wants) { f.Data.Free = w.Disk }, "ok 50.0 GiB"},
		{"a byte less", "HC-DISK-001", func(f *Facts, w *Wants) { f.Data.Free = w.Disk - 1 }, "fail wanted"},
		{"no inode limit", "HC-DISK-002", func(f *Facts, _ *Wants) { f.Data.Inodes = 0 }, "ok no limit"},
		{"xfs of old", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type, f.Data.FType = "xfs", "0" }, "fail -n ftype=1"},
		{"xfs, untold", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "xfs" }, "ok not told"},
		{"overlay", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "overlay" }, "fail overlay2 cannot"},
		{"NFS", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "nfs4" }, "fail data-root"},
		{"sshfs", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "fuse.sshfs" }, "fail fuse.sshfs"},
		{"tmpfs", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "tmpfs" }, "warn memory"},
		{"new", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Type = "newfs" }, "warn not known"},
		{"read-only", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Options = []string{"ro"} }, "fail mounted ro"},
		{"nodev", "HC-DISK-003", func(f *Facts, _ *Wants) { f.Data.Options = []string{"nodev", "rw"} }, "warn nodev"},
		{"another data root", "HC-DISK-004", func(f *Facts, _ *Wants) { f.Daemon.Root = "/srv/d" }, "warn uses /srv/d"},
		{"a slash more", "HC-DISK-004", func(f *Facts, _ *Wants) { f.Daemon.Root = "/var/lib/docker/" }, "ok /var/lib/docker"},
		{"own container", "HC-NET-001", func(f *Facts, _ *Wants) { f.Ports = []Port{{"::", 8080, "docker-proxy"}} }, "warn publishes them already"},
		{"home network", "HC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("192.168.1.0/24 dev eth0") }, "warn 30 of Docker's 31"},
		{"all taken", "HC-NET-002", func(f *Facts, w *Wants) {
			w.Subnets, f.Routes = nil, routes("172.16.0.0/12 dev tun0", "192.168.0.0/16 dev tun0")
		}, "warn fully subnetted"},
		{"default in halves", "HC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("0.0.0.0/1 dev tun0", "128.0.0.0/1 dev tun0") }, "warn fully subnetted"},
		{"own bridges", "HC-NET-002", func(f *Facts, _ *Wants) {
			f.Routes = routes("172.17.0.0/16 dev docker0", "172.20.0.0/16 dev br-0123456789ab")
		}, "ok no route"},
		{"other pools", "HC-NET-002", func(f *Facts, _ *Wants) {
			f.Routes, f.Daemon.Pools = routes("192.168.1.0/24 dev eth0"), []Pool{{netip.MustParsePrefix("10.200.0.0/16"), 24}}
		}, "ok 256 networks"},
		{"no subnet", "HC-NET-002", func(_ *Facts, w *Wants) { w.Subnets = []string{"172.20.0.0"} }, "warn no subnet: 172.20.0.0"},
		{"forwarding off", "HC-NET-003", func(f *Facts, _ *Wants) { f.Docker.Server = "28.0.0" }, "warn sysctl -w"},
		{"not shown", "HC-NET-003", func(f *Facts, _ *Wants) { f.Sysctl = nil }, "warn unknown"},
		{"no nf_tables", "HC-NET-004", func(f *Facts, _ *Wants) { f.Config["NF_TABLES"] = "n"; f.drop("nf_tables") }, "warn nf_tables"},
		{"legacy", "HC-NET-004", func(f *Facts, _ *Wants) { f.Iptables = "legacy"; f.Config["NF_TABLES"] = "n"; f.drop("nf_tables") }, "ok legacy"},
		{"two makers", "HC-PKG-002", func(f *Facts, _ *Wants) {
			f.Packages = []Package{{"dpkg", "containerd", "1"}, {"dpkg", "containerd.io", "2"}}
		}, "warn two makers"},
		{"imitation without package", "HC-PKG-003", func(f *Facts, _ *Wants) { f.Docker.Podman, f.Docker.Client = true, "5.0" }, "warn podman 5.0"},
		{"old", "HC-DKR-001", func(f *Facts, _ *Wants) { f.Docker.Client, f.Docker.Server = "19.03.1", "19.03.1" }, "warn older"},
		{"open socket", "HC-DKR-001", func(f *Facts, _ *Wants) {
			f.Docker.Sockets = []Socket{{"/var/run/docker.sock", "srw-rw-rw-", "root", "docker", true}}
		}, "warn everybody"},
		{"silent", "HC-DKR-001", func(f *Facts, _ *Wants) {
			f.Docker.Client, f.Docker.Refused = "28.0.0", "no answer within 3 s"
		}, "warn no answer"},
		{"context", "HC-DKR-002", func(f *Facts, _ *Wants) { f.Docker.Context = "far" }, "warn context use default"},
		{"local host", "HC-DKR-002", func(f *Facts, _ *Wants) { f.Docker.Host = "unix:///run/user/1/docker.sock" }, "ok unix"},
		{"proxy everywhere", "HC-PRX-001", func(f *Facts, _ *Wants) {
			f.Proxies = []Proxy{{inEtc, "http_proxy", "http://p"}, {inApt, "http_proxy", "http://p/"}, {inUnit, "http_proxy", "http://p"}, {inEtc, "no_proxy", "localhost"}}
		}, "ok http://p"},
		{"two proxies", "HC-PRX-001", func(f *Facts, _ *Wants) {
			f.Proxies = []Proxy{{inEtc, "http_proxy", "http://p"}, {inApt, "http_proxy", "http://q"}, {inUnit, "http_proxy", "http://p"}}
		}, "warn agree on http_proxy"},
		{"no exception", "HC-PRX-001", func(f *Facts, _ *Wants) {
			f.Proxies = []Proxy{{inEtc, "http_proxy", "http://p"}, {inApt, "http_proxy", "http://p"}, {inDaemon, "http_proxy", "http://p"}}
		}, "warn no_proxy=localhost"},
		{"degraded", "HC-INIT-001", func(f *Facts, _ *Wants) { f.Init.State = "degraded" }, "warn --failed"},
		{"another init", "HC-INIT-001", func(f *Facts, _ *Wants) { f.Init = Init{Name: "tini"} }, "warn dockerd by hand"},
		{"no sudo", "HC-RGT-001", func(f *Facts, _ *Wants) { f.Rights.Sudo, f.Rights.Rootless = "", false }, "fail run as root"},
		{"rootless", "HC-RGT-001", func(f *Facts, _ *Wants) { f.Rights.Sudo = "" }, "fail rootless"},
		{"some commands", "HC-RGT-001", func(f *Facts, _ *Wants) { f.Rights.Sudo = sudoLimited }, "warn some commands"},
		{"no sudo, but a daemon", "HC-RGT-001", func(f *Facts, _ *Wants) { f.Rights.Sudo, f.Docker.Server = "", "28.0.0" }, "warn daemon answers"},
		{"in no group", "HC-RGT-001", func(f *Facts, _ *Wants) {
			f.Rights = Rights{UID: 1, User: "eva", Sudo: sudoPassword}
		}, "fail usermod -aG sudo eva"},
		{"not a member", "HC-RGT-002", func(f *Facts, _ *Wants) { f.Rights.DockerGroup = true }, "warn log in anew"},
		{"no parser", "HC-SEC-001", func(f *Facts, _ *Wants) { delete(f.Tools, "apparmor_parser") }, "warn apt-get install apparmor"},
		{"enforcing", "HC-SEC-001", func(f *Facts, _ *Wants) { f.LSM = []string{"selinux"} }, "ok :z"},
		{"not synchronised", "HC-TIME-001", func(f *Facts, _ *Wants) { f.Synced = &no }, "warn drift"},
		{"ahead", "HC-TIME-001", func(f *Facts, _ *Wants) { f.Synced, f.Clock = &yes, f.Asked.Add(time.Hour) }, "warn off by 1 h"},
		{"no curl", "HC-TOOL-001", func(f *Facts, _ *Wants) { delete(f.Tools, "curl"); delete(f.Tools, "wget") }, "warn curl or wget"},
	}
}

// drop takes a module away.
func (f *Facts) drop(module string) {
	gone := func(m string) bool { return m == module }
	f.Modules.Available = slices.DeleteFunc(f.Modules.Available, gone)
	f.Modules.Loaded = slices.DeleteFunc(f.Modules.Loaded, gone)
}

func TestEachRuleJudgesItsEdges(t *testing.T) {
	t.Parallel()
	for _, e := range edges() {
		t.Run(e.code+" "+e.name, func(t *testing.T) {
			t.Parallel()
			f, w := fixture(t, "ubuntu-24.04"), wants()
			e.change(f, &w)
			got := finding(t, f.Judge(w), e.code)
			state, word, _ := strings.Cut(e.want, " ")
			if text := got.Seen + "\n" + got.Cause.EN + "\n" + got.Fix.EN; string(got.State) != state || !strings.Contains(text, word) {
				t.Errorf("%s\n%s\nwant %s", got.State, text, e.want)
			}
		})
	}
}

func TestWhatWasNotReadIsSaidAndNeverGuessed(t *testing.T) {
	t.Parallel()
	for section := range readers() {
		f := fixture(t, "ubuntu-24.04")
		f.Unread = map[string]string{section: "permission denied"}
		for i, got := range f.Judge(wants()) {
			if !slices.Contains(rules()[i].needs, section) {
				continue
			}
			if got.State != verdict.Warn || !got.Unknown || !strings.Contains(got.Seen, section+": permission denied") {
				t.Errorf("%s without %s: %s %s", got.Code, section, got.State, got.Seen)
			}
		}
	}
	// Every section that a rule needs is one that is read.
	for _, r := range rules() {
		for _, need := range r.needs {
			if readers()[need] == nil {
				t.Errorf("%s needs %s, which nobody reads", r.code, need)
			}
		}
	}
}

func TestAMachineThatTellsNothingGivesNoFailure(t *testing.T) {
	t.Parallel()
	f, err := Parse("@@ iact survey 1\n@@ end\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range f.Judge(wants()) {
		if got.State != verdict.Warn || !got.Unknown {
			t.Errorf("%s: %s %s", got.Code, got.State, got.Seen)
		}
	}
}

func TestCodesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rules() {
		if seen[r.code] {
			t.Errorf("%s stands twice in the table", r.code)
		}
		seen[r.code] = true
	}
}
