// Package wheel tells whether a built wheel can be installed and imported.
//
// It is installed into a venv in a temporary directory, from what is on this
// machine alone. What it depends on comes from the component's own venv, where
// the deps stage has installed it, or from directories of wheels; its own modules
// come from the wheel, and never from the sources beside it.
package wheel

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Options say with what a wheel is tried.
type Options struct {
	// Venv is the component's venv, absolute; empty means that the wheel's
	// dependencies come from Wheels.
	Venv string
	// Wheels are directories of wheels.
	Wheels []string
	// Imports are modules to import besides the wheel's own at its top.
	Imports []string
	Limit   time.Duration // of each program; 0 is five minutes
}

// Newest is the wheel that a build made last in a directory, or the file itself.
func Newest(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	found, err := filepath.Glob(filepath.Join(path, "*.whl"))
	if err != nil {
		return "", err
	}
	newest, when := "", time.Time{}
	for _, file := range found {
		if info, err := os.Stat(file); err == nil && (newest == "" || info.ModTime().After(when)) {
			newest, when = file, info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("find a wheel in %s: %w", path, fs.ErrNotExist)
	}
	return newest, nil
}

// Modules lists what a wheel puts at the top of site-packages: packages and
// single modules, in order.
func Modules(file string) ([]string, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, fmt.Errorf("read wheel: %w", err)
	}
	defer z.Close()
	var modules []string
	for _, entry := range z.File {
		top, rest, below := strings.Cut(entry.Name, "/")
		switch {
		case strings.HasSuffix(top, ".dist-info"), strings.HasSuffix(top, ".data"):
			continue
		case below && (rest == "__init__.py" || strings.HasPrefix(rest, "__init__.") && strings.HasSuffix(rest, ".so")):
		case !below && strings.HasSuffix(top, ".py"), !below && strings.HasSuffix(top, ".so"):
			top, _, _ = strings.Cut(top, ".")
		default:
			continue
		}
		if !slices.Contains(modules, top) {
			modules = append(modules, top)
		}
	}
	slices.Sort(modules)
	return modules, nil
}

// Try installs a wheel and imports its modules; it tells which. The error says
// what does not work. Nothing of it stays.
func Try(ctx context.Context, door *command.Door, file string, o Options) (imported []string, err error) {
	modules, err := Modules(file)
	if err != nil {
		return nil, err
	}
	if modules = append(modules, o.Imports...); len(modules) == 0 {
		return nil, fault.New(fault.Invalid, "name its packages in pyproject.toml: [tool.setuptools.packages.find]",
			fmt.Errorf("try wheel %s: it holds no module", filepath.Base(file)))
	}
	if o.Limit == 0 {
		o.Limit = 5 * time.Minute
	}
	dir, err := os.MkdirTemp("", "iact-wheel-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := trial{door: door, file: file, dir: dir, o: o}
	if err := t.install(ctx); err != nil {
		return nil, fmt.Errorf("install wheel %s: %w", filepath.Base(file), err)
	}
	// -I: neither PYTHONPATH nor the working directory lends it a module.
	importing := t.python("-I", "-c", "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)")
	importing.Args = append(importing.Args, modules...)
	if err := door.Run(ctx, importing); err != nil {
		return nil, fault.New(fault.Invalid, "see which file is missing: unzip -l "+file, fmt.Errorf("import %s from wheel %s: %w", strings.Join(modules, ", "), filepath.Base(file), err))
	}
	return modules, nil
}

type trial struct {
	door *command.Door
	file string
	dir  string
	o    Options
}

func (t trial) python(args ...string) command.Command {
	return t.program(filepath.Join(t.dir, "venv", "bin", "python"), args...)
}

// program changes nothing but the temporary directory, which is ours.
func (t trial) program(name string, args ...string) command.Command {
	c := command.Read(name, args...)
	c.Dir, c.Timeout = t.dir, t.o.Limit
	c.Env = []string{"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "PIP_CONFIG_FILE=" + os.DevNull, "PYTHONDONTWRITEBYTECODE=1"}
	return c
}

func (t trial) install(ctx context.Context) error {
	base := "python3"
	if t.o.Venv != "" {
		base = filepath.Join(t.o.Venv, "bin", "python")
	}
	if err := t.door.Run(ctx, t.program(base, "-m", "venv", "--without-pip", filepath.Join(t.dir, "venv"))); err != nil {
		return err
	}
	if t.o.Venv != "" {
		if err := t.lend(ctx); err != nil {
			return err
		}
	}
	err := t.door.Run(ctx, t.pip(t.program(base, "-I", "-m", "pip", "--python", filepath.Join(t.dir, "venv", "bin", "python"))))
	if failed := new(command.Error); errors.As(err, &failed) && (strings.Contains(failed.Stderr, "No module named pip") || strings.Contains(failed.Stderr, "no such option")) {
		// No pip there, or one before 22.3: the one that Python brings along does it.
		if err := t.door.Run(ctx, t.python("-I", "-m", "ensurepip")); err != nil {
			return err
		}
		err = t.door.Run(ctx, t.pip(t.python("-I", "-m", "pip")))
	}
	if err != nil && strings.Contains(err.Error(), "No matching distribution found") {
		return fault.New(fault.Invalid, "install the component's dependencies first (ci:deps), or name a directory that holds their wheels", err)
	}
	return err
}

func (t trial) pip(c command.Command) command.Command {
	c.Args = append(c.Args, "install", "--quiet", "--no-index", "--no-compile")
	for _, dir := range append([]string{filepath.Dir(t.file)}, t.o.Wheels...) {
		c.Args = append(c.Args, "--find-links", dir)
	}
	if t.o.Venv != "" {
		c.Args = append(c.Args, "--no-deps")
	}
	c.Args = append(c.Args, t.file)
	return c
}

// lend makes the packages of the component's venv importable behind the wheel's own.
func (t trial) lend(ctx context.Context) error {
	const where = "import sysconfig; print(sysconfig.get_path('purelib'))"
	theirs, err := t.door.Text(ctx, t.program(filepath.Join(t.o.Venv, "bin", "python"), "-I", "-c", where)).String()
	if err != nil {
		return err
	}
	ours, err := t.door.Text(ctx, t.python("-I", "-c", where)).String()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(strings.TrimSpace(ours), "zz-dependencies.pth"), []byte(theirs), 0o600)
}
