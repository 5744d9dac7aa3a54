package cpython_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// adopt puts the system's interpreter where ours are, and gives its version.
func (r *rig) adopt() string {
	r.t.Helper()
	door := command.NewDoor(command.Local())
	said, err := door.Text(r.t.Context(), command.Read("/usr/bin/python3", "-c",
		"import os, sys, sysconfig; print(sys.version.split()[0], os.path.realpath(sys.executable), sysconfig.get_path('stdlib'))")).String()
	must(r.t, err)
	about := strings.Fields(said)
	prefix := r.path("opt/python-" + about[0])
	put(r.t, filepath.Join(prefix, ".build-info"), "version: "+about[0]+"\n")
	program, err := os.ReadFile(about[1])
	must(r.t, err)
	put(r.t, filepath.Join(prefix, "bin/python3"), string(program))
	must(r.t, os.MkdirAll(filepath.Join(prefix, "lib"), 0o755))
	must(r.t, os.Symlink(about[2], filepath.Join(prefix, "lib", filepath.Base(about[2]))))
	must(r.t, door.Run(r.t.Context(), command.Change(filepath.Join(prefix, "bin/python3"), "-m", "venv", "--without-pip", r.path("checkout/api/venv"))))
	return about[0]
}

func TestSlowWhatDoesNotFitIsToldForEachEnvironmentAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	version := r.adopt()
	put(t, r.path("checkout/api/app.py"), "import json\n")
	if said := r.good(version, "cpython:compat"); !strings.Contains(said, "checking "+r.path("checkout/api/venv")) {
		t.Errorf("said:\n%s", said)
	}
	put(t, r.path("checkout/api/requirements.txt"), "nowhere-to-be-found==1.0\n")
	before := r.listing("checkout/api")
	r.refused(version, "cpython:compat", fault.Invalid, "nowhere-to-be-found", "")
	if after := r.listing("checkout/api"); after != before {
		t.Errorf("it wrote:\n%s\nbefore:\n%s", after, before)
	}
	r.more += ", smoke: [python -c 'import sys; sys.exit(3)']"
	must(t, os.Remove(r.path("checkout/api/requirements.txt")))
	r.refused(version, "cpython:compat", fault.Invalid, "sys.exit(3)", "")
}

func TestWithoutEnvironmentsThereIsNothingToCompare(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.process("cpython:compat")
	if err := p.engine.Target(t.Context(), "cpython:compat"); err != nil || !strings.Contains(p.out.String(), "no virtual environment of the project stands on python 3.13.5") {
		t.Errorf("%v\n%s", err, p.out.String())
	}
}
