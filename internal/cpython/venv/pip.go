package venv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// said is what a program wrote that failed. venv and pip tell reasons on
// standard output, too.
type said struct {
	err    error
	stdout string
}

func (s *said) Error() string { return s.err.Error() }
func (s *said) Unwrap() error { return s.err }

// output runs c. When it fails, the error is a *said.
func output(ctx context.Context, door *command.Door, c command.Command) (string, error) {
	stream, err := door.Stream(ctx, c)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(stream)
	if closed := stream.Close(); closed != nil {
		err = closed
	}
	if err != nil {
		return "", &said{err, string(text)}
	}
	return string(text), nil
}

// interpreter is what a python says about itself.
type interpreter struct{ version, prefix string }

// start starts a python, as the owner of dir.
func (m *Mover) start(ctx context.Context, dir, python, modules string) (interpreter, error) {
	out, err := m.run(ctx, dir, command.Read(python, "-I", "-c", "import sys, platform"+modules+"; print(platform.python_version()); print(sys.prefix)"))
	if err != nil {
		return interpreter{}, err
	}
	version, prefix, _ := strings.Cut(strings.TrimRight(out, "\n"), "\n")
	return interpreter{version, prefix}, nil
}

// usable is the version of an interpreter that can make environments.
func (m *Mover) usable(ctx context.Context, dir, python string) (string, error) {
	about, err := m.start(ctx, dir, python, ", venv, ensurepip")
	if err == nil {
		return about.version, nil
	}
	if err = stopped(ctx, err); ctx.Err() != nil {
		return "", err
	}
	hint := "name an interpreter that starts"
	if strings.Contains(err.Error(), "No module named") {
		hint = "of a distribution: apt-get install python3-venv; of a build: build it with ensurepip"
	}
	return "", fault.New(fault.Missing, hint, fmt.Errorf("use interpreter: %w", err))
}

// create makes an environment with nothing but pip for the one that env
// describes. pip comes by a command of its own: venv would keep its reasons back.
func (m *Mover) create(ctx context.Context, env Env, python, dir string) error {
	args := []string{"-I", "-m", "venv", "--without-pip"}
	if env.SystemSite {
		args = append(args, "--system-site-packages")
	}
	if env.Prompt != "" {
		args = append(args, "--prompt="+env.Prompt)
	}
	_, err := m.run(ctx, dir, command.Change(python, append(args, dir)...))
	if err == nil {
		_, err = m.run(ctx, dir, command.Change(filepath.Join(dir, "bin", "python"), "-I", "-m", "ensurepip", "--upgrade", "--default-pip"))
	}
	if err != nil {
		return fmt.Errorf("make environment: %w", m.reason(ctx, err, nil))
	}
	return nil
}

// install installs the requirements in file. What the interpreter has for all is
// no reason to leave one out, and no reason to look for what it needs anew.
func (m *Mover) install(ctx context.Context, env Env, dir, file string, requirements []string) error {
	if len(requirements) == 0 {
		return nil
	}
	args := []string{"-m", "pip", "install", "--no-input", "--disable-pip-version-check", "-r", file}
	if m.Wheels != "" {
		args = append(args, "--no-index", "--find-links", m.Wheels)
	}
	if env.SystemSite {
		args = append(args, "--ignore-installed", "--no-deps")
	}
	_, err := m.run(ctx, dir, command.Change(filepath.Join(dir, "bin", "python"), append(args, m.PipArgs...)...))
	if err == nil {
		return nil
	}
	return fmt.Errorf("install requirements: %w", m.reason(ctx, err, requirements))
}

// check lets pip say whether what is installed in dir fits together. What the
// interpreter has for all is not this environment's to answer for.
func (m *Mover) check(ctx context.Context, env Env, c command.Command) error {
	c.Args = append(c.Args, "--no-input", "--disable-pip-version-check", "check")
	_, err := m.run(ctx, env.Dir, c)
	if err == nil || ctx.Err() != nil {
		return stopped(ctx, err)
	}
	var s *said
	if !errors.As(err, &s) || s.stdout == "" {
		return fmt.Errorf("check packages: %w", err)
	}
	own, unread := packages(env.Dir)
	if unread != nil {
		return unread
	}
	for line := range strings.Lines(s.stdout) {
		name, _, _ := strings.Cut(line, " ")
		if own[normal(name)] != "" || !env.SystemSite {
			return fault.New(fault.Invalid, "install what is missing, then rebuild again", fmt.Errorf("check packages: %s", strings.TrimSpace(line)))
		}
	}
	return nil
}

// reason is why venv or pip failed: the requirement that it is about, its last
// line, and a way out.
func (m *Mover) reason(ctx context.Context, err error, requirements []string) error {
	if ctx.Err() != nil {
		return stopped(ctx, err)
	}
	var s *said
	if !errors.As(err, &s) {
		return err
	}
	stderr := ""
	var failed *command.Error
	if errors.As(err, &failed) {
		stderr = failed.Stderr
	}
	if stderr == "" {
		lines := strings.Split(strings.TrimSpace(s.stdout), "\n")
		err = fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	if strings.Contains(stderr+s.stdout, "No space left on device") {
		return fault.New(fault.Failed, "free space", err)
	}
	about := cmp.Or(named(stderr, requirements), named(s.stdout, requirements))
	if about == "" {
		return fault.New(fault.Failed, "the environment is in use as it was", err)
	}
	hint := "the environment is in use as it was; look for a version of it that the new interpreter can use"
	if m.Wheels != "" {
		hint = "the environment is in use as it was; put a wheel of it for the new interpreter into " + m.Wheels
	}
	return fault.New(fault.Failed, hint, fmt.Errorf("%s: %w", about, err))
}

// named is the requirement that a program spoke of last.
func named(text string, requirements []string) string {
	lines := strings.Split(text, "\n")
	for _, line := range slices.Backward(lines) {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,'\"()<>", r) })
		for _, r := range requirements {
			if where := originOf(r); where != "" && strings.Contains(line, where) || slices.Contains(words, r) {
				return r
			}
		}
	}
	return ""
}

// originOf is where a requirement comes from, as pip names it: a path, a URL; ""
// is an index.
func originOf(requirement string) string {
	where, editable := strings.CutPrefix(requirement, "-e ")
	if !editable {
		_, where, _ = strings.Cut(requirement, " @ ")
	}
	where, _, _ = strings.Cut(where, "#")
	return strings.TrimPrefix(where, "file://")
}

// stopped says that it was the caller who ended a program.
func stopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}
