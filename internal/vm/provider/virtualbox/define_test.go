package virtualbox_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/virtualbox"
	"iact-infra/internal/vm/provider/virtualbox/vboxtest"
)

// laid is a machine's definition, and an empty disk in a directory for another one.
func laid(t *testing.T, p *virtualbox.Provider, id string) (provider.Definition, provider.Place) {
	t.Helper()
	c, err := p.Capture(t.Context(), id, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	place := provider.Place{Domain: "anew", Dir: t.TempDir(), Disks: map[string]string{}}
	for _, one := range c.Disks {
		raw := filepath.Join(place.Dir, one.Target+".raw")
		if err := os.WriteFile(raw, make([]byte, one.Size()), 0o600); err != nil {
			t.Fatal(err)
		}
		place.Disks[one.Target] = raw
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Definition, place
}

func TestAMachineMadeAnewHasNoNetworksOrPortsThatThisHostCannotGive(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	unused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := net.SplitHostPort(unused.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	unused.Close()
	kept := "postgresql,tcp,127.0.0.1," + other + ",,5432"
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	f.Change(t, func(s *vboxtest.State) {
		s.Networks = []*vboxtest.Network{{Name: "vboxnet0"}, {Name: "vboxnet1"}}
		nics := s.Machines[0].NICs
		nics[0].Forwards = []string{"ssh,tcp,127.0.0.1," + port + ",,22", kept}
		for i, one := range []vboxtest.NIC{{Kind: "hostonly", Name: "vboxnet0"}, {Kind: "hostonly", Name: "vboxnet1"}, {Kind: "bridged", Name: "eth0"}, {Kind: "bridged", Name: "wlan7"}} {
			one.MAC = "080027B0A0" + strconv.Itoa(10+i)
			nics[1+i] = one
		}
	})
	p := open(f)
	if err := p.Take(t.Context(), id, "writes-the-settings", ""); err != nil {
		t.Fatal(err)
	}
	d, place := laid(t, p, id)
	f.Change(t, func(s *vboxtest.State) { s.Networks = s.Networks[:1] }) // another host
	made, err := p.Define(t.Context(), d, place)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	was, is := f.Machine(t, id).NICs, f.Machine(t, made).NICs
	for i, nic := range is {
		kinds = append(kinds, nic.Kind+nic.Name)
		if nic.MAC != "" && nic.MAC == was[i].MAC {
			t.Errorf("adapter %d has the address of the other machine's", i)
		}
	}
	if want := []string{"nat", "hostonlyvboxnet0", "null", "bridgedeth0", "null", "", "", ""}; !slices.Equal(kinds, want) || !slices.Equal(is[0].Forwards, []string{kept}) {
		t.Errorf("its adapters are %q and the first one forwards %q", kinds, is[0].Forwards)
	}
	if err := p.Start(t.Context(), made); err != nil {
		t.Error(err)
	}
}

// The program is killed between any two steps, and another one goes on.
func TestAMachineThatIsHalfRemovedIsRemovedByTheNextTry(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"dhcpserver remove", "hostonlyif remove", "unregistervm"} {
		f := vboxtest.Install(t)
		p := open(f)
		d, place := laid(t, p, f.Blank(t, "vm", 4))
		place.Isolated = true
		made, err := p.Define(t.Context(), d, place)
		if err != nil {
			t.Fatal(err)
		}
		f.Refuse(t, vboxtest.Refusal{On: call, Says: "it was killed", Times: 1})
		if err := p.Remove(t.Context(), made); (err == nil) != (call == "dhcpserver remove") {
			t.Errorf("%s: %v", call, err)
		}
		if err := p.Remove(t.Context(), made); err != nil {
			t.Errorf("again, after %s: %v", call, err)
		}
		f.Change(t, func(s *vboxtest.State) {
			if len(s.Networks) > 0 || len(s.Machines) != 1 || len(s.Media) != 1 {
				t.Errorf("%s leaves %+v, %d machines, %d images", call, s.Networks, len(s.Machines), len(s.Media))
			}
		})
		if left, err := os.ReadDir(place.Dir); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v, %v", call, left, err)
		}
	}
}

// A controller may be called anything, and two that look alike are two.
func TestDisksOfControllersOfAnyNameAreToldApart(t *testing.T) {
	t.Parallel()
	f := vboxtest.Install(t)
	id := f.Blank(t, "vm", 4)
	f.Change(t, func(s *vboxtest.State) {
		m := s.Machines[0]
		for i, name := range []string{"SATA_Controller", "../SATA", "A-0", "ñ \"x\""} {
			medium := *s.Media[0]
			medium.ID, medium.Path = "00000000-0000-4000-8000-00000000000"+strconv.Itoa(i), filepath.Join(f.Home, strconv.Itoa(i)+".vdi")
			if err := os.WriteFile(medium.Path, make([]byte, 4<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			s.Media = append(s.Media, &medium)
			m.Controllers = append(m.Controllers, vboxtest.Controller{Name: name, Type: "IntelAhci", Ports: 1})
			m.Disks = append(m.Disks, vboxtest.Attachment{Controller: name, Medium: medium.ID})
		}
	})
	p := open(f)
	if err := p.Take(t.Context(), id, "writes-the-settings", ""); err != nil {
		t.Fatal(err)
	}
	d, place := laid(t, p, id)
	want := []string{"SATA_Controller-0-0", "SATA%5FController-0-0", "%2E%2E%2FSATA-0-0", "A%2D0-0-0", "%C3%B1_%22x%22-0-0"}
	if !slices.Equal(d.Targets, want) {
		t.Errorf("they are %q", d.Targets)
	}
	made, err := p.Define(t.Context(), d, place)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := p.Look(t.Context(), made); err != nil || len(m.Disks) != len(want) {
		t.Errorf("it has %+v, %v", m.Disks, err)
	}
}
