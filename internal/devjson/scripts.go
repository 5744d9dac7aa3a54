package devjson

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script judges a script of the project: one that is run as a program, or one
// that an interpreter reads.
func (r *running) script(word, interpreter string, direct bool) {
	where, known := r.find(word)
	if !known || r.files == nil && r.absent(where) && !looksLikeScript(where) {
		return
	}
	in, err := r.look(where)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if interpreter != "node" || r.absent(where+".js") {
			r.missing(word, where)
		}
		return
	case err != nil:
		if r.files != nil && !r.noFolder(where) && !regexp.MustCompile(`^(python|node|ruby|php)`).MatchString(interpreter) {
			r.say("DC-LIFECYCLE", Fail, word, where+" is a folder", "name the script in it")
		}
		return
	}
	r.readable(word, where, interpreter, in, direct)
}

// readable judges the text of a script.
func (r *running) readable(word, where, interpreter string, in []byte, direct bool) {
	first, _, _ := bytes.Cut(in, []byte("\n"))
	shebang, hasShebang := bytes.CutPrefix(first, []byte("#!"))
	shell := regexp.MustCompile(`^(ba|da|z|k|a)?sh$|^(source|\.)$`).MatchString(interpreter) || direct && regexp.MustCompile(`\b(ba|da|z|k|a)?sh\s*$`).Match(bytes.TrimSpace(shebang))
	if direct {
		if !r.direct(word, where, in, hasShebang) {
			return
		}
	}
	switch {
	case isCRLF(in) && direct:
		r.say("DC-SCRIPT", Fail, where+" has CR LF at the end of its lines", "the kernel looks for an interpreter whose name ends in a carriage return: \"not found\", or \"bad interpreter: "+strings.TrimSpace(string(shebang))+"^M\"", toLF(where))
		return
	case shell && bytes.Contains(in, []byte("\r\n")):
		r.say("DC-SCRIPT", Fail, where+" has CR LF at the end of its lines", "to the shell the carriage return is a part of the last word: \"$'\\r': command not found\"", toLF(where))
		return
	}
	r.bash(where, interpreter, string(shebang), direct)
	if shell && !bytes.Contains(shebang, []byte("zsh")) && interpreter != "zsh" {
		r.syntax(where, in)
	}
}

// missing is for a script that is not there; an earlier command may have made it.
func (r *running) missing(word, where string) {
	makers := regexp.MustCompile(`\b(clone|submodule|curl|wget|unzip|tar)\b|` + regexp.QuoteMeta(path.Base(where)))
	ran := *r.said != ""
	switch {
	case r.made(where) && r.command.Name != "initializeCommand", generated(where), makers.MatchString(*r.said):
		return
	case ran && !looksLikeScript(where), ran && r.files != nil && r.absent(path.Dir(where)):
		return
	}
	state := Fail
	if r.files != nil && r.absent(path.Dir(where)) && !looksLikeScript(where) {
		state = Warn
	}
	from := "the root of the project"
	if r.command.Name != "initializeCommand" {
		from = "the workspace folder"
	}
	r.say("DC-LIFECYCLE", state, word+": "+where+" is not there", "the command ends with \"not found\", and so does what comes after it; the path begins at "+from, "correct the path, or add the script"+r.elsewhere(path.Base(where), path.Dir(where)))
}

// generated says whether a path is where tools put what they make.
func generated(where string) bool {
	return regexp.MustCompile(`(^|/)(node_modules|\.?venv|env|vendor|build|dist|target|out|bin|obj|_build|\.tox|\.nox|\.cache|tmp|\.git|\.husky/_)(/|$)`).MatchString(where)
}

func looksLikeScript(where string) bool {
	return slices.Contains([]string{".sh", ".bash", ".py", ".js", ".rb", ".pl", ".zsh"}, path.Ext(where))
}

// direct judges a file that is run as a program; false says that it cannot be.
func (r *running) direct(word, where string, in []byte, hasShebang bool) bool {
	if r.files != nil && !r.runnable[where] && !r.runnable[path.Base(where)] && !r.runnable["*"] {
		if info, err := fs.Stat(r.files, where); err == nil && info.Mode().Perm() != 0 && info.Mode()&0o111 == 0 {
			with := "bash"
			if !hasShebang {
				with = "sh"
			}
			r.say("DC-SCRIPT", Fail, word+": "+where+" has mode "+info.Mode().String(), "a file without the x bit cannot be run: \"permission denied\"", "chmod +x "+where+" && git update-index --chmod=+x "+where+", or write "+with+" "+word)
			return false
		}
	}
	if hasShebang || bytes.HasPrefix(in, []byte("\x7fELF")) || bytes.HasPrefix(in, []byte("\xef\xbb\xbf#!")) && len(r.command.Argv) == 0 {
		return true
	}
	state, cause := Note, "the shell that calls it reads it as a script of sh, whatever it is written for"
	if len(r.command.Argv) > 0 {
		state, cause = Fail, "no shell calls it, and the kernel does not know what reads it: \"exec format error\""
	}
	r.say("DC-SCRIPT", state, where+" does not begin with #!", cause, "put #!/usr/bin/env bash into its first line")
	return state == Note
}

// bash looks for a bash where an image is known to have none.
func (r *running) bash(where, interpreter, shebang string, direct bool) {
	wants := interpreter == "bash" || direct && strings.Contains(shebang, "bash")
	name, tag, _ := strings.Cut(r.image.image, ":")
	bare := r.image.whole && len(r.settings.Features) == 0 && !strings.Contains(r.image.text, "bash") &&
		(name == "alpine" || name == "busybox" || slices.Contains([]string{"python", "node", "golang"}, name) && strings.Contains(tag, "alpine"))
	if wants && bare && r.command.Name != "initializeCommand" {
		r.say("DC-LIFECYCLE", Warn, where+" needs bash", "the image "+r.image.image+" has none: \"bash: not found\"", "install it in a Dockerfile: RUN apk add --no-cache bash; or write the script for sh")
	}
}

// syntax reads a script of the shell as far as it is one.
func (r *running) syntax(where string, in []byte) {
	_, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(bytes.NewReader(in), "")
	var wrong syntax.ParseError
	if errors.As(err, &wrong) {
		r.addAt("DC-SCRIPT", Warn, where+":"+wrong.Pos.String(), r.command.Name+" runs it: "+wrong.Text, "the shell stops there with a syntax error", "bash -n "+where+" says the same; correct the line")
	}
}
