package cpython_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/cpython"
	"iact-infra/internal/fault"
)

// measure types cpython:bench.
func (r *rig) measure(version, against string) (*process, error) {
	r.t.Helper()
	p := r.process("cpython:bench")
	defer p.room.Close()
	must(r.t, p.room.Select(cpython.Selection{Version: version, Against: against, Measure: true, Suite: "shipped", Quick: true}))
	return p, p.engine.Target(r.t.Context(), "cpython:bench")
}

func TestSlowTwoVersionsAreComparedAndTheReportCanBeLookedAt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	version := r.adopt()
	must(t, os.Symlink("python-"+version, r.path("opt/python-9.9.9")))
	p, err := r.measure(version, "9.9.9")
	if err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	files := r.path("work/bench/9.9.9-" + version)
	for _, ending := range []string{".svg", ".html", ".json"} {
		text, err := os.ReadFile(files + ending)
		must(t, err)
		if !strings.Contains(string(text), version) {
			t.Errorf("%s does not name %s", ending, version)
		}
	}
	page, err := os.Open(files + ".svg")
	must(t, err)
	defer page.Close()
	for d := xml.NewDecoder(page); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(p.out.String(), files+".html shows it") || !strings.Contains(p.out.String(), "json_dumps") {
		t.Errorf("it said\n%s", p.out.String())
	}
}

func TestWithoutAnotherVersionThereIsNothingToMeasure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for against, want := range map[string]string{"": "no other version was in use before", "3.11.2": "python 3.11.2 is not installed", "latest": "parse version"} {
		if p, err := r.measure("3.13.5", against); err == nil || !strings.Contains(err.Error(), want) || fault.Code(err) == fault.Failed {
			t.Errorf("against %q: %v, want %q\n%s", against, err, want, p.said.String())
		}
	}
	if said := r.good("3.13.5", "cpython:bench"); !strings.Contains(said, "there is nothing to compare with") {
		t.Errorf("said:\n%s", said)
	}
}

// TestAVersionThatCannotBeMeasuredStaysInUse has interpreters that are scripts:
// they start, and measure nothing.
func TestAVersionThatCannotBeMeasuredStaysInUse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.release("3.11.2")
	r.release("3.13.5")
	r.good("3.11.2", "cpython:install", "cpython:use")
	said, err := r.run("3.13.5", "cpython:all")
	if err == nil || !strings.Contains(err.Error(), "measure python 3.13.5") {
		t.Errorf("got %v\n%s", err, said)
	}
	if r.leads("python") != "python-3.13.5" || strings.Contains(said, "undone") {
		t.Errorf("python leads to %q\n%s", r.leads("python"), said)
	}
}
