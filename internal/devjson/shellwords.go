package devjson

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

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

func tests(call *syntax.CallExpr) bool {
	return len(call.Args) > 0 && slices.Contains([]string{"[", "test", "command", "which", "type", "grep"}, call.Args[0].Lit())
}

func (r *running) call(call *syntax.CallExpr) {
	var words []string
	for _, arg := range call.Args {
		words = append(words, r.literal(arg))
	}
	r.words(words)
}

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
	*r.said += " " + strings.Join(words, " ")
}

func (r *running) cd(to string) {
	if strings.ContainsAny(to, "$~*-") && !strings.HasPrefix(to, "${") || !r.known && !path.IsAbs(to) {
		r.known = false
		return
	}
	where, known := r.find(to)
	if known && r.files != nil && r.noFolder(where) && *r.said == "" && !r.made(where) && r.absent(where) && !generated(where) {
		r.say("DC-PATH", Warn, "cd "+to, "there is no "+where+" in the project", "correct the path")
		known = false
	}
	r.dir, r.known = where, known
}

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

func (r *running) interpreted(words []string) {
	shell := regexp.MustCompile(`sh$|^(source|\.)$`).MatchString(words[0])
	inline := []string{"-", "-s", "-m", "-e", "-r", "-p", "-i", "-S", "--eval", "--print"}
	valued := []string{"-t", "-d", "-W", "-X", "-I", "--import", "--loader", "--require"}
	if shell {
		inline, valued = []string{"-", "-s"}, []string{"-o", "+o", "-O", "+O", "--rcfile", "--init-file"}
	}
	for i := 1; i < len(words); i++ {
		word := words[i]
		switch {
		case slices.Contains(inline, word), regexp.MustCompile(`^-[a-zA-Z]*c$`).MatchString(word):
			return
		case slices.Contains(valued, word):
			i++
			continue
		case strings.HasPrefix(word, "-"), strings.HasPrefix(word, "+"):
			if regexp.MustCompile(`^-[a-z]*o$`).MatchString(word) && shell {
				i++
			}
			continue
		}
		r.script(word, path.Base(words[0]), false)
		return
	}
}
