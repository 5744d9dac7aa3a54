package virtualbox_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/providertest"
	"iact-infra/internal/vm/provider/virtualbox"
	"iact-infra/internal/vm/provider/virtualbox/vboxtest"
)

func TestMain(m *testing.M) {
	exit, is := vboxtest.Main()
	if !is {
		exit = m.Run()
	}
	os.Exit(exit)
}

func TestSlowVirtualBoxIsAProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, bench)
}

func TestSlowVirtualBoxIsAnExporter(t *testing.T) {
	t.Parallel()
	providertest.RunExporter(t, bench)
}

func open(f *vboxtest.Fake, options ...command.Option) *virtualbox.Provider {
	return virtualbox.New(command.NewDoor(f.Transport(), options...))
}

func bench(t *testing.T) providertest.Bench {
	t.Helper()
	f := vboxtest.Install(t)
	const domain = `vm_"dev"_ñ_1`
	id := f.Blank(t, domain, 8)
	write := func(t testing.TB, at int64, data []byte) {
		t.Helper()
		file, err := os.OpenFile(f.Disk(t, id), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.WriteAt(data, at); err != nil {
			t.Fatal(err)
		}
	}
	return providertest.Bench{
		Provider: open(f), ID: id, Domain: domain, Other: "another", Write: write, Live: write,
		Read: func(t testing.TB, at int64, length int) []byte {
			t.Helper()
			all, err := os.ReadFile(f.Disk(t, id))
			if err != nil {
				t.Fatal(err)
			}
			return all[at : at+int64(length)]
		},
		Vanish:   func(t testing.TB) { t.Helper(); f.Change(t, func(s *vboxtest.State) { s.Machines = nil }) },
		Planning: func(w io.Writer) provider.Provider { return open(f, command.Planning(w)) },
		Crash:    func(t testing.TB) { t.Helper(); become(t, f, "aborted") },
		Save: func(t testing.TB) {
			t.Helper()
			if err := command.NewDoor(f.Transport()).Run(t.Context(), command.Change("VBoxManage", "controlvm", id, "savestate")); err != nil {
				t.Fatal(err)
			}
		},
		Break: func(t testing.TB) func() {
			t.Helper()
			full := vboxtest.DiskFull("snapshot take")
			full.Leaves = "paused"
			f.Refuse(t, full)
			return func() { f.Mend(t) }
		},
		// A capture that is killed leaves its snapshot, a disk half copied, and a file of a process that is not there.
		Kill: func(t testing.TB, scratch string) {
			t.Helper()
			f.Killed(t, id, "iact-backup-4194305-0123abcd", scratch, "iact-backup-SATA_Controller-0-0.raw")
			if err := os.WriteFile(filepath.Join(scratch, "owner"), []byte("4194305"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func become(t testing.TB, f *vboxtest.Fake, state string) {
	t.Helper()
	f.Change(t, func(s *vboxtest.State) { s.Machines[0].State = state })
}
