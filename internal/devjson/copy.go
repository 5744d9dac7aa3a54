package devjson

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// copied is a file of the project that is in the image.
type copied struct {
	source, target string
	set            bool // its mode is set while it is copied
}

// copy judges COPY and ADD: each source has to be in the context.
func (d *dockerfile) copy(i instruction) {
	words, exec := i.words()
	for n, word := range words {
		if !exec {
			words[n] = strings.Trim(word, `"'`)
		}
	}
	if i.heredoc {
		return
	}
	if len(words) < 2 {
		d.say(i.line, "DC-INSTRUCTION", Fail, i.name+" "+i.rest, "docker says \""+i.name+" requires at least two arguments\"", "write "+i.name+" SOURCE TARGET")
		return
	}
	sources, target := words[:len(words)-1], words[len(words)-1]
	if len(sources) > 1 && !strings.HasSuffix(target, "/") && target != "." && target != ".." && !strings.Contains(target, "$") {
		d.say(i.line, "DC-COPY", Fail, i.name+" "+i.rest, "several sources need a folder: docker says the destination must be a directory and end with a /", "write "+target+"/")
	}
	if from, there := i.flag("from"); there {
		d.fromStage(i, from)
		return
	}
	if d.context == "" || d.files == nil {
		return
	}
	for _, source := range sources {
		if !strings.Contains(source, "$") && !strings.Contains(source, "**") && !regexp.MustCompile(`^([a-z+]+://|git@)`).MatchString(source) {
			d.source(i, source, target, len(sources) == 1)
		}
	}
}

// fromStage judges --from: a stage of before, its number, or an image.
func (d *dockerfile) fromStage(i instruction, from string) {
	if n, err := strconv.Atoi(from); err == nil && n >= len(d.stages)-1 {
		d.say(i.line, "DC-COPY", Fail, "--from="+from, "there is no stage of that number before this one", "name one of the stages before")
		return
	}
	var names []string
	for _, s := range d.stages[:len(d.stages)-1] {
		names = append(names, s.name)
	}
	near := Near(from, names)
	if !strings.ContainsAny(from, "/:.@$") && near != "" && near != strings.ToLower(from) {
		d.say(i.line, "DC-COPY", Fail, "--from="+from, "there is no stage of that name before this one, and docker looks for an image", "write --from="+near)
	}
}

func (d *dockerfile) source(i instruction, source, target string, alone bool) {
	inside := strings.TrimPrefix(path.Clean("/"+source), "/")
	if inside == "" {
		return
	}
	tree, err := fs.Sub(d.files, d.context)
	if err != nil {
		return
	}
	matches := []string{inside}
	if strings.ContainsAny(inside, "*?[") {
		if matches, err = fs.Glob(tree, inside); err != nil {
			return
		}
	}
	where := func(name string) string { return path.Join(d.context, name) }
	matches = slices.DeleteFunc(matches, func(name string) bool { return d.absent(where(name)) })
	if len(matches) == 0 && strings.ContainsAny(inside, "*?[") {
		if alone { // BuildKit copies nothing then, and says nothing
			d.say(i.line, "DC-COPY", Warn, i.name+" "+source, "nothing in the context, which is "+d.context+", matches it: nothing is copied, or the build stops with \"no source files were specified\"", "correct the pattern, or build.context")
		}
		return
	}
	if len(matches) == 0 {
		fix := "correct the path, or build.context"
		if beside := path.Join(path.Dir(d.file), inside); path.Dir(d.file) != d.context && !d.absent(beside) {
			fix = "it is beside the Dockerfile: write " + strings.TrimPrefix(strings.TrimPrefix(beside, d.context), "/") + ", or set build.context"
		}
		if strings.HasPrefix(source, "../") {
			fix = `nothing outside of the context can be copied: let build.context be a folder further up ("..")`
		}
		d.say(i.line, "DC-COPY", Fail, i.name+" "+source, "there is no "+inside+" in the context, which is "+d.context+": the build stops with \"not found\"", fix)
		return
	}
	left := slices.DeleteFunc(slices.Clone(matches), func(name string) bool { return d.ignored(tree, name) })
	if len(left) == 0 {
		d.say(i.line, "DC-COPY", Fail, i.name+" "+source, matches[0]+" is there, and .dockerignore keeps it out of the context: the build stops with \"not found\"", "put !"+matches[0]+" at the end of .dockerignore")
		return
	}
	for _, name := range left {
		to := target
		if strings.HasSuffix(to, "/") || to == "." || len(matches) > 1 {
			to = path.Join(to, path.Base(name))
		}
		_, set := i.flag("chmod")
		d.copied = append(d.copied, copied{where(name), to, set})
		if in, err := d.look(where(name)); err == nil && isCRLF(in) {
			d.addAt("DC-SCRIPT", Warn, where(name)+":1", "its first line ends in CR LF", "the kernel looks for an interpreter whose name ends in a carriage return: \"no such file or directory\" or \"bad interpreter\"", toLF(where(name)))
		}
	}
}

// ignored says whether .dockerignore keeps a path out of the context.
func (d *dockerfile) ignored(tree fs.FS, name string) bool {
	in, err := d.look(d.file + ".dockerignore")
	if err != nil {
		if in, err = d.look(path.Join(d.context, ".dockerignore")); err != nil {
			return false
		}
	}
	out := false
	info, err := fs.Stat(tree, name)
	folder := err != nil || info.IsDir()
	for line := range bytes.Lines(in) {
		pattern := strings.TrimSpace(string(line))
		if pattern == "" || strings.HasPrefix(pattern, "#") {
			continue
		}
		pattern, back := strings.CutPrefix(pattern, "!")
		if back && folder {
			return false // something of it may be there
		}
		if pattern = strings.TrimPrefix(path.Clean("/"+strings.TrimSpace(pattern)), "/"); ignores(pattern, name) {
			out = !back
		}
	}
	return out
}

// ignores says whether a pattern means a path, or a folder that it is in.
func ignores(pattern, name string) bool {
	quoted := regexp.QuoteMeta(pattern)
	for _, pair := range [][2]string{{`\*\*/`, "\x00"}, {`\*\*`, ".*"}, {`\*`, "[^/]*"}, {`\?`, "[^/]"}, {"\x00", "(.*/)?"}} {
		quoted = strings.ReplaceAll(quoted, pair[0], pair[1])
	}
	matches, err := regexp.Compile("^" + quoted + "(/.*)?$")
	return err == nil && pattern != "" && matches.MatchString(name)
}

// runs judges a program of the project that was copied into the image.
func (d *dockerfile) runs(i instruction, words []string) {
	if len(words) == 0 || d.files == nil || bytes.Contains(d.building.text, []byte("chmod")) {
		return
	}
	for _, file := range d.copied {
		if file.target != words[0] || file.set || !path.IsAbs(file.target) {
			continue
		}
		if info, err := fs.Stat(d.files, file.source); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 == 0 {
			d.say(i.line, "DC-SCRIPT", Fail, i.name+" "+words[0]+": "+file.source+" has mode "+info.Mode().String(), "a file without the x bit cannot be run: \"permission denied\"", "chmod +x "+file.source+", or COPY --chmod=755")
		}
	}
}

// isCRLF says whether a text is a script whose first line no kernel can read.
func isCRLF(in []byte) bool {
	first, _, _ := bytes.Cut(in, []byte("\n"))
	return bytes.HasPrefix(first, []byte("#!")) && bytes.HasSuffix(first, []byte("\r"))
}

func toLF(file string) string {
	return "sed -i 's/\\r$//' " + file + `; "*.sh text eol=lf" in .gitattributes keeps it so`
}
