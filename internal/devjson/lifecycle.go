package devjson

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
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
	runnable := map[string]bool{} // what an earlier command made runnable
	for _, command := range c.settings.Lifecycle {
		r := &running{check: c, command: command, dir: ".", known: true, runnable: runnable}
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
	after    bool // something ran before, which may have made files
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
func (r *running) statement(s *syntax.Stmt) {
	switch command := s.Cmd.(type) {
	case *syntax.CallExpr:
		r.call(command)
	case *syntax.BinaryCmd:
		r.statement(command.X)
		if command.Op == syntax.AndStmt || command.Op == syntax.Pipe {
			if first, is := command.X.Cmd.(*syntax.CallExpr); !is || !tests(first) {
				r.statement(command.Y)
			}
		}
	case *syntax.Block:
		for _, inner := range command.Stmts {
			r.statement(inner)
		}
	}
}

// tests says whether a command only asks.
func tests(call *syntax.CallExpr) bool {
	return len(call.Args) > 0 && slices.Contains([]string{"[", "test", "command", "which", "type", "grep"}, call.Args[0].Lit())
}

// call takes the words of a command that no variable decides.
func (r *running) call(call *syntax.CallExpr) {
	var words []string
	for _, arg := range call.Args {
		words = append(words, r.literal(arg))
	}
	r.words(words)
}

// literal is a word without quotes; one that the shell decides has a $.
func (r *running) literal(word *syntax.Word) string {
	var b strings.Builder
	syntax.Walk(word, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Lit:
			b.WriteString(node.Value)
		case *syntax.SglQuoted:
			b.WriteString(node.Value)
		case *syntax.ParamExp:
			if node.Param != nil && slices.Contains(variableNames(), node.Param.Value) {
				b.WriteString("${" + node.Param.Value + "}")
			} else {
				b.WriteString("$")
			}
			return false
		case *syntax.CmdSubst, *syntax.ArithmExp, *syntax.ProcSubst, *syntax.ExtGlob:
			b.WriteString("$")
			return false
		}
		return true
	})
	return b.String()
}

// words judges a program and its arguments.
func (r *running) words(words []string) {
	for len(words) > 1 && slices.Contains([]string{"sudo", "exec", "time", "nohup", "env", "nice", "command"}, words[0]) && !strings.HasPrefix(words[1], "-") && !strings.Contains(words[1], "=") {
		words = words[1:]
	}
	if len(words) == 0 {
		return
	}
	program := words[0]
	switch {
	case program == "cd" && len(words) == 2:
		r.cd(words[1])
		return
	case program == "chmod":
		for _, word := range words[2:] {
			if where, known := r.find(word); known {
				r.runnable[where] = true
			}
			r.runnable[path.Base(word)] = true
			r.runnable["*"] = r.runnable["*"] || strings.ContainsAny(word, "*$") || strings.Contains(words[1], "R")
		}
		return
	case slices.Contains([]string{"echo", "printf", "set", "export", "true", ":", "umask", "pwd"}, program):
		return
	}
	if reads := regexp.MustCompile(`^(?:/\S*/)?(ba|da|z|k|a)?sh$|^(?:/\S*/)?(python[0-9.]*|node|ruby|perl|php)$|^(source|\.)$`); reads.MatchString(program) {
		r.interpreted(words)
	} else if strings.Contains(program, "/") {
		r.script(program, "", true)
	}
	r.after = true
}

func (r *running) cd(to string) {
	if strings.ContainsAny(to, "$~*-") && !strings.HasPrefix(to, "${") || !r.known && !path.IsAbs(to) {
		r.known = false
		return
	}
	where, known := r.find(to)
	if known && r.files != nil && r.noFolder(where) && !r.after && !r.made(where) && r.absent(where) && !generated(where) {
		r.say("DC-PATH", Warn, "cd "+to, "there is no "+where+" in the project", "correct the path")
		known = false
	}
	r.dir, r.known = where, known
}

// find is a path of a command in the project.
func (r *running) find(word string) (where string, known bool) {
	switch {
	case strings.ContainsAny(word, "~*?["):
		return "", false
	case r.command.Name != "initializeCommand" && (path.IsAbs(word) || strings.HasPrefix(word, "${container")):
		return r.inside(word)
	case strings.HasPrefix(word, "${localWorkspaceFolder}"):
		return r.inProject(".", word)
	case strings.Contains(word, "$"), path.IsAbs(word) && r.folder == "":
		return "", false
	}
	where, known = r.inProject(r.dir, word)
	return where, known && r.known
}

// interpreted judges the script that an interpreter is given.
func (r *running) interpreted(words []string) {
	for _, word := range words[1:] {
		switch {
		case word == "-c" || word == "-m" || word == "-e" || word == "-" || word == "-s" || word == "--eval" || word == "-r" || word == "-p" || word == "-i":
			return
		case regexp.MustCompile(`^-[a-z]*c$`).MatchString(word):
			return
		case strings.HasPrefix(word, "-"), strings.HasPrefix(word, "+"):
			continue
		case word == "pipefail" || word == "errexit":
			continue
		}
		r.script(word, path.Base(words[0]), false)
		return
	}
}
