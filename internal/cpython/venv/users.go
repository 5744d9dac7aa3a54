package venv

import (
	"os"
	"path/filepath"
	"slices"
)

// Users are the interpreters that environments need, and those that are kept of
// them: their directories by the real path of the interpreter, and by that of
// the directory that it was started from. An interpreter that is gone is in it
// under the path that it should have.
func Users(envs []Env) (map[string][]string, error) {
	users := map[string][]string{}
	add := func(env Env) {
		for _, path := range env.needs() {
			if !slices.Contains(users[path], env.Dir) {
				users[path] = append(users[path], env.Dir)
			}
		}
	}
	for _, env := range envs {
		add(env)
		kept, err := siblings(env.Dir, old)
		if err != nil {
			return nil, err
		}
		for _, path := range kept {
			if one, err := read(path); err == nil {
				add(one)
			}
		}
	}
	for _, dirs := range users {
		slices.Sort(dirs)
	}
	return users, nil
}

// needs are the paths without which the environment does not start.
func (e Env) needs() []string {
	all := []string{leadsTo(e.Home)}
	if leads := leadsTo(e.python()); filepath.Dir(leads) != filepath.Join(e.Dir, "bin") {
		return append(all, leads)
	}
	// The environment holds a copy of the interpreter.
	if e.Executable != "" {
		all = append(all, leadsTo(e.Executable))
	}
	return all
}

// leadsTo is where a path leads, as far as there is something.
func leadsTo(path string) string {
	for range 40 { // as many links as the kernel follows
		if to, err := filepath.EvalSymlinks(path); err == nil {
			return to
		}
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}
