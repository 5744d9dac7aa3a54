package cpython_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython"
	"iact-infra/internal/fault"
)

// from installs an artefact.
func (r *rig) from(version, file string) (string, error) {
	r.t.Helper()
	p := r.process("cpython:install")
	defer p.room.Close()
	must(r.t, p.room.Select(cpython.Selection{Version: version, From: file}))
	err := p.engine.Target(r.t.Context(), "cpython:install")
	return p.said.String() + p.out.String(), err
}

func TestWhatTheProjectHasPublishedIsInstalledWithoutBuilding(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.13.5")
	r.good("3.13.5", "cpython:install")
	p := r.process()
	must(t, p.room.Select(cpython.Selection{Version: "3.13.5"}))
	file, err := p.room.Export(t.Context(), command.NewDoor(command.Local()), r.path("published"), 1)
	must(t, err)
	for _, gone := range []string{"opt/python-3.13.5", "work", "cache", "lock", "src"} { // another machine, without a network
		must(t, os.RemoveAll(r.path(gone)))
	}
	if said, err := r.from("3.12.0", file); fault.Code(err) != fault.Usage || !strings.Contains(err.Error(), "it holds python 3.13.5") {
		t.Errorf("%v\n%s", err, said)
	}
	if said, err := r.from("3.13.5", file); err != nil || r.made() != 1 || !strings.Contains(said, "from "+filepath.Base(file)) {
		t.Errorf("made %d times: %v\n%s", r.made(), err, said)
	}
	r.good("3.13.5", "cpython:use")
	text, err := os.ReadFile(file)
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(file, text, 0o644))
	must(t, os.RemoveAll(r.path("opt/python-3.13.5")))
	if said, err := r.from("3.13.5", file); fault.Code(err) != fault.Invalid {
		t.Errorf("%v\n%s", err, said)
	}
	if _, err := os.Lstat(r.path("opt/python-3.13.5")); err == nil {
		t.Error("what was tampered with is installed")
	}
}
