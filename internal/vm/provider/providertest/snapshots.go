package providertest

import (
	"errors"
	"testing"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

func snapshotTests() []test {
	return []test{
		{"a restore loses what came after and only that", restoreLoses},
		{"a snapshot of a machine that is on holds its memory", memoryIsHeld},
		{"snapshots are listed the oldest first and with all that is known", listIsWhole},
		{"a snapshot is deleted and nothing else", deleteKeeps},
		{"snapshots that are not there are refused", noSnapshot},
		{"a name is taken once", namesAreTaken},
		{"names that a shell or a path would take for something else are refused", namesAreSafe},
	}
}

func restoreLoses(_ *testing.T, b *bench) {
	b.Write(b.t, 0, block('a'))
	b.take("first")
	b.Write(b.t, 0, block('b'))
	b.Write(b.t, 1<<20, block('c'))
	b.take("second")
	b.Write(b.t, 0, block('d'))
	b.restore("second")
	b.is(provider.Off)
	b.holds(0, 'b')
	b.holds(1<<20, 'c')
	b.Write(b.t, 2<<20, block('e'))
	b.start()
	b.restore("first")
	b.is(provider.Off)
	b.holds(0, 'a')
	b.holds(1<<20, 0)
	b.holds(2<<20, 0)
	b.has("first", "second")
	b.restore("second")
	b.holds(0, 'b')
	b.holds(1<<20, 'c')
	b.restore("second")
	b.holds(0, 'b')
}

func memoryIsHeld(t *testing.T, b *bench) {
	b.Write(t, 0, block('a'))
	b.take("off")
	b.start()
	b.take("runs")
	b.is(provider.Running)
	b.must(b.does("suspend", b.ID))
	was := b.state()
	err := b.Provider.Take(t.Context(), b.ID, "held", "")
	if err != nil && (was != provider.Saved || !errors.Is(err, provider.ErrState)) {
		t.Errorf("while it is %s: %v", was, err)
	}
	b.is(was)
	for _, one := range b.list() {
		if one.Memory != (one.Name != "off") {
			t.Errorf("of a memory: %+v", one)
		}
	}
	for _, first := range []string{"stop", "start", "suspend"} {
		b.must(b.does(first, b.ID))
		b.restore("runs")
		b.is(provider.Running)
	}
	b.restore("off")
	b.is(provider.Off)
	b.holds(0, 'a')
}

func listIsWhole(t *testing.T, b *bench) {
	if all := b.list(); len(all) > 0 {
		t.Errorf("at first: %+v", all)
	}
	before := time.Now().Add(-2 * time.Second)
	const said = `--it "runs" & 'goes' on; ñ \ $HOME`
	b.must(b.Provider.Take(t.Context(), b.ID, "z.one", ""))
	b.must(b.Provider.Take(t.Context(), b.ID, "a_two", said))
	b.must(b.Provider.Take(t.Context(), b.ID, "M-3", "the last"))
	b.restore("a_two")
	b.must(b.Provider.Take(t.Context(), b.ID, "b", "beside M-3"))
	want := []provider.Snapshot{
		{Name: "z.one"},
		{Name: "a_two", Description: said, Parent: "z.one"},
		{Name: "M-3", Description: "the last", Parent: "a_two"},
		{Name: "b", Description: "beside M-3", Parent: "a_two", Current: true},
	}
	all := b.list()
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i, one := range all {
		if one.Time.Before(before) || one.Time.After(time.Now().Add(2*time.Second)) || i > 0 && one.Time.Before(all[i-1].Time) {
			t.Errorf("%s is of %s", one.Name, one.Time)
		}
		// Two of the same second may stand in either order when neither comes from the other.
		one.Time, one.Size = time.Time{}, 0
		if one != want[i] && (i < 2 || one != want[5-i]) {
			t.Errorf("%+v, want %+v", one, want[i])
		}
	}
}

func deleteKeeps(t *testing.T, b *bench) {
	for _, letter := range []byte("abc") {
		b.Write(t, 0, block(letter))
		b.Write(t, int64(letter-'a'+1)<<20, block(letter))
		b.take(string(letter))
	}
	b.Write(t, 0, block('d'))
	b.must(b.Provider.Delete(t.Context(), b.ID, "b"))
	b.is(provider.Off)
	b.has("a", "c")
	if all := b.list(); all[1].Parent != "a" || !all[1].Current {
		t.Errorf("%+v", all)
	}
	b.holds(0, 'd')
	b.holds(2<<20, 'b')
	b.restore("a")
	b.holds(0, 'a')
	b.holds(2<<20, 0)
	b.start()
	// More than one way goes on from it, which not every provider can do without.
	switch err := b.Provider.Delete(t.Context(), b.ID, "a"); {
	case errors.Is(err, provider.ErrState) && fault.Hint(err) != "":
		b.has("a", "c")
	default:
		b.must(err)
		b.has("c")
	}
	b.is(provider.Running)
	b.stop()
	b.holds(0, 'a')
	b.restore("c")
	b.holds(0, 'c')
	b.holds(2<<20, 'b')
	for _, one := range b.list() {
		b.must(b.Provider.Delete(t.Context(), b.ID, one.Name))
	}
	b.has()
	b.holds(0, 'c')
}

func noSnapshot(t *testing.T, b *bench) {
	refused := func(when string) {
		t.Helper()
		for verb, err := range map[string]error{
			"restore": b.Provider.Restore(t.Context(), b.ID, "none"), "delete": b.Provider.Delete(t.Context(), b.ID, "none"),
		} {
			if !errors.Is(err, provider.ErrNoSnapshot) {
				t.Errorf("%s, %s: %v", when, verb, err)
			}
		}
	}
	refused("without any")
	b.take("one")
	refused("with another")
	b.start()
	refused("while it runs")
	b.is(provider.Running)
	b.has("one")
}

func namesAreTaken(t *testing.T, b *bench) {
	refused := func() {
		t.Helper()
		was := b.state()
		if err := b.Provider.Take(t.Context(), b.ID, "one", "again"); !errors.Is(err, provider.ErrExists) {
			t.Errorf("while it is %s: %v", was, err)
		}
		b.is(was)
	}
	b.take("one")
	refused()
	b.start()
	refused()
	b.must(b.does("suspend", b.ID))
	if b.state() == provider.Paused {
		refused()
	}
	b.has("one")
}
