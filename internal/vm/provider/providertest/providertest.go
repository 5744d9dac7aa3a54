// Package providertest is what every provider of machines has to pass.
//
// The room works with whatever runs the machines by the promises of
// provider.Provider and provider.Exporter alone. Each of them is a test here, and
// a provider is one when it passes them over machines of its own: small ones
// without a system, which a Bench makes. Run tries the first half, RunExporter
// the second.
package providertest

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/vm/provider"
)

// Bench is one machine without a system, off, with a disk of at least 4 MiB that
// holds nothing, and what somebody else may do with it. It goes with the test.
type Bench struct {
	Provider provider.Provider
	ID       string
	Domain   string
	// Other is a name for another machine: none has it, and no other test.
	Other string
	// Write puts bytes on the first disk while the machine is off or, when it is
	// given as Live, while it runs.
	Write func(t testing.TB, at int64, data []byte)
	Live  func(t testing.TB, at int64, data []byte)
	// Read is the first disk of a machine that is off.
	Read func(t testing.TB, at int64, length int) []byte
	// Vanish removes the machine, which is off, past the provider.
	Vanish func(t testing.TB)
	// Planning is the same provider, which prints what it would change.
	Planning func(w io.Writer) provider.Provider

	// Crash ends what runs the machine, and returns when the provider has seen it.
	Crash func(t testing.TB)
	// Save lays the memory of a machine that runs on disk, past the provider.
	Save func(t testing.TB)
	// Kill makes a capture that was not closed one of a process that is gone. It
	// is for RunExporter.
	Kill func(t testing.TB, scratch string)
	// Break has snapshots fail half-way until mend is called; nil where nobody can
	// bring that about.
	Break func(t testing.TB) (mend func())
}

// test is one promise.
type test struct {
	sentence string
	holds    func(t *testing.T, b *bench)
}

// Run tries provider.Provider. fresh is called for every test, some of which run
// at the same time.
func Run(t *testing.T, fresh func(t *testing.T) Bench) {
	t.Helper()
	try(t, fresh, slices.Concat(powerTests(), snapshotTests(), safetyTests()))
}

// RunExporter tries provider.Exporter.
func RunExporter(t *testing.T, fresh func(t *testing.T) Bench) {
	t.Helper()
	try(t, fresh, slices.Concat(captureTests(), defineTests()))
}

func try(t *testing.T, fresh func(t *testing.T) Bench, tests []test) {
	t.Helper()
	for _, one := range tests {
		t.Run(strings.ReplaceAll(one.sentence, " ", "_"), func(t *testing.T) {
			t.Parallel()
			one.holds(t, &bench{Bench: fresh(t), t: t, fresh: fresh})
		})
	}
}

// bench is a Bench in the hands of its test.
type bench struct {
	Bench
	t     *testing.T
	fresh func(t *testing.T) Bench
}

// another is a second machine.
func (b *bench) another() *bench { return &bench{Bench: b.fresh(b.t), t: b.t, fresh: b.fresh} }

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// does runs a method that takes nothing but the machine.
func (b *bench) does(verb, id string) error {
	ctx := b.t.Context()
	switch verb {
	case "suspend":
		return b.Provider.Suspend(ctx, id)
	case "resume":
		return b.Provider.Resume(ctx, id)
	case "start":
		return b.Provider.Start(ctx, id)
	case "stop":
		return b.Provider.Stop(ctx, id)
	}
	b.t.Fatalf("there is no %s", verb)
	return nil
}

func (b *bench) start() { b.t.Helper(); b.must(b.does("start", b.ID)) }
func (b *bench) stop()  { b.t.Helper(); b.must(b.does("stop", b.ID)) }

func (b *bench) take(name string) {
	b.t.Helper()
	b.must(b.Provider.Take(b.t.Context(), b.ID, name, ""))
}

func (b *bench) restore(name string) {
	b.t.Helper()
	b.must(b.Provider.Restore(b.t.Context(), b.ID, name))
}

// state is the machine's, by Look.
func (b *bench) state() provider.State {
	b.t.Helper()
	m, err := b.Provider.Look(b.t.Context(), b.ID)
	b.must(err)
	return m.State
}

// is insists on one of the states, which Look and Machines have to agree about.
func (b *bench) is(want ...provider.State) {
	b.t.Helper()
	m, err := b.Provider.Look(b.t.Context(), b.ID)
	b.must(err)
	if !slices.Contains(want, m.State) || m.ID != b.ID || m.Domain != b.Domain {
		b.t.Errorf("it is %s %q, %s, not %s", m.ID, m.Domain, m.State, want)
	}
	if m.Since.After(time.Now().Add(time.Minute)) {
		b.t.Errorf("it is %s since %s, which is still to come", m.State, m.Since)
	}
	all, err := b.Provider.Machines(b.t.Context())
	b.must(err)
	if one := all[b.ID]; one.ID != m.ID || one.Domain != m.Domain || one.State != m.State {
		b.t.Errorf("among all it is %+v; a look at it shows %+v", one, m)
	}
}

// suspended are the states that Suspend may lead to.
func suspended() []provider.State { return []provider.State{provider.Paused, provider.Saved} }

// list is the machine's snapshots.
func (b *bench) list() []provider.Snapshot {
	b.t.Helper()
	all, err := b.Provider.Snapshots(b.t.Context(), b.ID)
	b.must(err)
	return all
}

// has insists on the names of the snapshots, in their order.
func (b *bench) has(want ...string) {
	b.t.Helper()
	var names []string
	for _, one := range b.list() {
		names = append(names, one.Name)
	}
	if !slices.Equal(names, want) {
		b.t.Errorf("its snapshots are %q, not %q", names, want)
	}
}

// block is what tests write: 4 KiB of one letter.
func block(letter byte) []byte { return bytes.Repeat([]byte{letter}, 4<<10) }

// holds insists on a letter on the disk of a machine that is off; 0 is nothing.
func (b *bench) holds(at int64, letter byte) {
	b.t.Helper()
	if got := b.Read(b.t, at, 4<<10); !bytes.Equal(got, block(letter)) {
		b.t.Errorf("at %d the disk has %q, not %q", at, got[:4], letter)
	}
}
