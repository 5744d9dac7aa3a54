package providertest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/diskimage"
	"iact-infra/internal/vm/provider"
)

func defineTests() []test {
	return []test{
		{"a machine is made anew beside the other one and removed again", func(t *testing.T, b *bench) { madeAnew(t, b, false) }},
		{"a machine is made anew isolated and removed again", func(t *testing.T, b *bench) { madeAnew(t, b, true) }},
		{"a machine is not made under a name that is taken", nameTaken},
		{"a machine that could not be made leaves nothing", notMade},
		{"a machine of others is not removed", othersStay},
	}
}

// laid is a machine's definition, and its disk in a directory for another one.
func (b *bench) laid(as string) (provider.Definition, provider.Place) {
	b.t.Helper()
	c, _ := b.capture(b.t.Context(), b.ID)
	target := c.Disks[0].Target
	dir := b.t.TempDir()
	place := provider.Place{Domain: as, Dir: dir, Disks: map[string]string{target: filepath.Join(dir, target+".raw")}}
	b.must(diskimage.Copy(b.t.Context(), c.Disks[0], place.Disks[target], nil))
	b.must(c.Close())
	return c.Definition, place
}

// remove takes a machine away when the test has ended.
func (b *bench) remove(id string) {
	b.t.Cleanup(func() {
		if err := b.exporter().Remove(context.WithoutCancel(b.t.Context()), id); err != nil {
			b.t.Error(err)
		}
	})
}

func madeAnew(t *testing.T, b *bench, isolated bool) {
	b.Write(t, 1<<20, block('a'))
	b.take("stays-behind")
	d, place := b.laid(b.Other)
	place.Isolated = isolated
	id, err := b.exporter().Define(t.Context(), d, place)
	b.must(err)
	b.remove(id)
	made := &bench{Bench: b.Bench, t: t, fresh: b.fresh}
	made.ID, made.Domain = id, b.Other
	if id == b.ID {
		t.Error("it has the id of the other one")
	}
	made.is(provider.Off)
	made.has()
	made.start()
	made.is(provider.Running)
	m, err := b.Provider.Look(t.Context(), id)
	b.must(err)
	was, err := b.Provider.Look(t.Context(), b.ID)
	b.must(err)
	if m.Memory != was.Memory || m.CPUs != was.CPUs || len(m.Disks) != 1 || m.Disks[0].Size != was.Disks[0].Size || m.Disks[0].Path == was.Disks[0].Path {
		t.Errorf("it is %+v, and was %+v", m, was)
	}
	made.stop()
	c, _ := made.capture(t.Context(), id)
	if all := made.content(c); !bytes.Equal(at(all, 1<<20), block('a')) {
		t.Errorf("its disk has %q", all[1<<20])
	}
	b.must(c.Close())
	if !isolated { // the other one is for a short look
		made.take("its-own")
	}
	made.start()
	b.must(b.exporter().Remove(t.Context(), id))
	made.gone("removed", id)
	b.must(b.exporter().Remove(t.Context(), id))
	b.emptied(place.Dir)
	b.is(provider.Off)
	b.has("stays-behind")
	b.holds(1<<20, 'a')
}

func nameTaken(t *testing.T, b *bench) {
	d, place := b.laid(b.Domain)
	if id, err := b.exporter().Define(t.Context(), d, place); !errors.Is(err, provider.ErrExists) {
		t.Errorf("it is made as %q: %v", id, err)
	}
	b.is(provider.Off)
	if left, err := os.ReadDir(place.Dir); err != nil || len(left) != 1 {
		t.Errorf("beside its disk there is %v, %v", left, err)
	}
}

func notMade(t *testing.T, b *bench) {
	d, place := b.laid(b.Other)
	for target := range place.Disks {
		place.Disks[target] = filepath.Join(place.Dir, "is not there")
	}
	if id, err := b.exporter().Define(t.Context(), d, place); err == nil {
		t.Errorf("it is made as %q of a disk that is not there", id)
		b.remove(id)
	}
	all, err := b.Provider.Machines(t.Context())
	b.must(err)
	for id, m := range all {
		if m.Domain == b.Other {
			t.Errorf("%s is left", id)
		}
	}
	if left, err := os.ReadDir(place.Dir); err != nil || len(left) != 1 {
		t.Errorf("beside its disk there is %v, %v", left, err)
	}
}

func othersStay(t *testing.T, b *bench) {
	if err := b.exporter().Remove(t.Context(), b.ID); err == nil {
		t.Error("it was removed")
	}
	b.is(provider.Off)
}
