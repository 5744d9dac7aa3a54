package backup_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/machine"
	"iact-infra/internal/command"
)

// machines is a rig with a fake provider and one machine of two disks.
type machines struct {
	*rig
	fakeHost
	images string   // where the disks of machines are
	own    []string // what the test has put there
}

const mib = int64(1) << 20

// newMachines has holes at the start of a disk and in its middle, and a disk of an
// odd size that ends in one.
func newMachines(t testing.TB) *machines {
	t.Helper()
	return machinesWith(t, [2][]int64{{40 * mib, 3 * mib, 9 * mib, 33 * mib, 7 * mib}, {9*mib + 777, 0, 5 * mib}},
		map[string][]byte{"domain.xml": []byte("<domain><name>iact-devbox</name></domain>\n"), "vmlinuz": noise(8, 5<<20), machine.KeyFile: []byte("a key\n")})
}

// machinesWith takes the size of each disk and where it holds data: from, length.
func machinesWith(t testing.TB, disks [2][]int64, files map[string][]byte) *machines {
	t.Helper()
	r := newRig(t)
	m := &machines{rig: r, fakeHost: fakeHost{dir: filepath.Join(r.root, "machines")}, images: filepath.Join(r.root, "images"), own: []string{"data.img", "iact-devbox.img"}}
	must(t, os.MkdirAll(m.fakeHost.dir, 0o755))
	must(t, os.MkdirAll(m.images, 0o755))
	r.env = append(r.env, machinesVariable+"="+m.fakeHost.dir)
	r.configure("{name: devbox, kind: vm, machine: iact-devbox}")
	m.disk("iact-devbox.img", disks[0]...)
	m.disk("data.img", disks[1]...)
	seen := machine.Seen{Name: "default", Domain: "iact-devbox", Provider: "libvirt", ID: "an-id", Running: true, Memory: 768 << 20, CPUs: 2}
	for target, name := range map[string]string{"vda": "iact-devbox.img", "vdb": "data.img"} {
		path := filepath.Join(m.images, name)
		info, err := os.Stat(path)
		must(t, err)
		var st unix.Stat_t
		must(t, unix.Stat(path, &st))
		seen.Disks = append(seen.Disks, machine.Disk{Target: target, Path: path, Size: info.Size(), Used: st.Blocks * 512})
	}
	slices.SortFunc(seen.Disks, func(a, b machine.Disk) int { return strings.Compare(a.Target, b.Target) })
	must(t, m.save(&fakeMachine{Seen: seen, Files: files}))
	return m
}

// disk makes a sparse file of a size with data at places: from, length.
func (m *machines) disk(name string, at ...int64) {
	m.t.Helper()
	size, at := at[0], at[1:]
	f, err := os.Create(filepath.Join(m.images, name))
	must(m.t, err)
	must(m.t, f.Truncate(size))
	random := rand.NewChaCha8([32]byte{byte(size)})
	for i := 0; i < len(at); i += 2 {
		data := make([]byte, at[i+1])
		_, _ = random.Read(data)
		_, err := f.WriteAt(data, at[i])
		must(m.t, err)
	}
	must(m.t, f.Close())
}

// same makes sure that a restored machine has the disks and the definition.
func (m *machines) same(domain, dir string) {
	m.t.Helper()
	is, err := m.load(domain)
	must(m.t, err)
	was, err := m.load("iact-devbox")
	must(m.t, err)
	if is == nil {
		m.t.Fatalf("there is no machine %s", domain)
	}
	for name, data := range was.Files {
		if !bytes.Equal(is.Files[name], data) {
			m.t.Errorf("%s has %d bytes of %s, %d were captured", domain, len(is.Files[name]), name, len(data))
		}
	}
	for i, d := range was.Disks {
		path := filepath.Join(dir, d.Target+".raw")
		if is.Disks[i].Path != path {
			m.t.Errorf("disk %s is %s, want %s", d.Target, is.Disks[i].Path, path)
		}
		m.sameDisk(d.Path, path)
	}
}

func (m *machines) sameDisk(was, is string) {
	m.t.Helper()
	a, err := sumOf(was)
	must(m.t, err)
	b, err := sumOf(is)
	must(m.t, err)
	var before, after unix.Stat_t
	must(m.t, unix.Stat(was, &before))
	must(m.t, unix.Stat(is, &after))
	if a != b || before.Size != after.Size {
		m.t.Errorf("%s of %d bytes is not %s of %d", is, after.Size, was, before.Size)
	}
	if after.Blocks > before.Blocks+2*128 { // holes are told in 64 KiB
		m.t.Errorf("%s takes %d blocks, %s %d: the holes are gone", is, after.Blocks, was, before.Blocks)
	}
}

// only makes sure of the machines that there are, and that nothing lies about.
func (m *machines) only(what string, domains ...string) {
	m.t.Helper()
	var all []string
	for _, one := range m.all() {
		all = append(all, one.Domain)
		if one.Held {
			m.t.Errorf("%s: the capture of %s was never closed", what, one.Domain)
		}
	}
	if !slices.Equal(all, domains) {
		m.t.Errorf("%s: there are machines %v, want %v", what, all, domains)
	}
	left, err := os.ReadDir(m.images)
	must(m.t, err)
	var names []string
	for _, one := range left {
		names = append(names, one.Name())
	}
	want := append(slices.Clone(m.own), slices.DeleteFunc(slices.Clone(domains), func(d string) bool { return d == "iact-devbox" })...)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		m.t.Errorf("%s: beside the disks lie %v, want %v", what, names, want)
	}
}

func (m *machines) restored(args ...string) backup.RestoredVM {
	m.t.Helper()
	return parse[backup.RestoredVM](m.t, m.runWith([]string{"IACT_FORMAT=json"}, append([]string{"backup:restoreVM"}, args...)...).ends(0).out)
}

func TestAMachineComesBackWithItsHolesUnderANewName(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.good("backup:all")
	set := m.newest()
	held := source(t, set, "devbox")
	if data := 21*mib + 5*mib; held.State != "verified" || held.Size > data+mib || held.Size < data {
		t.Errorf("the set holds %d bytes (%s), the machine has %d", held.Size, held.State, data)
	}
	m.only("after the backup", "iact-devbox")
	d := m.restored("-to=iact-look")
	m.same("iact-look", filepath.Join(m.images, "iact-look"))
	m.only("after the restore", "iact-devbox", "iact-look")
	if len(d.Vagrant) != 4 || d.Machine != "iact-look" || len(d.Disks) != 2 || d.Disks[1].Size != 9*mib+777 || d.Disks[1].Data != 5*mib {
		t.Errorf("it tells %+v", d)
	}
	m.run("backup:restoreVM", "-to=iact-look").refused(2, "has a machine iact-look already", "vm:destroy")
	m.good("procedure:rollback", "-run="+d.Run)
	m.only("after going back", "iact-devbox")
}

func TestTheRecipeMakesTheDisksAgain(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.good("backup:vm")
	set := m.newest()
	for _, tar := range []string{"tar -x -S", "bsdtar -x -f -"} {
		lines := strings.ReplaceAll(recipeLines(t, set.Dir, "restored-devbox"), "tar -x -S", tar)
		dir := t.TempDir()
		c := command.Change("bash", "-o", "pipefail", "-ec", "cp -r "+set.Dir+"/. . && "+lines)
		c.Dir = dir
		must(t, command.NewDoor(command.Local()).Run(t.Context(), c))
		m.sameDisk(filepath.Join(m.images, "iact-devbox.img"), filepath.Join(dir, "restored-devbox/disks/vda.raw"))
		m.sameDisk(filepath.Join(m.images, "data.img"), filepath.Join(dir, "restored-devbox/disks/vdb.raw"))
		if got := read(t, filepath.Join(dir, "restored-devbox/definition", machine.KeyFile)); got != "a key\n" {
			t.Errorf("the key is %q", got)
		}
	}
}

// recipeLines are the first two commands of the recipe of the machine.
func recipeLines(t *testing.T, set, about string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(read(t, filepath.Join(set, "RESTORE.md"))) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "mkdir "+about) || strings.HasPrefix(line, "find vm-devbox ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 2 {
		t.Fatalf("the recipe has these lines: %q", lines)
	}
	return strings.Join(lines, " && ")
}

func TestASecondBackupOfAMachineWritesWhatChanged(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.good("backup:vm")
	f, err := os.OpenFile(filepath.Join(m.images, "iact-devbox.img"), os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("changed"), 6*mib)
	must(t, err)
	_, err = f.WriteAt([]byte("in a hole"), 20*mib) // which makes the list of regions another one
	must(t, err)
	must(t, f.Close())
	m.good("backup:vm")
	held := source(t, m.newest(), "devbox")
	if held.New < 4*mib || held.New > 4*mib+mib {
		t.Errorf("%d bytes are new: one piece of 4 MiB was changed, one had a few bytes", held.New)
	}
	m.good("backup:verify")
	m.restored("-to=iact-look")
	m.same("iact-look", filepath.Join(m.images, "iact-look"))
}

func TestSlowADrillProvesTheSetAndLeavesNothing(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.good("backup:vm")
	d := m.restored("-drill=true")
	if !d.Drill || len(d.Checks) != 2 || !d.Checks[0].OK || d.Recovery <= 0 || d.Vagrant != nil {
		t.Errorf("the drill tells %+v", d)
	}
	m.only("after the drill", "iact-devbox")
	held := source(t, m.newest(), "devbox")
	if held.State != "proven" || held.Proof == nil || held.Proof.Checks != 2 {
		t.Errorf("the source is %s, %+v", held.State, held.Proof)
	}
	m.good("backup:verify")
	if held = source(t, m.newest(), "devbox"); held.State != "proven" {
		t.Errorf("reading it back makes it %s", held.State)
	}
	m.runWith([]string{illVariable + "=forgets"}, "backup:restoreVM", "-drill=true").refused(3, "not with all that it had", "take another set")
	m.only("after a drill that failed", "iact-devbox")
}

func TestSlowWhatCannotBeDoneWithAMachineIsRefused(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.run("backup:restoreVM").refused(4, "holds no set yet", "backup:all")
	m.good("backup:all")
	m.put("full/file", "")
	for _, one := range []struct {
		args     []string
		code     int
		what, by string
	}{
		{[]string{"-yes=true"}, 2, "has a machine iact-devbox already", "-to=NAME restores beside it"},
		{[]string{"-to=a/b"}, 2, "is no name of a machine", "-dir=DIR"},
		{[]string{"-to=x", "-dir=" + filepath.Join(m.root, "full")}, 2, "is there already", "-dir"},
		{[]string{"-to=x", "-dir=" + filepath.Join(m.root, "no/where")}, 2, "no directory that", "-dir"},
		{[]string{"-source=config"}, 2, "no virtual machine", "backup:restore"},
	} {
		m.run(append([]string{"backup:restoreVM"}, one.args...)...).refused(one.code, one.what, one.by)
	}
	m.only("after what was refused", "iact-devbox")
	m.runWith([]string{illVariable + "=define"}, "backup:restoreVM", "-to=x").ends(1)
	m.only("after a definition that failed", "iact-devbox")
	m.runWith([]string{illVariable + "=capture"}, "backup:vm").ends(1)
	m.only("after a capture that failed", "iact-devbox")
	must(t, os.Rename(m.path("iact-devbox"), m.path("iact-devbox")+".away"))
	end := m.run("backup:all")
	if end.code == 0 || !strings.Contains(end.said, "it was never made") || !strings.Contains(end.said, "vm:up makes it") {
		t.Errorf("a machine that is gone: exit %d\n%s", end.code, end.said)
	}
	if held := source(t, m.newest(), "devbox"); held.State != "failed" {
		t.Errorf("the set says that it is %s", held.State)
	}
	m.good("backup:restoreVM", "-yes=true") // its name is free now
	must(t, os.Remove(filepath.Join(m.images, "iact-devbox", machine.KeyFile)))
}

func TestSlowADamagedMachineIsFoundAndNotRestored(t *testing.T) {
	t.Parallel()
	m := newMachines(t)
	m.good("backup:vm")
	dir := filepath.Join(m.newest().Dir, "vm-devbox")
	parts, err := filepath.Glob(filepath.Join(dir, "*.zst"))
	must(t, err)
	for _, i := range []int{0, len(parts) / 2, len(parts) - 1} {
		whole := read(t, parts[i])
		for what, bad := range map[string]string{"flipped": whole[:len(whole)/2] + string(whole[len(whole)/2]^1) + whole[len(whole)/2+1:], "truncated": whole[:len(whole)-1]} {
			must(t, os.Chmod(parts[i], 0o600))
			must(t, os.WriteFile(parts[i], []byte(bad), 0o600))
			m.run("backup:verify").refused(3, filepath.Base(parts[i]), "backup:all")
			m.run("backup:restoreVM", "-to=x").refused(3, "is damaged", "take another set")
			m.only(fmt.Sprintf("part %d %s", i, what), "iact-devbox")
		}
		must(t, os.WriteFile(parts[i], []byte(whole), 0o400))
	}
	m.good("backup:verify")
}
