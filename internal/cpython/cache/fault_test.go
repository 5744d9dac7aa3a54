package cache_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/cache"
	"iact-infra/internal/fault"
)

// onSmallDisk mounts a small file system for a test. Who may not mount runs the
// test once more where he may, in a user namespace, and then there is nothing
// left to do here.
func onSmallDisk(t *testing.T, dir string, size string) (mounted bool) {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	err := unix.Mount("none", dir, "tmpfs", 0, "mode=0755,size="+size)
	if errors.Is(err, unix.EPERM) && os.Geteuid() != 0 {
		must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("unshare", "-rm", os.Args[0], "-test.run=^"+t.Name()+"$")))
		return false
	}
	must(t, err)
	t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	return true
}

func TestAFullDiskWhileSavingLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if !onSmallDisk(t, r.store, "128k") {
		return
	}
	_, err := r.Save(t.Context(), key(), meta(r.prefix), r.tree)
	if !errors.Is(err, unix.ENOSPC) || fault.Hint(err) != "free space in "+r.store {
		t.Errorf("got %v (%s)", err, fault.Hint(err))
	}
	if got := r.objects(); len(got) > 0 {
		t.Errorf("the store holds %q", got)
	}
	must(t, unix.Mount("none", r.store, "tmpfs", unix.MS_REMOUNT, "size=8m"))
	r.save()
}

func TestAFullDiskWhileUnpackingLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if !onSmallDisk(t, filepath.Dir(r.prefix), "128k") {
		return
	}
	r.save()
	before := r.objects()
	_, err := r.unpack()
	if !errors.Is(err, unix.ENOSPC) || errors.Is(err, cache.ErrRefused) || fault.Hint(err) != "free space in "+filepath.Dir(r.prefix) {
		t.Errorf("got %v (%s)", err, fault.Hint(err))
	}
	r.notThere()
	if got := r.objects(); !slices.Equal(got, before) {
		t.Errorf("a sound entry was touched: %q", got)
	}
	must(t, unix.Mount("none", filepath.Dir(r.prefix), "tmpfs", unix.MS_REMOUNT, "size=8m"))
	_, err = r.unpack()
	must(t, err)
	same(t, r.prefix, r.tree)
}

func TestAReadOnlyStoreStillGivesAndSaysWhyItTakesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if !onSmallDisk(t, r.store, "8m") {
		return
	}
	e := r.save()
	k := key()
	k.Arch = "aarch64"
	readOnly := func() { must(t, unix.Mount("none", r.store, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "")) }
	readOnly()
	if _, err := r.Save(t.Context(), k, meta(r.prefix), r.tree); !errors.Is(err, unix.EROFS) || fault.Code(err) != fault.Missing || fault.Hint(err) == "" {
		t.Errorf("got %v (%s)", err, fault.Hint(err))
	}
	_, err := r.unpack()
	must(t, err)
	must(t, os.RemoveAll(r.prefix))
	must(t, unix.Mount("none", r.store, "tmpfs", unix.MS_REMOUNT, ""))
	change(t, filepath.Join(r.store, e.Archive.Name), func(b []byte) []byte { return b[:len(b)/2] })
	readOnly()
	if _, err := r.unpack(); !errors.Is(err, cache.ErrRefused) || !strings.Contains(err.Error(), "it stays in the cache") {
		t.Errorf("got %v", err)
	}
	r.notThere()
}

func TestAReadOnlyPlaceForThePrefixIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	if !onSmallDisk(t, filepath.Dir(r.prefix), "8m") {
		return
	}
	must(t, unix.Mount("none", filepath.Dir(r.prefix), "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err := r.unpack()
	if !errors.Is(err, unix.EROFS) || errors.Is(err, cache.ErrRefused) || fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), filepath.Dir(r.prefix)) {
		t.Errorf("got %v (%s)", err, fault.Hint(err))
	}
}

func TestTwoWhoSaveTheSameBuildMakeOneEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gate := &meeting{Store: r.Store, suffix: ".tar.zst"}
	gate.all.Add(4)
	r.Store = gate
	var all sync.WaitGroup
	entries := make([]cache.Entry, 4)
	for i := range entries {
		all.Go(func() {
			var err error
			if entries[i], err = r.Save(t.Context(), key(), meta(r.prefix), r.tree); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if gate.met != 4 {
		t.Errorf("%d of 4 wrote at once", gate.met)
	}
	for _, e := range entries[1:] {
		if encode(t, e) != encode(t, entries[0]) {
			t.Errorf("one got %+v, one %+v", entries[0], e)
		}
	}
	if got, want := r.objects(), []string{entries[0].Archive.Name, entries[0].ID + ".json"}; !slices.Equal(got, want) {
		t.Errorf("the store holds %q, want %q", got, want)
	}
	_, err := r.unpack()
	must(t, err)
	same(t, r.prefix, r.tree)
}

// meeting lets all who put something of that name wait for each other.
type meeting struct {
	cache.Store
	suffix string
	all    sync.WaitGroup
	mu     sync.Mutex
	met    int
}

func (m *meeting) Put(ctx context.Context, name string, write func(io.Writer) error) error {
	return m.Store.Put(ctx, name, func(w io.Writer) error {
		if strings.HasSuffix(name, m.suffix) {
			m.mu.Lock()
			m.met++
			m.mu.Unlock()
			m.all.Done()
			m.all.Wait()
		}
		return write(w)
	})
}

func TestTwoWhoUnpackTheSameBuildEndWithOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	var first, all sync.WaitGroup
	first.Add(2)
	errs := make([]error, 2)
	for i := range errs {
		all.Go(func() {
			begun := sync.OnceFunc(func() { first.Done(); first.Wait() })
			own := *r.Cache
			own.Say = func(int64, int64) { begun() }
			_, errs[i] = own.Unpack(t.Context(), key(), r.prefix)
		})
	}
	all.Wait()
	if failed := errors.Join(errs...); failed == nil || errs[0] != nil && errs[1] != nil || !strings.Contains(failed.Error(), "exists") {
		t.Errorf("got %v", errs)
	}
	same(t, r.prefix, r.tree)
	if got := ls(t, filepath.Dir(r.prefix)); len(got) != 1 {
		t.Errorf("beside the prefix lie %q", got)
	}
}

func TestACancelledUnpackTouchesNoEntry(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.save()
	before := r.objects()
	ctx, cancel := context.WithCancel(t.Context())
	r.Say = func(int64, int64) { cancel() }
	if _, err := r.Unpack(ctx, key(), r.prefix); !errors.Is(err, context.Canceled) || errors.Is(err, cache.ErrRefused) {
		t.Errorf("got %v", err)
	}
	r.notThere()
	if got := r.objects(); !slices.Equal(got, before) {
		t.Errorf("a sound entry was touched: %q", got)
	}
}

func TestACancelledSaveLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.Say = func(int64, int64) { cancel() }
	if _, err := r.Save(ctx, key(), meta(r.prefix), r.tree); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := r.objects(); len(got) > 0 {
		t.Errorf("the store holds %q", got)
	}
}

// TestAStoreThatBreaksOffIsNoReasonToDoubtTheEntry, be it at the archive or at
// the manifest.
func TestAStoreThatBreaksOffIsNoReasonToDoubtTheEntry(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{".tar.zst", ".json"} {
		r := newRig(t)
		r.save()
		before := r.objects()
		r.Store = breaking{r.Store, suffix}
		_, err := r.unpack()
		if !errors.Is(err, unix.EIO) || errors.Is(err, cache.ErrRefused) {
			t.Errorf("%s: got %v", suffix, err)
		}
		r.notThere()
		if got := r.objects(); !slices.Equal(got, before) {
			t.Errorf("a sound entry was touched: %q", got)
		}
	}
}

// breaking fails in the middle of an object.
type breaking struct {
	cache.Store
	suffix string
}

func (b breaking) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := b.Store.Open(ctx, name)
	if err != nil || !strings.HasSuffix(name, b.suffix) {
		return r, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, 100), failing{}), r}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, unix.EIO }

func TestATreeThatCannotBeReadIsNotSaved(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Say = func(int64, int64) { _ = os.Truncate(filepath.Join(r.tree, "lib/python3.13/pydoc_data/topics.py"), 5) }
	if _, err := r.Save(t.Context(), key(), meta(r.prefix), r.tree); err == nil || !strings.Contains(err.Error(), "topics.py: it changed meanwhile") {
		t.Errorf("got %v", err)
	}
	if _, err := r.Save(t.Context(), key(), meta(r.prefix), r.tree+"/bin/pip3"); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Errorf("got %v", err)
	}
	if _, err := r.Save(t.Context(), key(), meta(r.prefix), r.tree+"/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if got := r.objects(); len(got) > 0 {
		t.Errorf("the store holds %q", got)
	}
}

func TestArchivesWithoutAManifestAreRemovedAfterADay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.save()
	other := strings.Repeat("0", 32)
	fresh, old, loser := other+"-0123456789abcdef.tar.zst", other+"-fedcba9876543210.tar.zst", e.ID+"-0000000000000000.tar.zst"
	now := time.Now()
	r.Now = func() time.Time { return now }
	for _, name := range []string{fresh, old, loser, "bad-" + old, e.Archive.Name} {
		file := filepath.Join(r.store, name)
		if name != e.Archive.Name {
			put(t, file, "archive", 0o444)
		}
		if name != fresh {
			must(t, os.Chtimes(file, now, now.Add(-25*time.Hour)))
		}
	}
	k := key()
	k.Arch = "aarch64"
	e2, err := r.Save(t.Context(), k, meta(r.prefix), r.tree)
	must(t, err)
	want := []string{fresh, "bad-" + old, e.Archive.Name, e.ID + ".json", e2.Archive.Name, e2.ID + ".json"}
	slices.Sort(want)
	if got := r.objects(); !slices.Equal(got, want) {
		t.Errorf("the store holds %q, want %q", got, want)
	}
}
