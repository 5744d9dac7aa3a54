package libvirt_test

import (
	"reflect"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
)

func TestMachinesAreReadFromOneVirsh(t *testing.T) {
	t.Parallel()
	const said = `== states
Domain: 'h3-iact-devbox'
  state.state=1
  state.reason=1

Domain: 'with a 'name' of its own'
  state.state=3
  state.reason=1

Domain: 'saved'
  state.state=5
  state.reason=2

Domain: 'no longer saved'
  state.state=5
  state.reason=5

Domain: 'killed'
  state.state=5
  state.reason=3

== saved
bdd70b08-868e-4fe2-a6df-fcc8c60db703

== names
bdd70b08-868e-4fe2-a6df-fcc8c60db701 h3-iact-devbox
bdd70b08-868e-4fe2-a6df-fcc8c60db702 with a 'name' of its own
bdd70b08-868e-4fe2-a6df-fcc8c60db703 saved
bdd70b08-868e-4fe2-a6df-fcc8c60db704 no longer saved
bdd70b08-868e-4fe2-a6df-fcc8c60db705 killed
bdd70b08-868e-4fe2-a6df-fcc8c60db706 made a moment ago

`
	fake := commandtest.New(t, virsh(commandtest.Any).Reading().Prints(said))
	got, err := libvirt.New(command.NewDoor(fake), "").Machines(t.Context())
	want := map[string]provider.Machine{}
	for n, m := range map[string]provider.Machine{
		"1": {Domain: "h3-iact-devbox", State: provider.Running},
		"2": {Domain: "with a 'name' of its own", State: provider.Paused},
		"3": {Domain: "saved", State: provider.Saved},
		"4": {Domain: "no longer saved", State: provider.Off},
		"5": {Domain: "killed", State: provider.Crashed},
		"6": {Domain: "made a moment ago", State: provider.Changing},
	} {
		m.ID = "bdd70b08-868e-4fe2-a6df-fcc8c60db70" + n
		want[m.ID] = m
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

const looked = `== stats
Domain: 'iact-devbox'
  state.state=1
  state.reason=1
  block.count=2
  block.0.name=vda
  block.0.path=/var/lib/libvirt/images/iact = devbox.img
  block.0.allocation=12058624
  block.0.capacity=8589934592
  block.0.physical=12005376
  block.1.name=vdb

== saved

== addresses
 Name       MAC address          Protocol     Address
-------------------------------------------------------------------------------
 vnet1      52:54:00:1d:a4:d9    ipv4         192.168.121.142/24
 vnet2      52:54:00:1d:a4:da    ipv4         192.168.56.10/24

== xml
<domain type='kvm' id='4'>
  <name>iact-devbox</name>
  <uuid>` + id + `</uuid>
  <memory unit='KiB'>786432</memory>
  <vcpu placement='static'>2</vcpu>
  <devices>
    <disk type='file' device='disk'><source file='/var/lib/libvirt/images/iact = devbox.img' index='2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='volume' device='disk'><source pool='default' volume='two'/><target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>
  </devices>
</domain>

`

func TestALookIsReadFromOneVirsh(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t, virsh(commandtest.Any).Reading().Prints(looked))
	got, err := libvirt.New(command.NewDoor(fake), "").Look(t.Context(), id)
	want := provider.Machine{
		ID: id, Domain: "iact-devbox", State: provider.Running, Memory: 768 << 20, CPUs: 2,
		Addresses: []string{"192.168.121.142", "192.168.56.10"},
		Disks: []provider.Disk{
			{Target: "vda", Path: "/var/lib/libvirt/images/iact = devbox.img", Size: 8 << 30, Used: 12005376},
			{Target: "vdb"},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheVersionNamesWhatRuns(t *testing.T) {
	t.Parallel()
	const head = "Compiled against library: libvirt 9.0.0\nUsing library: libvirt 9.0.0\nUsing API: QEMU 9.0.0\n"
	for said, want := range map[string]string{
		head + "Running hypervisor: QEMU 7.2.22\nRunning against daemon: 9.0.0\n\n": "libvirt 9.0.0, QEMU 7.2.22",
		head + "Running hypervisor: QEMU 7.2.22\nRunning against daemon: 8.0.0\n\n": "libvirt 9.0.0, its daemon 8.0.0, QEMU 7.2.22",
		head + "Cannot extract running QEMU hypervisor version\n":                   "libvirt 9.0.0",
		"something of another kind\n":                                               "",
	} {
		fake := commandtest.New(t, virsh("version", "--daemon").Reading().Prints(said))
		got, err := libvirt.New(command.NewDoor(fake), "").Version(t.Context())
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

// Whatever virsh prints, no machine is made up: what is told of one is in its text.
func FuzzLook(f *testing.F) {
	f.Add(looked)
	f.Add("== xml\n<domain><name>a</name><uuid>b</uuid></domain>")
	f.Add("== stats\nDomain: 'a'\n  block.count=9223372036854775807\n== xml\n<domain><name>a</name></domain>")
	f.Fuzz(func(t *testing.T, said string) {
		fake := commandtest.New(t, virsh(commandtest.Any).Prints(said).AnyTimes(), commandtest.Expect("qemu-img", commandtest.Rest).AnyTimes())
		p := libvirt.New(command.NewDoor(fake), "")
		if m, err := p.Look(t.Context(), id); err == nil && m.State == "" {
			t.Errorf("%+v", m)
		}
		all, err := p.Machines(t.Context())
		for key, m := range all {
			if key == "" || key != m.ID || m.State == "" || err != nil {
				t.Errorf("%q: %+v, %v", key, m, err)
			}
		}
		if _, err := p.Snapshots(t.Context(), id); err != nil {
			t.Error(err)
		}
	})
}
