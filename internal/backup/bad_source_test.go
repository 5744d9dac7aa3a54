package backup_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestASourceThatVanishedIsAFailureUntilItIsRetired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	second := func(more string) {
		r.put("checkout/config/iact.yaml", "backup:\n  store: "+r.store+"\n"+more+"  sources:\n    - {name: config, kind: files, path: "+r.project+"}\n")
	}
	r.put("other/file", "kept once")
	r.configure("{name: other, kind: files, path: " + filepath.Join(r.root, "other") + "}")
	r.good("backup:all")
	before := r.held()

	second("")
	for range 2 { // it stays one: a set that only says what it lacks does not hold it
		r.run("backup:all").refused(1, "find source other", "backup: {retired: [other]}")
		set := r.newest()
		if set.State != "incomplete" || source(t, set, "config").State != "verified" || source(t, set, "other").State != "failed" {
			t.Errorf("the set is %+v: want the files sealed and the other source named", set)
		}
	}
	second("  retired: [other]\n")
	r.good("backup:all")
	if set := r.newest(); len(set.Sources) != 1 {
		t.Errorf("the set is %+v: want no word of what is retired", set)
	}
	r.untouched(before)
	r.good("backup:restore", "-set="+r.sets()[3].ID, "-source=other", "-to="+filepath.Join(r.root, "restored"))
	if got := read(t, filepath.Join(r.root, "restored/file")); got != "kept once" {
		t.Errorf("the retired source restores as %q", got)
	}
}

func TestADirectoryThatIsGoneFailsAloneAndNamesItsPath(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone := filepath.Join(r.root, "gone")
	r.put("gone/file", "x")
	r.configure("{name: gone, kind: files, path: " + gone + "}")
	r.good("backup:all")
	before := r.held()
	must(t, os.RemoveAll(gone))
	r.run("backup:all").refused(4, "open "+gone+": no such file or directory", "correct the path of source gone")
	r.untouched(before)
	if set := r.newest(); source(t, set, "config").State != "verified" || source(t, set, "gone").State != "failed" {
		t.Errorf("the set is %+v: want the other files sealed", set)
	}
	// Alone it makes no set.
	must(t, os.RemoveAll(r.project))
	sets := len(r.sets())
	r.run("backup:all").refused(4, "all 2 sources failed", "correct the path")
	if now := len(r.sets()); now != sets {
		t.Errorf("%d sets became %d although nothing was captured", sets, now)
	}
	r.onlySets(sets)
}

func TestAFileThatMayNotBeReadIsMissedAloudAndTheRestIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if os.Geteuid() == 0 { // whom nothing is forbidden
		r.as = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
		for _, dir := range []string{filepath.Dir(r.root), r.root} {
			must(t, os.Chmod(dir, 0o777))
		}
		must(t, os.Chmod(filepath.Join(r.root, "checkout"), 0o777))
		readableByAll(t)
	}
	r.put("project/secret.key", "secret")
	must(t, os.Chmod(filepath.Join(r.project, "secret.key"), 0o000))
	must(t, os.Mkdir(filepath.Join(r.project, "closed"), 0o000))
	bad := r.run("backup:all")
	bad.refused(1, "back up config: 2 files could not be read", "run as a user who may read them, or exclude them")
	set := r.newest()
	if one := source(t, set, "config"); one.State != "verified" || !strings.Contains(strings.Join(one.Notes, "\n"), "secret.key") {
		t.Errorf("the source is %+v: want it verified, with a note about what is missing", one)
	}
	to := filepath.Join(r.root, "restored")
	r.good("backup:restore", "-to="+to)
	if _, err := os.Lstat(filepath.Join(to, ".env")); err != nil {
		t.Errorf("what could be read is not in the set: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(to, "secret.key")); !os.IsNotExist(err) {
		t.Errorf("what could not be read is restored: %v", err)
	}
}

// readableByAll lets any user run the test binary.
func readableByAll(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	for dir := filepath.Dir(self); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		must(t, err)
		if info.Mode().Perm()&0o005 != 0o005 {
			must(t, os.Chmod(dir, info.Mode().Perm()|0o055))
		}
	}
}

func TestARestoreNeverOverwritesAndNeverFollowsALink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	r.put("taken/file", "mine")
	r.put("file", "mine")
	must(t, os.Mkdir(filepath.Join(r.root, "empty"), 0o755))
	must(t, os.Symlink("empty", filepath.Join(r.root, "link")))
	must(t, os.Symlink("nowhere", filepath.Join(r.root, "dangling")))
	for _, to := range []string{"taken", "file", "link", "dangling"} {
		r.run("backup:restore", "-to="+filepath.Join(r.root, to)).refused(2, "it exists, and a restore never overwrites", "let -to name something new")
	}
	r.run("backup:restore", "-to="+filepath.Join(r.root, "no/such/place")).refused(2, "no such file or directory", "make the directory above it first")
	r.run("backup:restore").refused(2, "-to does not say where", "add -to=")
	r.run("backup:restore", "-source=nope", "-to="+filepath.Join(r.root, "new")).refused(2, "has no such source", "it holds config")
	if got := read(t, filepath.Join(r.root, "taken/file")) + read(t, filepath.Join(r.root, "file")); got != "minemine" {
		t.Errorf("something was overwritten: %q", got)
	}
	if _, err := os.Lstat(filepath.Join(r.root, "nowhere")); !os.IsNotExist(err) {
		t.Errorf("the link was followed: %v", err)
	}
	r.good("backup:restore", "-to="+filepath.Join(r.root, "empty"))
	if got := read(t, filepath.Join(r.root, "empty/.env")); got != "SECRET=1\n" {
		t.Errorf("restored into an empty directory: %q", got)
	}
}

func TestADirectoryOfTheStoreThatIsALinkIsNoSet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	id := r.newest().ID
	must(t, os.Rename(filepath.Join(r.store, id), filepath.Join(r.root, "elsewhere")))
	must(t, os.Symlink("../elsewhere", filepath.Join(r.store, id)))
	r.run("backup:verify").refused(4, "holds no set yet", "backup:all")
}

func TestAStoreThatMayNotBeReadIsNotTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	if os.Geteuid() == 0 {
		for _, dir := range []string{filepath.Dir(r.root), r.root} {
			must(t, os.Chmod(dir, 0o777))
		}
		readableByAll(t)
		r.as = []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	} else {
		must(t, os.Chmod(r.store, 0))
		t.Cleanup(func() { must(t, os.Chmod(r.store, 0o700)) })
	}
	for _, target := range []string{"backup:list", "backup:show", "backup:verify", "backup:restore"} {
		r.run(target).refused(4, "permission denied", "run as the owner")
	}
}

func TestASocketAndADeviceAreLeftOutWithANote(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	socket, err := net.Listen("unix", filepath.Join(r.project, "s"))
	must(t, err)
	defer socket.Close()
	must(t, unix.Mkfifo(filepath.Join(r.project, "pipe"), 0o600))
	r.good("backup:all")
	one := source(t, r.newest(), "config")
	for _, name := range []string{"s: a socket", "pipe: a "} {
		if !strings.Contains(strings.Join(one.Notes, "\n"), name) {
			t.Errorf("the notes %q do not tell of %s", one.Notes, name)
		}
	}
}
