package providertest

import (
	"errors"
	"testing"
	"time"

	"iact-infra/internal/vm/provider"
)

func powerTests() []test {
	return []test{
		{"a machine goes through its states and what is done is not done twice", statesFollow},
		{"a machine that was saved goes on and stopping it throws that away", savedGoesOn},
		{"a machine that ended by itself has crashed until it is started", crashIsTold},
		{"a look shows the whole machine", lookShowsAll},
		{"a machine that runs or is suspended tells since when", sinceIsTold},
		{"the provider tells its name and version", namesItself},
	}
}

func statesFollow(_ *testing.T, b *bench) {
	b.is(provider.Off)
	off, running := []provider.State{provider.Off}, []provider.State{provider.Running}
	for _, step := range []struct {
		verb string
		to   []provider.State
		err  error
	}{
		{"stop", off, nil},
		{"suspend", off, provider.ErrState},
		{"resume", off, provider.ErrState},
		{"start", running, nil},
		{"start", running, nil},
		{"resume", running, nil},
		{"suspend", suspended(), nil},
		{"suspend", suspended(), nil},
		{"resume", running, nil},
		{"suspend", suspended(), nil},
		{"stop", off, nil},
		{"resume", off, provider.ErrState},
		{"start", running, nil},
		{"stop", off, nil},
		{"stop", off, nil},
	} {
		if err := b.does(step.verb, b.ID); !errors.Is(err, step.err) {
			b.t.Errorf("%s: %v, want %v", step.verb, err, step.err)
		}
		b.is(step.to...)
	}
}

func savedGoesOn(t *testing.T, b *bench) {
	b.start()
	b.Save(t)
	b.is(provider.Saved)
	b.must(b.does("suspend", b.ID))
	b.is(provider.Saved)
	b.must(b.does("resume", b.ID))
	b.is(provider.Running)
	b.Save(t)
	b.stop()
	b.is(provider.Off)
	b.start()
	b.is(provider.Running)
}

func crashIsTold(t *testing.T, b *bench) {
	b.start()
	b.Crash(t)
	b.is(provider.Crashed)
	b.stop()
	b.is(provider.Crashed, provider.Off)
	b.start()
	b.is(provider.Running)
}

func lookShowsAll(t *testing.T, b *bench) {
	for _, verb := range []string{"stop", "start"} {
		b.must(b.does(verb, b.ID))
		m, err := b.Provider.Look(t.Context(), b.ID)
		b.must(err)
		if m.ID != b.ID || m.Domain != b.Domain || m.Memory < 1<<20 || m.CPUs < 1 || len(m.Disks) != 1 {
			t.Fatalf("after %s: %+v", verb, m)
		}
		if d := m.Disks[0]; d.Target == "" || d.Path == "" || d.Size < 4<<20 || d.Used <= 0 || d.Used > d.Size+1<<20 {
			t.Errorf("after %s its disk is %+v", verb, d)
		}
	}
}

// sinceIsTold: clocks of files are a little behind the others.
func sinceIsTold(t *testing.T, b *bench) {
	const behind = 50 * time.Millisecond
	for _, step := range []struct {
		does string
		what func()
	}{
		{"started", b.start},
		{"suspended", func() { b.must(b.does("suspend", b.ID)) }},
		{"resumed", func() { b.must(b.does("resume", b.ID)) }},
		{"saved", func() { b.Save(t) }},
		{"started again", func() { b.must(b.does("resume", b.ID)) }},
	} {
		begun := time.Now()
		step.what()
		m, err := b.Provider.Look(t.Context(), b.ID)
		b.must(err)
		early := m.Since.Before(begun.Add(-behind))
		if step.does == "resumed" { // it may have been running since its start
			early = m.Since.IsZero()
		}
		if early || m.Since.After(time.Now()) {
			t.Errorf("%s at %s, it is %s since %s", step.does, begun, m.State, m.Since)
		}
		time.Sleep(2 * behind)
	}
}

func namesItself(t *testing.T, b *bench) {
	version, err := b.Provider.Version(t.Context())
	b.must(err)
	if name := b.Provider.Name(); name != provider.Libvirt && name != provider.VirtualBox || version == "" {
		t.Errorf("it is %q of version %q", name, version)
	}
}
