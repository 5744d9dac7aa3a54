package libvirt_test

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
	"iact-infra/internal/vm/provider/providertest"
)

func TestRealSlowLibvirtIsAProvider(t *testing.T) {
	t.Parallel()
	providertest.Run(t, bench)
}

func TestRealSlowLibvirtIsAnExporter(t *testing.T) {
	t.Parallel()
	providertest.RunExporter(t, bench)
}

// bench is a rig for the suite. What is written lies in a file, because QEMU's
// tools write one letter only.
func bench(t *testing.T) providertest.Bench {
	t.Helper()
	r := blank(t)
	door := command.NewDoor(command.Local())
	return providertest.Bench{
		Provider: r.Provider, ID: r.ID, Domain: r.Domain, Other: r.daemon.Name(t),
		Write: func(t testing.TB, at int64, data []byte) {
			t.Helper()
			file := filepath.Join(t.TempDir(), "data")
			must(t, os.WriteFile(file, data, 0o600))
			must(t, door.Run(t.Context(), command.Change("qemu-io", "-f", "qcow2", "-c", "write -s "+file+" "+strconv.FormatInt(at, 10)+" "+strconv.Itoa(len(data)), r.Disk)))
		},
		Live: func(t testing.TB, at int64, data []byte) {
			t.Helper()
			order := "write -P " + strconv.Itoa(int(data[0])) + " " + strconv.FormatInt(at, 10) + " " + strconv.Itoa(len(data))
			r.daemon.Virsh(t, "qemu-monitor-command", r.ID, "--hmp", `qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "`+order+`"`)
		},
		Read: func(t testing.TB, at int64, length int) []byte {
			t.Helper()
			raw := filepath.Join(t.TempDir(), "raw")
			must(t, door.Run(t.Context(), command.Change("qemu-img", "convert", "-f", "qcow2", "-O", "raw", r.Disk, raw)))
			all, err := os.ReadFile(raw)
			must(t, err)
			return all[at : at+int64(length)]
		},
		Vanish: func(t testing.TB) { t.Helper(); r.daemon.Virsh(t, "undefine", r.ID) },
		Planning: func(w io.Writer) provider.Provider {
			return libvirt.New(command.NewDoor(command.Local(), command.Planning(w)), r.daemon.URI)
		},
		Crash: func(t testing.TB) { t.Helper(); r.crash() },
		Save:  func(t testing.TB) { t.Helper(); r.daemon.Virsh(t, "managedsave", r.ID) },
		// The process of a capture that was killed is not there.
		Kill: func(t testing.TB, scratch string) {
			t.Helper()
			must(t, os.WriteFile(filepath.Join(scratch, "owner"), []byte("4194305"), 0o600))
		},
	}
}
