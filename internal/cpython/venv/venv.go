// Package venv moves virtual environments to another interpreter, and back.
//
// An environment cannot be upgraded in place: its packages belong to one series
// of Python. So a second one is made beside it, from what is installed in the
// first, and proven; then the two change places in one call of the kernel, so
// that the name is never without an environment. What was replaced stays beside
// it, and going back is the same call again.
//
// The names beside an environment NAME say how far a move came:
//
//	.NAME.new-TOKEN           is being made, or was exchanged and is not proven
//	.NAME.old-VERSION-STAMP   was replaced; Back takes it into use again
//	.NAME.was-REST            a swap was cut off that needs two renames
//
// An environment that was made here holds its token in MarkFile. That, and not a
// name, decides which of two is the new one, so a move that was killed anywhere
// can be finished or taken back by looking: Recover does, and the next Rebuild.
package venv

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
)

// Env is one virtual environment, as its files tell.
type Env struct {
	Dir        string // absolute, without symbolic links
	Home       string // the directory of the interpreter that it was made with
	Version    string // of that interpreter
	Executable string // that interpreter
	Prompt     string // as it was asked for; "" is the name of the directory
	SystemSite bool   // it sees the packages of the interpreter, too
	Dangling   bool   // bin/python does not lead to a file
	Cut        bool   // it has no name since a swap was cut off: Recover repairs it
}

// Mover rebuilds environments. Several may work at once, but not in one
// directory: the second is told that it is locked.
type Mover struct {
	Door    *command.Door
	Wheels  string   // directory of wheels, for work without an index; "": the index
	PipArgs []string // more arguments for pip install
	Now     func() time.Time

	files files // how names change places; the zero value is the kernel's way
}

// Moved is an environment that was rebuilt, or one that can be gone back to.
type Moved struct {
	Dir    string `json:"dir"`  // the environment
	Old    string `json:"old"`  // where the one is that it replaced
	From   string `json:"from"` // the version of Python in Old
	To     string `json:"to"`   // the version of Python in Dir
	Token  string `json:"token"`
	Before string `json:"before"` // the token in Old, "" when it was not made here

	Requirements []string `json:"requirements,omitempty"` // what was installed
}

// Open reads the environment in dir.
func Open(dir string) (Env, error) {
	dir, err := resolve(dir)
	if err != nil {
		return Env{}, err
	}
	return read(dir)
}

// read is Open for a directory that needs no resolving.
func read(dir string) (Env, error) {
	text, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		return Env{}, fmt.Errorf("read environment: %w", err)
	}
	env, err := parse(text)
	if err != nil {
		return Env{}, fmt.Errorf("read environment %s: %w", dir, err)
	}
	env.Dir = dir
	env.Dangling = !isFile(env.python())
	return env, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// resolve is the one path of dir. The directory itself may be missing.
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	there, err := filepath.EvalSymlinks(dir)
	if !os.IsNotExist(err) {
		return there, err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}

func (e Env) python() string { return filepath.Join(e.Dir, "bin", "python") }

// run runs c as the owner of dir would, without the settings of this process
// that belong to another Python.
func (m *Mover) run(ctx context.Context, dir string, c command.Command) (string, error) {
	as, err := owner(dir)
	if err != nil {
		return "", err
	}
	c.As = as
	c.Env = append(c.Env, "PYTHONHOME=", "PYTHONPATH=", "PYTHONNOUSERSITE=1", "PIP_USER=0")
	return output(ctx, m.Door, c)
}
