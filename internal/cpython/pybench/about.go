package pybench

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Identity is an interpreter as it tells about itself.
type Identity struct {
	Name     string   `json:"name"`
	Program  string   `json:"program"`
	Version  string   `json:"version"`
	Compiler string   `json:"compiler"`
	Build    []string `json:"build"` // of "debug", "pgo", "lto", "free-threaded", "jit", as far as its configure was told
}

// side is an interpreter that has started.
type side struct {
	label   string // "old" or "new"
	name    string
	program string
	about   about
}

// about is the answer to the job of that name.
type about struct {
	Version        string   `json:"version"`
	Implementation string   `json:"implementation"`
	Compiler       string   `json:"compiler"`
	Build          []string `json:"build"`
	Benchmarks     []offer  `json:"benchmarks"`
	Memory         []offer  `json:"memory"`
}

// offer is a benchmark and why it cannot run, "" when it can.
type offer struct {
	Name  string `json:"name"`
	Lacks string `json:"lacks"`
}

// start asks an interpreter what it is: one that does not start is told before
// anything is measured.
func (r *Runner) start(ctx context.Context, label string, it Interpreter) (*side, error) {
	program := it.Program
	if strings.Contains(program, "/") {
		abs, err := filepath.Abs(program)
		if err != nil {
			return nil, fmt.Errorf("find the %s interpreter: %w", label, err)
		}
		program = abs
	}
	s := &side{label: label, program: program}
	text, err := r.job(ctx, s, 0, "about")
	if err == nil {
		err = decode(text, &s.about)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, fault.New(fault.Missing, "name an interpreter that starts, CPython 3.8 or later", fmt.Errorf("start the %s interpreter %s: %w", label, it.Program, err))
	}
	s.name = cmp.Or(it.Name, s.about.Version)
	return s, nil
}

// job runs one job of suite.py. Its text comes by standard input: nothing has to
// be put on a disk, and nothing is imported from beside it.
func (r *Runner) job(ctx context.Context, s *side, round int, args ...string) (string, error) {
	c := command.Read(s.program, append([]string{"-s", "-S", "-B", "-"}, args...)...)
	c.Dir = "/"
	c.Stdin = strings.NewReader(suiteText)
	c.Timeout = jobLimit
	// -I would do, but for the seed, which it ignores. An empty variable is an
	// unset one to CPython.
	c.Env = append(alone(), fmt.Sprintf("PYTHONHASHSEED=%d", round+1))
	return r.Door.Text(ctx, c).String()
}

// alone are variables of the caller that would change what is measured.
func alone() []string {
	var env []string
	for _, name := range []string{
		"PYTHONHOME", "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONDEVMODE", "PYTHONMALLOC", "PYTHONTRACEMALLOC",
		"PYTHONWARNINGS", "PYTHONFAULTHANDLER", "PYTHONDEBUG", "PYTHONVERBOSE", "PYTHONINSPECT", "PYTHONPROFILEIMPORTTIME",
		"LD_LIBRARY_PATH", // another libpython could pass for its own
	} {
		env = append(env, name+"=")
	}
	return env
}

// decode reads the last line: a wrapper may have said something before it.
func decode(text string, into any) error {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
		return fmt.Errorf("read its answer: %w", err)
	}
	return nil
}

func (s *side) identity() Identity {
	build := s.about.Build
	if build == nil {
		build = []string{}
	}
	return Identity{Name: s.name, Program: s.program, Version: s.about.Version, Compiler: s.about.Compiler, Build: build}
}

// differences are remarks on how the two were built: most regressions that
// people report come from there.
func differences(old, fresh *side) []string {
	var notes []string
	for _, kind := range []string{"pgo", "lto", "debug", "free-threaded", "jit"} {
		before, after := slices.Contains(old.about.Build, kind), slices.Contains(fresh.about.Build, kind)
		with, without := old, fresh
		if after {
			with, without = fresh, old
		}
		if before != after {
			notes = append(notes, fmt.Sprintf("the configure of %s (%s) named %s, that of %s (%s) did not: part of a difference comes from there", with.name, with.label, kind, without.name, without.label))
		}
	}
	if old.about.Compiler != fresh.about.Compiler {
		notes = append(notes, fmt.Sprintf("old was compiled by %s, new by %s", old.about.Compiler, fresh.about.Compiler))
	}
	return notes
}
