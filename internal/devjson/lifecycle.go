package devjson

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// lifecycle judges the commands that the tools run: on the host the first one, in
// the workspace inside of the container the others.
func (c *check) lifecycle(root value) {
	for _, key := range Lifecycle() {
		m := root.find(key)
		if m == nil {
			continue
		}
		c.idle(key, m.value)
		for _, part := range m.value.last() {
			c.idle(key+"."+part.key, part.value)
		}
	}
	runnable, said := map[string]bool{}, "" // what an earlier command made runnable, and what it said
	for _, command := range c.settings.Lifecycle {
		r := &running{check: c, command: command, dir: ".", known: true, runnable: runnable, said: &said}
		if command.Name != "initializeCommand" {
			r.dir, r.known = c.inside(c.settings.WorkspaceFolder)
		}
		if len(command.Argv) > 0 {
			r.words(command.Argv)
			continue
		}
		file, err := parsedLine(command.Shell)
		if err != nil {
			if problem := shellError(command.Shell); problem != "" {
				r.say("DC-LIFECYCLE", Fail, fmt.Sprintf("%.80s", command.Shell), "the shell does not understand it: "+problem, "correct the line")
			}
			continue
		}
		for _, statement := range file.Stmts {
			r.statement(statement)
		}
	}
}

// idle names commands that do nothing.
func (c *check) idle(what string, v value) {
	switch {
	case v.kind == text && strings.TrimSpace(v.text) == "":
		c.add("DC-LIFECYCLE", Note, v.at, what+" is empty", "nothing is run", "take it out")
	case v.kind == array && len(v.items) == 0:
		c.add("DC-LIFECYCLE", Note, v.at, what+" is an empty list", "nothing is run", "take it out")
	case v.kind == array && v.items[0].kind == text && strings.ContainsAny(strings.TrimSpace(v.items[0].text), " ") && len(v.items) == 1:
		c.add("DC-LIFECYCLE", Fail, v.at, fmt.Sprintf("%s is [%q]", what, v.items[0].text), "a list is a program and its arguments, and no program has this name", fmt.Sprintf("write %q without the list", v.items[0].text))
	case v.kind == array && v.items[0].kind == text && slices.ContainsFunc(v.items, func(i value) bool { return i.text == "&&" || i.text == "|" || i.text == ";" || i.text == "||" }):
		c.add("DC-LIFECYCLE", Fail, v.at, what+" has && or | in a list", "a list is a program and its arguments: no shell reads it, and the program gets && as a word", "write the whole line as one text")
	}
}

// inside is where a path of the container is in the project, by what is mounted.
func (c *check) inside(folder string) (where string, known bool) {
	folder = c.plain(folder)
	base := "/workspaces/" + path.Base(c.plain("${localWorkspaceFolder}"))
	type mounted struct{ source, target, from string }
	var all []mounted
	if s := c.project.service(c.settings.Service); s != nil {
		for _, f := range s.items("volumes") {
			if m := mountOf(f); m.Type == "bind" {
				all = append(all, mounted{m.Source, m.Target, c.project.dir})
			}
		}
	} else if m := ParseMount(c.settings.WorkspaceMount); m.Target != "" {
		if m.Type == "bind" {
			all = append(all, mounted{m.Source, c.plain(m.Target), "."})
		}
	} else {
		all = append(all, mounted{rootOfProject, base, "."})
		if folder == "" {
			folder = base
		}
	}
	for _, m := range all {
		source, in := c.inProject(m.from, m.source)
		if in && below(folder, m.target) && !strings.Contains(folder, "$") {
			where = path.Join(source, strings.TrimPrefix(path.Clean(folder), path.Clean(m.target)))
			return where, fs.ValidPath(where)
		}
	}
	return "", false
}

// running is a command that is judged.
type running struct {
	*check
	command  LifecycleCommand
	dir      string // of the project
	known    bool   // whether dir is
	runnable map[string]bool
	said     *string // by all commands before this one, which may have made files
}

func (r *running) say(code string, state State, evidence, cause, fix string) {
	what := r.command.Name
	if r.command.Part != "" {
		what += "." + r.command.Part
	}
	r.addAt(code, state, r.path+":"+r.command.At.String(), what+": "+evidence, cause, fix)
}

// statement judges what is run for certain: no branch of an if, and nothing that
// has another way.
// tests says whether a command only asks.
// call takes the words of a command that no variable decides.
// literal is a word without quotes; one that the shell decides has a $.
// words judges a program and its arguments.
// find is a path of a command in the project.
// interpreted judges the script that an interpreter is given.
