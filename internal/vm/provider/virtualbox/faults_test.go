package virtualbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/virtualbox"
	"iact-infra/internal/vm/provider/virtualbox/vboxtest"
)

func TestAFaultIsToldWithItsWayOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal vboxtest.Refusal
		code    int
		hint    string
		is      error
	}{
		"virtualisation is off":   {vboxtest.NoVTx(), fault.Missing, "firmware", nil},
		"KVM holds the processor": {vboxtest.Refusal{On: "startvm", Says: "VT-x is being used by another hypervisor (VERR_VMX_IN_VMX_ROOT_MODE)"}, fault.Missing, "modprobe -r", nil},
		"no kernel module":        {vboxtest.Refusal{On: "startvm", Says: "The virtual machine 'x' has terminated unexpectedly: Kernel driver not installed (rc=-1908)"}, fault.Missing, "vboxconfig", nil},
		"the disk is full":        {vboxtest.DiskFull("startvm"), fault.Failed, "free some space", nil},
		"a disk is gone":          {vboxtest.Refusal{On: "startvm", Says: "Could not open the medium '/x.vdi' (VERR_FILE_NOT_FOUND)"}, fault.Failed, "restoreVM", nil},
		"locked for good":         {vboxtest.Locked("startvm", 0), fault.Locked, "try again", provider.ErrLocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := vboxtest.Install(t)
			id := f.Blank(t, "vm", 4)
			f.Refuse(t, c.refusal)
			p := open(f)
			p.Wait = 0
			err := p.Start(t.Context(), id)
			if fault.Code(err) != c.code || !strings.Contains(fault.Hint(err), c.hint) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v, code %d, hint %q", err, fault.Code(err), fault.Hint(err))
			}
			if m := f.Machine(t, id); m.State != "poweroff" {
				t.Errorf("it is %s", m.State)
			}
		})
	}
}

// A session that ends keeps its lock for a moment.
func TestALockThatGoesIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	f.Refuse(t, vboxtest.Locked("startvm", 2))
	if err := open(f).Start(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestAVersionIsToldWithWhatKeepsMachinesFromStarting(t *testing.T) {
	t.Parallel()
	const warning = "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n         available for the current kernel (5.10.0-30-amd64) or it failed to\n         load. Please recompile the kernel module and install it by\n\n           sudo /sbin/vboxconfig\n\n         You will not be able to start VMs until this problem is fixed.\n"
	for said, want := range map[string]string{"7.0.14r161095": "", "6.1.50_Debianr161033": "", "6.0.24r139119": "older than 6.1", "5.2.18r124319": "older than 6.1", warning + "7.0.22r165102": "vboxdrv"} {
		f := vboxtest.Install(t)
		f.Change(t, func(s *vboxtest.State) { s.Version = said })
		version, err := open(f).Version(t.Context())
		if (want == "") != (err == nil) || err != nil && (fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), want)) || !strings.HasPrefix(version, "VirtualBox ") {
			t.Errorf("%q: %q, %v", said, version, err)
		}
	}
	lacking := virtualbox.New(command.NewDoor(commandtest.New(t).Lacks("VBoxManage", "VBoxManage.exe")))
	if _, err := lacking.Version(t.Context()); fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "install VirtualBox") {
		t.Errorf("without VirtualBox: %v", err)
	}
}

func TestEveryStateOfVirtualBoxIsOneOfOurs(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	p := open(f)
	for native, want := range map[string]provider.State{
		"running": provider.Running, "paused": provider.Paused, "saved": provider.Saved, "aborted-saved": provider.Saved, "poweroff": provider.Off,
		"aborted": provider.Crashed, "gurumeditation": provider.Crashed, "starting": provider.Changing, "saving": provider.Changing, "deletingsnapshotlive": provider.Changing,
	} {
		become(t, f, native)
		m, err := p.Look(t.Context(), id)
		all, wrong := p.Machines(t.Context())
		if err != nil || wrong != nil || m.State != want || all[id].State != want {
			t.Errorf("%s: %s and %s, %v, %v", native, m.State, all[id].State, err, wrong)
		}
	}
}

// A guru meditation has a process that can do nothing but end.
func TestAMachineThatIsStuckIsEndedAndStartedAnew(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	p := open(f)
	for verb, do := range map[string]func() error{
		"start": func() error { return p.Start(t.Context(), id) }, "stop": func() error { return p.Stop(t.Context(), id) },
	} {
		become(t, f, "gurumeditation")
		if err := do(); err != nil {
			t.Errorf("%s: %v", verb, err)
		}
		if m := f.Machine(t, id); m.State != map[string]string{"start": "running", "stop": "poweroff"}[verb] {
			t.Errorf("after %s it is %s", verb, m.State)
		}
	}
}

func TestAMachineWhoseSettingsCannotBeReadIsListed(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	f.Change(t, func(s *vboxtest.State) { s.Machines[0].Inaccessible = true })
	p := open(f)
	m, err := p.Look(t.Context(), id)
	all, wrong := p.Machines(t.Context())
	if err != nil || wrong != nil || m.State != provider.Unknown || all[id].State != provider.Unknown {
		t.Errorf("%+v, %+v, %v, %v", m, all, err, wrong)
	}
	if err := p.Start(t.Context(), id); !errors.Is(err, provider.ErrState) {
		t.Errorf("it is started: %v", err)
	}
	if _, err := p.Snapshots(t.Context(), id); !errors.Is(err, provider.ErrState) {
		t.Errorf("its snapshots: %v", err)
	}
}

func TestALookTellsAddressesAndForwards(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"6.1.50r161033", "7.0.14r161095"} {
		f := vboxtest.Install(t)
		id := f.Blank(t, "vm", 4)
		f.Change(t, func(s *vboxtest.State) {
			s.Version, s.CRLF = version, true
			s.Machines[0].State = "running"
			s.Machines[0].Since = time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
			s.Machines[0].Properties["/VirtualBox/GuestInfo/Net/1/V4/IP"] = "192.168.56.10"
		})
		m, err := open(f).Look(t.Context(), id)
		if err != nil || len(m.Addresses) != 1 || m.Addresses[0] != "192.168.56.10" || m.Since.Year() != 2024 {
			t.Errorf("%s: %+v, %v", version, m, err)
		}
		if want := (provider.Forward{Name: "ssh", HostIP: "127.0.0.1", HostPort: 2222, GuestPort: 22}); len(m.Forwards) != 1 || m.Forwards[0] != want {
			t.Errorf("%s: %+v", version, m.Forwards)
		}
	}
}

func TestAnIsolatedMachineIsOnANetworkOfItsOwnThatGoesWithIt(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	p := open(f)
	c, err := p.Capture(t.Context(), id, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	place := func() provider.Place {
		dir := t.TempDir()
		raw := filepath.Join(dir, "d.raw")
		if err := os.WriteFile(raw, make([]byte, 4<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		return provider.Place{Domain: "drill", Dir: dir, Disks: map[string]string{c.Disks[0].Target: raw}, Isolated: true}
	}
	made, err := p.Define(t.Context(), c.Definition, place())
	if err != nil {
		t.Fatal(err)
	}
	nic := f.Machine(t, made).NICs[0]
	if nic.Kind != "hostonly" || nic.Name != "vboxnet0" || len(nic.Forwards) > 0 || nic.MAC == f.Machine(t, id).NICs[0].MAC {
		t.Errorf("its adapter is %+v", nic)
	}
	f.Change(t, func(s *vboxtest.State) {
		if n := s.Networks[0]; n.IP != "192.168.63.1" || !n.DHCP {
			t.Errorf("its network is %+v", n)
		}
		s.Networks[0].Leases[nic.MAC] = "192.168.63.10"
	})
	if err := p.Start(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	if m, err := p.Look(t.Context(), made); err != nil || len(m.Addresses) != 1 || m.Addresses[0] != "192.168.63.10" {
		t.Errorf("%+v, %v", m, err)
	}
	if err := p.Remove(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	f.Refuse(t, vboxtest.Refusal{On: "hostonlyif ipconfig", Says: "Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)"})
	if _, err := p.Define(t.Context(), c.Definition, place()); !strings.Contains(fault.Hint(err), "networks.conf") {
		t.Errorf("a range that is refused: %v", err)
	}
	f.Change(t, func(s *vboxtest.State) {
		if len(s.Networks) > 0 || len(s.Machines) != 1 || len(s.Media) != 1 {
			t.Errorf("left: %+v, %d machines, %d images", s.Networks, len(s.Machines), len(s.Media))
		}
	})
}
