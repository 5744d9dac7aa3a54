package survey

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/vagrantfile"
)

// edge is a healthy host with one thing changed.
type edge struct {
	name, code string
	change     func(f *Facts, w *Wants)
	want       string // state and a word of what was seen, cause or fix
}

func routes(texts ...string) []Route {
	var f Facts
	_ = readRoutes(&f, &section{lines: texts})
	return f.Routes
}

// onLibvirt are edges of a Debian 12 with libvirt.
func onLibvirt() []edge {
	no := false
	return []edge{
		{"the oldest", "VC-VAG-001", func(f *Facts, _ *Wants) { f.Vagrant = "2.3.0" }, "ok 2.3.0"},
		{"one before", "VC-VAG-001", func(f *Facts, _ *Wants) { f.Vagrant = "2.2.19" }, "fail 2.3.0"},
		{"10 is more than 9", "VC-VAG-001", func(f *Facts, _ *Wants) { f.Vagrant = "2.10.1" }, "ok 2.10.1"},
		{"made with sudo", "VC-VAG-002", func(f *Facts, _ *Wants) { f.Home = "drwxr-xr-x 7 root root 4096 Nov 28 03:25 /home/ana/.vagrant.d" }, "fail sudo chown -R ana: /home/ana/.vagrant.d"},
		{"at work", "VC-VAG-003", func(f *Facts, _ *Wants) {
			f.Locks = []Lock{{"/home/ana/.vagrant.d/data/lock.machine-action-1.lock", 4711}}
		}, "warn kill -TERM 4711"},
		{"a plugin is missing", "VC-VAG-004", func(_ *Facts, w *Wants) { w.Plugins = []string{"vagrant-disksize"} }, "warn vagrant plugin install vagrant-disksize"},
		{"a plugin is there", "VC-VAG-004", func(f *Facts, w *Wants) {
			w.Plugins = []string{"vagrant-disksize"}
			f.Plugins = append(f.Plugins, "vagrant-disksize")
		}, "ok vagrant-disksize"},
		{"installs when it is read", "VC-VAG-005", func(_ *Facts, w *Wants) {
			w.File.Installs = []vagrantfile.Install{{Line: 12, Plugins: []string{"vagrant-goodhosts"}, Ends: true}}
		}, "warn exit code 0"},
		{"it is installed already", "VC-VAG-005", func(f *Facts, w *Wants) {
			w.File.Installs = []vagrantfile.Install{{Line: 12, Plugins: []string{"vagrant-goodhosts"}}}
			f.Plugins = append(f.Plugins, "vagrant-goodhosts")
		}, "ok none"},
		{"docker", "VC-PRV-001", func(_ *Facts, w *Wants) { w.Provider = "docker" }, "fail unset VAGRANT_DEFAULT_PROVIDER"},
		{"no answer in time", "VC-PRV-006", func(f *Facts, _ *Wants) { f.Refused = "no answer within 10 s" }, "fail does not answer"},
		{"no polkit", "VC-PRV-006", func(f *Facts, _ *Wants) {
			f.Refused = "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'"
		}, "fail usermod -aG libvirt ana"},
		{"switched", "VC-PRV-005", func(_ *Facts, w *Wants) { w.Machines[1].Made = "virtualbox" }, "warn postgresql (virtualbox)"},
		{"made by this one", "VC-PRV-005", func(_ *Facts, w *Wants) { w.Machines[1].Made = "libvirt" }, "ok none"},
		{"emulated", "VC-CPU-001", func(f *Facts, w *Wants) { f.KVM, f.Flag, w.Software = Absent, "", true }, "warn slower"},
		{"off in the firmware", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM, f.Flag = Absent, "" }, "fail BIOS/UEFI"},
		{"not given by VMware", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM, f.Flag, f.VM = Absent, "", "vmware" }, "fail vhv.enable"},
		{"the flag and no module", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM = Absent; delete(f.Loaded, "kvm_intel") }, "fail modprobe kvm_intel"},
		{"AMD and no module", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM, f.Flag = Dead, "svm" }, "fail modprobe kvm_amd"},
		{"a module that makes nothing", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM = Dead }, "fail makes no machine"},
		{"not in the group kvm", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM = Denied }, "warn usermod -aG kvm ana"},
		{"VirtualBox has it", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM = Busy }, "fail VBoxManage list runningvms"},
		{"without a flag it answers", "VC-CPU-001", func(f *Facts, _ *Wants) { f.Flag = "" }, "ok no vmx or svm, /dev/kvm answers"},
		{"WSL2 without nesting", "VC-CPU-001", func(f *Facts, _ *Wants) { f.KVM, f.Flag, f.VM, f.WSL = Absent, "", "wsl", true }, "fail nestedVirtualization=true"},
		{"a VM with KVM", "VC-CPU-003", func(f *Facts, _ *Wants) { f.VM = "kvm" }, "ok a VM of kvm"},
		{"a VM without", "VC-CPU-003", func(f *Facts, _ *Wants) { f.VM, f.KVM = "microsoft", Absent }, "warn ExposeVirtualizationExtensions"},
		{"more processors than there are", "VC-CPU-004", func(f *Facts, w *Wants) { f.CPUs = 2; w.Machines[0].CPUs = 4 }, "warn cpus: 2"},
		{"just enough memory", "VC-MEM-001", func(f *Facts, _ *Wants) { f.Available = 6<<30 + 512<<20 }, "ok 6.5 GiB"},
		{"nothing left", "VC-MEM-001", func(f *Facts, _ *Wants) { f.Available = 6 << 30 }, "warn little"},
		{"into the swap", "VC-MEM-001", func(f *Facts, _ *Wants) { f.Available = 3 << 30 }, "warn swap 8.0 GiB"},
		{"none", "VC-MEM-001", func(f *Facts, _ *Wants) { f.Available, f.Swap = 3<<30, 0 }, "fail no memory"},
		{"one runs already", "VC-MEM-001", func(f *Facts, w *Wants) {
			f.Available, f.Swap = 5<<30, 0
			w.Machines[0].Running = true
		}, "ok wanted: 4.0 GiB for 2"},
		{"all run", "VC-MEM-001", func(f *Facts, w *Wants) {
			f.Available, f.Swap = 1<<20, 0
			for i := range w.Machines {
				w.Machines[i].Running = true
			}
		}, "ok for 0 machines"},
		{"exactly enough space", "VC-DSK-001", func(f *Facts, w *Wants) { f.Places[0].Free = w.Disk }, "ok 50.0 GiB"},
		{"a byte less", "VC-DSK-001", func(f *Facts, w *Wants) { f.Places[0].Free = w.Disk - 1 }, "fail virsh pool-edit"},
		{"less, and all are made", "VC-DSK-001", func(f *Facts, w *Wants) {
			f.Places[0].Free = 20 << 30
			for i := range w.Machines {
				w.Machines[i].Made = "libvirt"
			}
		}, "warn 20.0 GiB"},
		{"nobody tells where", "VC-DSK-001", func(f *Facts, _ *Wants) { f.Places[0].Unknown = "permission denied" }, "warn unknown: space for machines: permission denied"},
		{"no room for a box", "VC-DSK-002", func(f *Facts, _ *Wants) { f.Places[1].Free = 3 << 30 }, "warn VAGRANT_HOME"},
		{"one file system", "VC-DSK-002", func(f *Facts, _ *Wants) { f.Places[1].Free, f.Places[1].Device = 3<<30, 1 }, "ok file system of the machines"},
		{"no inodes", "VC-DSK-003", func(f *Facts, _ *Wants) { f.Places[0].Inodes = 12 }, "warn 12 free in /vms"},
		{"no limit of inodes", "VC-DSK-003", func(f *Facts, _ *Wants) { f.Places[0].TotalInodes, f.Places[0].Inodes = 0, 0 }, "ok 900000"},
		{"another database", "VC-NET-001", func(f *Facts, _ *Wants) {
			f.Listens = []Port{{Address: "127.0.0.1", Number: 15432, Process: "postgres", PID: 88}}
		}, "fail kill -TERM 88"},
		{"at every address", "VC-NET-001", func(f *Facts, _ *Wants) { f.Listens = []Port{{Number: 13306}} }, "fail only root may see"},
		{"at another address", "VC-NET-001", func(f *Facts, _ *Wants) { f.Listens = []Port{{Address: "10.20.0.57", Number: 15432}} }, "ok 15432 free"},
		{"our own", "VC-NET-001", func(f *Facts, w *Wants) {
			f.Listens = []Port{{Address: "127.0.0.1", Number: 15432, Process: "ssh", PID: 917}}
			w.Ports[1].Own = true
		}, "ok 15432 ours"},
		{"corrected", "VC-NET-001", func(f *Facts, w *Wants) {
			w.Ports = []Port{{Number: 2222, Corrects: true}}
			f.Listens = []Port{{Address: "127.0.0.1", Number: 2222, Process: "VBoxHeadless", PID: 5}}
		}, "warn auto_correct"},
		{"the fix names the setting", "VC-NET-001", func(f *Facts, _ *Wants) { f.Listens = []Port{{Number: 15432}} }, "fail vm: {postgresql_port: 15432} with another number"},
		{"a bridge of Docker", "VC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("192.168.56.0/24 dev br-0123456789ab proto kernel") }, "fail br-0123456789ab"},
		{"inside of it", "VC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("192.168.56.128/25 dev eth1") }, "fail eth1"},
		{"a VPN", "VC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("192.168.0.0/16 dev tun0") }, "warn VPN"},
		{"the provider's own", "VC-NET-002", func(f *Facts, _ *Wants) {
			f.Routes = routes("192.168.56.0/24 dev vboxnet0", "192.168.121.0/24 dev virbr1")
		}, "ok 192.168.56.0/24"},
		{"libvirt's own network", "VC-NET-002", func(f *Facts, _ *Wants) { f.Routes = routes("192.168.121.0/24 dev wlan0") }, "fail management_network_address"},
		{"a proxy", "VC-PRX-001", func(f *Facts, _ *Wants) { f.Env["HTTP_PROXY"], f.Env["NO_PROXY"] = "http://proxy:3128", "localhost" }, "warn vagrant-proxyconf"},
		{"without exceptions", "VC-PRX-001", func(f *Facts, _ *Wants) { f.Env["HTTPS_PROXY"] = "http://proxy:3128" }, "warn no_proxy"},
		{"no ssh", "VC-TOL-001", func(f *Facts, _ *Wants) { f.SSH = "" }, "fail openssh-client"},
		{"drifting", "VC-TIM-001", func(f *Facts, _ *Wants) { f.Synced = &no }, "warn not synchronised"},
		{"1970", "VC-TIM-001", func(f *Facts, _ *Wants) { f.Clock = time.Unix(0, 0) }, "warn certificates"},
	}
}

// onVirtualBox are edges of a Fedora 43 with VirtualBox 7.2.10.
func onVirtualBox() []edge {
	v := func(vagrant, box string) func(f *Facts, _ *Wants) {
		return func(f *Facts, _ *Wants) { f.Vagrant, f.VirtualBox = vagrant, box }
	}
	return []edge{
		{"6.1", "VC-PRV-002", v("2.2.7", "6.1.2"), "ok 2.2.7"},
		{"7.0 before its time", "VC-PRV-002", v("2.3.1", "7.0.2"), "fail from 2.3.2 on"},
		{"7.0", "VC-PRV-002", v("2.3.2", "7.0.2"), "ok 7.0.2"},
		{"7.1 before its time", "VC-PRV-002", v("2.3.4", "7.1.4"), "fail install VirtualBox 7.0"},
		{"7.1", "VC-PRV-002", v("2.4.2", "7.1.0"), "ok 7.1.0"},
		{"7.2 before its time", "VC-PRV-002", v("2.4.8", "7.2.0"), "fail update Vagrant to 2.4.9"},
		{"7.2", "VC-PRV-002", v("2.4.9", "7.2.0"), "ok 7.2.0"},
		{"7.3", "VC-PRV-002", v("2.4.9", "7.3.0"), "warn newer than 7.2"},
		{"5.1", "VC-PRV-002", v("2.4.9", "5.1.38"), "fail no more"},
		{"5.2", "VC-PRV-003", v("2.4.9", "5.2.44"), "fail 6.0 or newer"},
		{"a pack that cannot be used", "VC-PRV-004", func(f *Facts, _ *Wants) {
			f.Extensions = []Extension{{"Oracle VirtualBox Extension Pack", "7.2.10", false}}
		}, "warn extpack uninstall"},
		{"a pack that fits", "VC-PRV-004", func(f *Facts, _ *Wants) {
			f.Extensions = []Extension{{"Oracle VirtualBox Extension Pack", "7.2.10", true}}
		}, "ok 7.2.10"},
		{"not for this kernel", "VC-PRV-007", func(f *Facts, _ *Wants) { delete(f.Loaded, "vboxdrv"); f.Built = false }, "fail vboxconfig"},
		{"only to be loaded", "VC-PRV-007", func(f *Facts, _ *Wants) { delete(f.Loaded, "vboxdrv") }, "fail modprobe vboxdrv"},
		{"--usbehci", "VC-VAG-005", func(_ *Facts, w *Wants) { w.USBEHCI = true }, "warn --usb-ehci"},
		{"--usbehci with 6.1", "VC-VAG-005", func(f *Facts, w *Wants) { w.USBEHCI, f.VirtualBox = true, "6.1.50" }, "ok none"},
		{"off", "VC-CPU-001", func(f *Facts, _ *Wants) { f.Hardware = "no" }, "fail BIOS/UEFI"},
		{"only the flag", "VC-CPU-001", func(f *Facts, _ *Wants) { f.Hardware = "" }, "ok not confirmed"},
		{"ARM", "VC-CPU-001", func(f *Facts, _ *Wants) { f.Arch = "aarch64" }, "fail provider: libvirt"},
		{"KVM runs machines", "VC-CPU-002", func(f *Facts, _ *Wants) { f.Loaded["kvm_amd"] = 6 }, "fail virsh list"},
		{"KVM of an older kernel", "VC-CPU-002", func(f *Facts, _ *Wants) { f.Kernel, f.VirtualBox = "6.8.0-60-generic", "7.0.14" }, "ok does not hold it"},
		{"told not to", "VC-CPU-002", func(f *Facts, _ *Wants) { f.AtLoad, f.VirtualBox = "N", "7.1.12" }, "ok does not hold it"},
		{"told not to, and it should", "VC-CPU-002", func(f *Facts, _ *Wants) { f.AtLoad = "N" }, "fail VERR_SVM_HOST_SVME_NOT_ENABLED"},
		{"7.2.10 on 6.12", "VC-CPU-002", func(f *Facts, _ *Wants) { f.Kernel = "6.12.48" }, "fail enable_virt_at_load=0"},
		{"nobody tells", "VC-CPU-002", func(f *Facts, _ *Wants) { f.AtLoad, f.VirtualBox = "", "7.1.12" }, "warn usually"},
		{"a VM in a VM", "VC-CPU-003", func(f *Facts, _ *Wants) { f.VM = "oracle" }, "warn --nested-hw-virt on"},
		{"WSL2 without leave", "VC-CPU-003", func(f *Facts, _ *Wants) { f.WSL = true }, "warn VAGRANT_WSL_ENABLE_WINDOWS_ACCESS=1"},
		{"WSL2 with leave", "VC-CPU-003", func(f *Facts, _ *Wants) { f.WSL, f.Env["VAGRANT_WSL_ENABLE_WINDOWS_ACCESS"] = true, "1" }, "warn Hyper-V"},
		{"the module of Windows", "VC-PRV-007", func(f *Facts, _ *Wants) { f.WSL = true; delete(f.Loaded, "vboxdrv") }, "ok Windows"},
		{"another range", "VC-NET-003", func(_ *Facts, w *Wants) { w.File.Machines[0].Addresses = []string{"10.10.10.10"} }, "fail '* 10.10.10.0/24'"},
		{"another range, before", "VC-NET-003", func(f *Facts, w *Wants) {
			w.File.Machines[0].Addresses, f.VirtualBox = []string{"10.10.10.10"}, "6.1.26"
		}, "ok allowed"},
		{"allowed by the file", "VC-NET-003", func(f *Facts, w *Wants) {
			w.File.Machines[0].Addresses = []string{"10.10.10.10"}
			_ = readAllowed(f, &section{lines: []string{"# ours", "* 10.0.0.0/8 192.168.0.0/16", "* 2001::/64"}})
		}, "ok networks.conf"},
		{"an asterisk is missing", "VC-NET-003", func(f *Facts, _ *Wants) { _ = readAllowed(f, &section{lines: []string{"192.168.0.0/16"}}) }, "fail networks.conf"},
		{"the top of the default", "VC-NET-003", func(_ *Facts, w *Wants) { w.File.Machines[0].Addresses = []string{"192.168.63.9"} }, "ok default"},
		{"just above", "VC-NET-003", func(_ *Facts, w *Wants) { w.File.Machines[0].Addresses = []string{"192.168.64.9"} }, "fail 192.168.64.0/24"},
	}
}

func TestEachRuleJudgesItsEdges(t *testing.T) {
	t.Parallel()
	for host, edges := range map[string][]edge{"libvirt debian-12-libvirt": onLibvirt(), "virtualbox fedora-43-virtualbox-7.2": onVirtualBox()} {
		provider, name, _ := strings.Cut(host, " ")
		for _, e := range edges {
			t.Run(e.code+" "+e.name, func(t *testing.T) {
				t.Parallel()
				f, w := fixture(t, name), wants(provider)
				e.change(f, &w)
				got := finding(t, f.Judge(w), e.code)
				state, word, _ := strings.Cut(e.want, " ")
				if text := strings.Join([]string{got.Seen, got.Cause.EN, got.Fix.EN}, "\n"); string(got.State) != state || !strings.Contains(text, word) {
					t.Errorf("%s\n%s\nwant %s", got.State, text, e.want)
				}
			})
		}
	}
}

func TestWhatWasNotReadIsSaidAndNeverAFailure(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"libvirt", "virtualbox"} {
		f := Parse("@@ failed sh is not there\n")
		for _, got := range f.Judge(wants(provider)) {
			if got.State == verdict.Fail {
				t.Errorf("%s: %s %s", got.Code, got.State, got.Seen)
			}
		}
		for section := range readers() {
			f := fixture(t, "debian-12-libvirt")
			f.Unread = map[string]string{section: "permission denied"}
			for _, r := range rules() {
				if v := f.apply(r, wants(provider)); len(r.needs) > 0 && r.needs[0] == section && (v.State != verdict.Warn || !v.Unknown || !strings.Contains(v.Seen, section+": permission denied")) {
					t.Errorf("%s without %s: %s %s", r.code, section, v.State, v.Seen)
				}
			}
		}
	}
}

func TestEveryNeedIsASectionThatIsReadAndCodesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rules() {
		if seen[r.code] {
			t.Errorf("%s stands twice in the table", r.code)
		}
		seen[r.code] = true
		for _, need := range r.needs {
			if readers()[need] == nil {
				t.Errorf("%s needs %s, which nobody reads", r.code, need)
			}
		}
	}
}

func TestNoFixKillsWithoutAWarning(t *testing.T) {
	t.Parallel()
	f, w := fixture(t, "lab"), wants("libvirt")
	for _, got := range f.Judge(w) {
		for _, fix := range []string{got.Fix.ES, got.Fix.EN} {
			if strings.Contains(fix, "-9") || strings.Contains(fix, "destroy -f") {
				t.Errorf("%s: %s", got.Code, fix)
			}
		}
	}
}

func TestAVersionIsItsNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"7.0.14r161095": "7.0.14", "6.12.48+deb13-amd64": "6.12.48", "6.1.50_Ubuntur161033": "6.1.50", "7.2": "7.2", "2.4.2.dev": "2.4.2", "": "", "none": ""} {
		if got := dotted(version(text)); got != want {
			t.Errorf("version(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestAPasswordOfAProxyIsNeverKept(t *testing.T) {
	t.Parallel()
	f := Facts{Env: map[string]string{}}
	_ = readEnvironment(&f, &section{lines: []string{"http_proxy=http://ana:s3cret@proxy:3128", "HTTPS_PROXY=ana:s3cret@proxy:3128"}})
	if f.Env["HTTP_PROXY"] != "http://***@proxy:3128" || f.Env["HTTPS_PROXY"] != "http://***@proxy:3128" {
		t.Errorf("env = %v", f.Env)
	}
}

func TestNetworksAreThoseOfTheVagrantfileAndLibvirts(t *testing.T) {
	t.Parallel()
	got := networks(wants("libvirt"))
	if len(got) != 2 || got[0] != netip.MustParsePrefix("192.168.56.0/24") || got[1] != netip.MustParsePrefix("192.168.121.0/24") {
		t.Errorf("networks = %v", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("@@ iact vm survey 1\n@ machine\n|clock 1\n|kernel Linux 6\n!=0\n@@ end\n")
	f.Add("@ locks\n|held 1 2\n|1 /x\n!=0\n@ pool\n|<pool>\n!=0\n@ ports\n|LISTEN 0 0 [::]:1 x\n")
	f.Fuzz(func(t *testing.T, raw string) {
		w := wants("virtualbox")
		for _, got := range Parse(raw).Judge(w) {
			if got.Seen == "" {
				t.Errorf("%s says nothing", got.Code)
			}
		}
	})
}
