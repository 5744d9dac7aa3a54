package providertest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"iact-infra/internal/vm/provider"
)

func captureTests() []test {
	return []test{
		{"a capture of a machine that runs holds the moment and the machine goes on", captureHoldsTheMoment},
		{"a capture of a machine that is off or suspended leaves it so", captureLeaves},
		{"a capture that was killed is cleaned up by the next one", killedIsCleanedUp},
		{"a capture is closed whatever became of who asked for it", closedAnyway},
		{"a machine that is gone cannot be captured and is removed already", goneCannot},
	}
}

func (b *bench) exporter() provider.Exporter {
	b.t.Helper()
	e, is := b.Provider.(provider.Exporter)
	if !is {
		b.t.Fatalf("%T is no exporter", b.Provider)
	}
	return e
}

func (b *bench) capture(ctx context.Context, id string) (*provider.Capture, string) {
	b.t.Helper()
	scratch := b.t.TempDir()
	c, err := b.exporter().Capture(ctx, id, scratch)
	b.must(err)
	d := c.Definition
	if d.Provider != b.Provider.Name() || d.Domain == "" || len(d.Files) == 0 || len(d.Targets) != 1 || len(c.Disks) != 1 || c.Disks[0].Target != d.Targets[0] {
		b.t.Errorf("the definition is %+v of %d disks", d, len(c.Disks))
	}
	return c, scratch
}

// content is the whole disk of a capture, holes as zeros.
func (b *bench) content(c *provider.Capture) []byte {
	b.t.Helper()
	disk := c.Disks[0]
	extents, err := disk.Extents(b.t.Context())
	b.must(err)
	all := make([]byte, disk.Size())
	end := int64(0)
	for _, e := range extents {
		if e.Offset < end || e.Length <= 0 || e.Offset+e.Length > disk.Size() {
			b.t.Fatalf("extent %+v after %d of %d bytes", e, end, disk.Size())
		}
		end = e.Offset + e.Length
		_, err := disk.ReadAt(all[e.Offset:end], e.Offset)
		b.must(err)
	}
	hole := make([]byte, 4<<10)
	_, err = disk.ReadAt(hole, 3<<20)
	b.must(err)
	if !bytes.Equal(hole, block(0)) {
		b.t.Errorf("what was never written reads as %q", hole[:4])
	}
	return all
}

func at(all []byte, offset int64) []byte { return all[offset : offset+4<<10] }

func (b *bench) emptied(scratch string) {
	b.t.Helper()
	left, err := os.ReadDir(scratch)
	b.must(err)
	if len(left) > 0 {
		b.t.Errorf("%s and %d in all are left in the scratch directory", left[0].Name(), len(left))
	}
}

func captureHoldsTheMoment(t *testing.T, b *bench) {
	b.Write(t, 0, block('a'))
	b.Write(t, 1<<20, block('b'))
	b.start()
	b.take("before")
	c, scratch := b.capture(t.Context(), b.ID)
	b.is(provider.Running)
	b.Live(t, 0, block('x'))
	b.Live(t, 2<<20, block('y'))
	all := b.content(c)
	if !bytes.Equal(at(all, 0), block('a')) || !bytes.Equal(at(all, 1<<20), block('b')) || !bytes.Equal(at(all, 2<<20), block(0)) {
		t.Errorf("the capture has %q, %q and %q", all[0], all[1<<20], all[2<<20])
	}
	b.must(c.Close())
	b.emptied(scratch)
	b.is(provider.Running)
	b.has("before")
	again, _ := b.capture(t.Context(), b.ID)
	if all := b.content(again); !bytes.Equal(at(all, 0), block('x')) || !bytes.Equal(at(all, 2<<20), block('y')) {
		t.Errorf("the next capture has %q and %q", all[0], all[2<<20])
	}
	b.must(again.Close())
	b.has("before")
	b.stop()
	b.holds(0, 'x')
	b.restore("before")
	b.is(provider.Running)
}

func captureLeaves(t *testing.T, b *bench) {
	b.Write(t, 0, block('a'))
	for _, verb := range []string{"stop", "start", "suspend"} {
		b.must(b.does(verb, b.ID))
		was := b.state()
		c, scratch := b.capture(t.Context(), b.ID)
		b.is(was)
		if all := b.content(c); !bytes.Equal(at(all, 0), block('a')) {
			t.Errorf("of a machine that is %s the capture has %q", was, all[0])
		}
		b.must(c.Close())
		b.emptied(scratch)
		b.is(was)
		b.has()
	}
}

func killedIsCleanedUp(t *testing.T, b *bench) {
	b.Write(t, 0, block('a'))
	b.start()
	c, scratch := b.capture(t.Context(), b.ID)
	b.Kill(t, scratch)
	b.Live(t, 0, block('b'))
	again, _ := b.capture(t.Context(), b.ID)
	if all := b.content(again); !bytes.Equal(at(all, 0), block('b')) {
		t.Errorf("the next capture has %q", all[0])
	}
	b.must(again.Close())
	b.is(provider.Running)
	b.has()
	_ = c.Close() // what it read from may be gone, which is no more than true
	b.is(provider.Running)
	b.has()
	b.emptied(scratch)
}

func closedAnyway(t *testing.T, b *bench) {
	b.start()
	ctx, cancel := context.WithCancel(t.Context())
	c, scratch := b.capture(ctx, b.ID)
	cancel()
	b.must(c.Close())
	b.emptied(scratch)
	b.is(provider.Running)
	b.has()
	if c, err := b.exporter().Capture(ctx, b.ID, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("after it was cancelled: %v, %v", c, err)
	}
	b.is(provider.Running)
	b.has()
}

func goneCannot(t *testing.T, b *bench) {
	b.Vanish(t)
	for _, id := range []string{b.ID, "00000000-0000-4000-8000-000000000001"} {
		if c, err := b.exporter().Capture(t.Context(), id, t.TempDir()); !errors.Is(err, provider.ErrGone) {
			t.Errorf("%s: %v, %v", id, c, err)
		}
		b.must(b.exporter().Remove(t.Context(), id))
	}
}
