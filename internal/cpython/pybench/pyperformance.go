package pybench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

const (
	// installLimit is for making an environment and filling it.
	installLimit = 10 * time.Minute
	// benchmarkLimit is for one benchmark on one interpreter, with the environment
	// that pyperformance makes for it.
	benchmarkLimit = 15 * time.Minute
	// hopeless is after how many benchmarks that failed, and none that did not,
	// pyperformance is given up: each may wait for an index that is not there.
	hopeless = 3
)

// pyperformance is installed into an environment of the new interpreter and
// measures both. What it does not know of, startup as a whole and the peak of
// memory, comes from the shipped suite.
type pyperformance struct {
	runner *Runner
	dir    string // everything of it; relative names of its own land here, too
	python string
	runs   int
	failed int
}

// pyperformance measures with pyperformance. An error says that it cannot be had
// or runs nothing here.
func (r *Runner) pyperformance(ctx context.Context, m *meter) (err error) {
	work := r.Work
	if work == "" {
		if work, err = os.MkdirTemp("", "iact-pybench-"); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	}
	p := &pyperformance{runner: r}
	if p.dir, err = filepath.Abs(filepath.Join(work, "pyperformance")); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := p.install(ctx, m.sides[1]); err != nil {
		return fmt.Errorf("install pyperformance: %w", err)
	}
	names := r.Only
	if len(names) == 0 {
		if names, err = p.list(ctx); err != nil {
			return fmt.Errorf("list benchmarks of pyperformance: %w", err)
		}
	}
	pl := r.plan()
	pl.rounds = 3
	if r.Rounds > 0 {
		pl.rounds = max(r.Rounds, 2)
	}
	var tasks []*task
	for _, name := range names {
		tasks = append(tasks, &task{name, pl.rounds, p.measure(m, name)})
	}
	if len(r.Only) == 0 {
		tasks = append(tasks, r.footprint(m, pl)...)
	}
	if err := m.run(ctx, tasks); err != nil {
		return err
	}
	if p.barren(m) {
		return fmt.Errorf("run pyperformance: no benchmark gave a value: %s", m.unmeasured[0])
	}
	return nil
}

// install makes the environment anew: one of an earlier run may belong to
// another interpreter.
func (p *pyperformance) install(ctx context.Context, fresh *side) error {
	if err := os.RemoveAll(p.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	env := filepath.Join(p.dir, "env")
	if _, err := p.run(ctx, installLimit, fresh.program, "-I", "-m", "venv", "--without-pip", env); err != nil {
		return err
	}
	p.python = filepath.Join(env, "bin", "python")
	// By a command of its own: venv would keep back why pip cannot be had.
	if _, err := p.run(ctx, installLimit, p.python, "-I", "-m", "ensurepip", "--upgrade", "--default-pip"); err != nil {
		return err
	}
	args := []string{"-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--retries=1", "--timeout=10"}
	_, err := p.run(ctx, installLimit, p.python, append(append(args, p.runner.PipArgs...), "pyperformance")...)
	return err
}

// run runs a program where pyperformance lives. It installs into environments of
// its own making while it runs, so where packages come from is in variables that
// its pip reads, too.
func (p *pyperformance) run(ctx context.Context, limit time.Duration, program string, args ...string) (string, error) {
	c := command.Change(program, args...)
	c.Dir, c.Timeout = p.dir, limit
	c.Env = append(alone(), "PYTHONNOUSERSITE=1", "PIP_USER=0")
	if p.runner.Wheels != "" {
		wheels, err := filepath.Abs(p.runner.Wheels)
		if err != nil {
			return "", err
		}
		c.Env = append(c.Env, "PIP_NO_INDEX=1", "PIP_FIND_LINKS="+wheels)
	}
	stream, err := p.runner.Door.Stream(ctx, c)
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(stream)
	if closed := stream.Close(); closed != nil {
		err = closed
	}
	var failed *command.Error
	if errors.As(err, &failed) && failed.Err == nil && failed.Stderr == "" {
		// pyperformance tells some of its reasons on standard output.
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		err = fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return string(out), err
}

// list names the benchmarks that run when nobody chooses.
func (p *pyperformance) list(ctx context.Context) ([]string, error) {
	text, err := p.run(ctx, benchmarkLimit, p.python, "-m", "pyperformance", "list")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, found := range regexp.MustCompile(`(?m)^- (\S+)$`).FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("it names none: %q", text)
	}
	return names, nil
}

// measure runs one name, which may be a group, and reads what pyperf wrote.
func (p *pyperformance) measure(m *meter, name string) func(context.Context, *side, int) ([]reading, error) {
	return func(ctx context.Context, s *side, round int) ([]reading, error) {
		if p.failed >= 2*hopeless && p.barren(m) {
			return nil, errors.New("given up: the benchmarks before it gave no value either")
		}
		p.runs++
		// It refuses a file that is there.
		file := filepath.Join(p.dir, fmt.Sprintf("%04d-%s-%s-%d.json", p.runs, fileName(name), s.label, round+1))
		_, err := p.run(ctx, benchmarkLimit, p.python, "-m", "pyperformance", "run", "--python="+s.program, "--benchmarks="+name, "--output="+file, "--fast")
		var all []reading
		if err == nil {
			all, err = readPyperf(file)
		}
		if err != nil {
			p.failed++
		}
		return all, err
	}
}

// barren says that none of its benchmarks gave a value yet.
func (p *pyperformance) barren(m *meter) bool {
	shipped := []string{startup}
	for _, one := range m.sides[0].about.Memory {
		shipped = append(shipped, one.Name)
	}
	return !slices.ContainsFunc(m.series, func(s *series) bool { return !slices.Contains(shipped, s.name) })
}

func fileName(name string) string {
	return regexp.MustCompile(`[^A-Za-z0-9_.]`).ReplaceAllString(name, "_")
}
