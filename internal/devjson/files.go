package devjson

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// Options are what Judge knows besides the text. What is left out is not judged.
type Options struct {
	Files  fs.FS             // the project, from its root
	Folder string            // where that root is, on the machine of the tools
	Env    map[string]string // of the tools; nil when it is not known
}

// largest is how much of a file is read.
const largest = 1 << 20

// lookInto is a Look into a tree, which leaves out what no settings file is.
func lookInto(tree fs.FS) Look {
	return func(name string) ([]byte, error) {
		info, err := fs.Stat(tree, name)
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, errors.New(name + " is no file")
		case info.Size() > largest:
			return nil, errors.New(name + " is larger than 1 MiB")
		}
		return fs.ReadFile(tree, name)
	}
}

// absent says that nothing has that path. What cannot be told is not absent.
func (c *check) absent(where string) bool {
	var err error
	if c.files != nil {
		_, err = fs.Stat(c.files, where)
	} else {
		_, err = c.look(where)
	}
	return errors.Is(err, fs.ErrNotExist)
}

// noFolder says that a path is there for certain, and is no folder, or is not
// there. It takes a tree to tell.
func (c *check) noFolder(where string) bool {
	if c.files == nil {
		return false
	}
	info, err := fs.Stat(c.files, where)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir()
}

// inProject is a path from the root of the project, when it can be known: no
// variable decides, and it does not lead out of the project.
func (c *check) inProject(from, name string) (where string, known bool) {
	name = strings.ReplaceAll(name, "${localWorkspaceFolder}", rootOfProject)
	if c.folder != "" && c.folder != "/" && (name == c.folder || strings.HasPrefix(name, c.folder+"/")) {
		name = rootOfProject + strings.TrimPrefix(name, c.folder)
	}
	if rest, in := strings.CutPrefix(name, rootOfProject); in {
		name, from = "./"+rest, "."
	}
	where = path.Join(from, name)
	return where, fs.ValidPath(where) && !path.IsAbs(name) && !strings.ContainsAny(where, "$~\\\n")
}

// rootOfProject stands for the folder of the project where its path is not known.
const rootOfProject = "/\x00project"

// made says that a command which runs on the host before the container starts
// speaks of a file: it may be what makes it.
func (c *check) made(where string) bool {
	name := path.Base(where)
	for _, command := range c.settings.Lifecycle {
		if command.Name != "initializeCommand" {
			continue
		}
		line := command.Shell + " " + strings.Join(command.Argv, " ")
		if strings.Contains(line, name) {
			return true
		}
		for _, word := range strings.Fields(line) {
			script, known := c.inProject(".", strings.Trim(word, `"';&|`))
			if !known || !strings.Contains(word, ".") && !strings.Contains(word, "/") {
				continue
			}
			if in, err := c.look(script); err == nil && strings.Contains(string(in), name) {
				return true
			}
		}
	}
	return false
}
