package pybench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/pybench"
)

// system is the interpreter that is compared with itself.
const system = "/usr/bin/python3"

// rig is a runner with two interpreters that are told apart by their paths.
type rig struct {
	t *testing.T
	*pybench.Runner
	dir string

	mu     sync.Mutex
	ran    []command.Event
	warned []string
}

func newRig(t *testing.T, only ...string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	r.Runner = &pybench.Runner{
		Door: command.NewDoor(command.Local(), command.Observe(func(e command.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ran = append(r.ran, e)
		})),
		Suite: pybench.Shipped, Quick: true, Only: only,
		Warn: func(format string, args ...any) { r.warned = append(r.warned, fmt.Sprintf(format, args...)) },
	}
	r.Old = pybench.Interpreter{Program: r.script("old", "")}
	r.New = pybench.Interpreter{Program: r.script("new", "")}
	return r
}

// script is an interpreter that runs lines of shell before it starts.
func (r *rig) script(name, lines string) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	must(r.t, os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\nexec "+system+" \"$@\"\n"), 0o755))
	return path
}

// python is an interpreter that runs a line of Python before each job.
func (r *rig) python(name, line string) string {
	r.t.Helper()
	return r.script(name, fmt.Sprintf(`if [ "$4" = - ]; then { printf '%%s\n' '%s'; cat; } | %s "$@"; exit; fi`, line, system))
}

func (r *rig) run() *pybench.Report {
	r.t.Helper()
	report, err := r.Run(r.t.Context())
	must(r.t, err)
	return report
}

// jobs are the commands that hold a text, in order: "old", "new".
func (r *rig) jobs(holding string) []string {
	var names []string
	for _, e := range r.ran {
		if strings.Contains(e.Command, holding) {
			names = append(names, filepath.Base(e.Program))
		}
	}
	return names
}

func names(report *pybench.Report) string {
	var all []string
	for _, one := range report.Results {
		all = append(all, one.Name)
	}
	return strings.Join(all, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
