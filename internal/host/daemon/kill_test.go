package daemon_test

import (
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/host/daemon"
)

// killAfter runs work with a door that ends it, as a kill would, after so many
// commands that change something. It says whether work came to its end before.
func killAfter(s *stub, changes int, work func(d *daemon.Daemon) error) (ended bool, err error) {
	d := s.Daemon
	d.Door = command.NewDoor(command.Local(), command.Observe(func(e command.Event) {
		if e.Changes {
			if changes--; changes < 0 {
				panic(errKilled)
			}
		}
	}))
	defer func() {
		if thrown := recover(); thrown != nil && thrown != errKilled { //nolint:errorlint // what was thrown, not what it wraps
			panic(thrown)
		}
	}()
	err = work(&d)
	return true, err
}

// spared is a daemon with a container that a restart has to spare, which takes
// three files one after the other.
func spared(t *testing.T) *stub {
	t.Helper()
	s := newStub(t, `{"icc": true}`)
	s.put(t, "info", strings.Replace(debugInfo, "{", `{"LiveRestoreEnabled":true,`, 1))
	s.put(t, "ps", running)
	return s
}

func TestSlowARunThatIsKilledAnywhereIsFinishedOrUndone(t *testing.T) {
	t.Parallel()
	want := daemon.Settings{Debug: on(), UserlandProxy: on()}
	const old, done = `{"icc": true}`, `{"icc": true, "debug": true, "userland-proxy": true}`
	apply := func(d *daemon.Daemon) error { _, err := d.Apply(t.Context(), want); return err }
	points := 0
	for ended := false; !ended; points++ {
		s := spared(t)
		var record daemon.Applied
		s.Record = func(a daemon.Applied) error { record = a; return nil }
		var err error
		if ended, err = killAfter(s, points, apply); err != nil {
			t.Fatal(err)
		}
		note, open, err := s.Unfinished(t.Context())
		if err != nil || open && record.Backup != "" && record.Backup != note.Backup {
			t.Errorf("killed after %d changes: under way: %+v, %v, recorded: %+v", points, note, err, record)
		}
		if !open && s.text(t) != old && s.text(t) != done {
			t.Errorf("killed after %d changes: nothing says what is under way, and the file is %q", points, s.text(t))
		}
		t.Run(fmt.Sprintf("finished, killed after %d changes", points), func(t *testing.T) {
			a, err := s.Apply(t.Context(), want)
			if err != nil || s.text(t) != done {
				t.Fatalf("got %+v, %v, %q", a, err, s.text(t))
			}
			if !a.Changed() {
				// All was done but to say so.
				a = record
			}
			if err := s.Back(t.Context(), a); err != nil || s.text(t) != old {
				t.Errorf("back: %v, %q", err, s.text(t))
			}
			if open && s.beside(t) != "daemon.json" {
				t.Errorf("left are %s", s.beside(t))
			}
			// The record of the killed run has nothing to undo any more.
			if err := s.Back(t.Context(), note); err != nil {
				t.Error(err)
			}
		})
	}
	if points < 8 {
		t.Errorf("only %d changes were seen", points)
	}
}

func TestSlowAWayBackThatIsKilledAnywhereIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	want := daemon.Settings{Debug: on(), UserlandProxy: on()}
	for points, ended := 0, false; !ended; points++ {
		s := spared(t)
		a, err := s.Apply(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if ended, err = killAfter(s, points, func(d *daemon.Daemon) error { return d.Back(t.Context(), a) }); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Back(t.Context(), a); err != nil || s.text(t) != `{"icc": true}` || s.beside(t) != "daemon.json" {
				t.Errorf("killed after %d changes: %v, %q, %s", points, err, s.text(t), s.beside(t))
			}
		}
	}
}

func TestSlowAnApplyAfterAKilledWayBackLeavesNothingOfIt(t *testing.T) {
	t.Parallel()
	for points, ended := 1, false; !ended; points++ {
		s := spared(t)
		a, err := s.Apply(t.Context(), daemon.Settings{Debug: on(), UserlandProxy: on()})
		if err != nil {
			t.Fatal(err)
		}
		if ended, err = killAfter(s, points, func(d *daemon.Daemon) error { return d.Back(t.Context(), a) }); err != nil {
			t.Fatal(err)
		}
		const done = `{"icc": true, "userland-proxy": true}`
		if _, err := s.Apply(t.Context(), daemon.Settings{UserlandProxy: on()}); err != nil || s.text(t) != done {
			t.Errorf("killed after %d changes: %v, %q", points, err, s.text(t))
		}
	}
}
