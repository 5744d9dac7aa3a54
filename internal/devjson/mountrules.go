package devjson

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// mounts judges what is mounted into the container.
func (c *check) mounts(root value) {
	targets := map[string]string{}
	if target := ParseMount(c.settings.WorkspaceMount).Target; target != "" {
		targets[path.Clean(c.plain(target))] = "workspaceMount"
	}
	for i, item := range root.get("mounts").items {
		what := fmt.Sprintf("mounts[%d]", i)
		m, ok := mount(item)
		if !ok {
			continue
		}
		if item.kind == object {
			c.mountObject(item)
		}
		c.oneMount(m, item, what)
		c.twoMounts(targets, m, what, c.path+":"+c.settings.place(item.at).String())
	}
	for _, m := range c.settings.RunMounts {
		c.twoMounts(targets, m, "runArgs", c.path+":"+m.At.String())
		if m.Type == "bind" && m.Target != "" {
			c.source(m, func(evidence, cause, fix string) {
				c.addAt("DC-PATH", Warn, c.path+":"+m.At.String(), evidence, cause, fix)
			}, strings.HasPrefix(m.Raw, "type=") || strings.Contains(m.Raw, ",source="))
		}
	}
}

func (c *check) twoMounts(targets map[string]string, m Mount, what, at string) {
	target := path.Clean(c.plain(m.Target))
	if m.Target == "" {
		return
	}
	if other, there := targets[target]; there {
		state, cause := Fail, "docker says \"Duplicate mount point\""
		if strings.HasPrefix(other, "mounts") && strings.HasPrefix(what, "mounts") {
			state, cause = Warn, "the last one wins, and nobody says so"
		}
		c.addAt("DC-MOUNT", state, at, m.Target+" is the target of "+other+" and of "+what, cause, "keep one of them")
	}
	targets[target] = what
}

// mountObject judges the keys of a mount that is an object.
func (c *check) mountObject(v value) {
	known := map[string]shape{"type": {kinds: "s"}, "source": {kinds: "s"}, "target": {kinds: "s"}, "external": {}, "other": {}}
	for _, m := range v.last() {
		if s, there := known[m.key]; there {
			c.shaped("mounts."+m.key, m.value, s)
			continue
		}
		if slices.Contains([]string{"readonly", "readOnly", "ro", "consistency"}, m.key) {
			c.add("DC-MOUNT", Warn, m.at, "mounts."+m.key, "a mount that is an object has type, source and target only; the CLI passes over the rest", `write it as a text: "type=bind,source=…,target=…,readonly"`)
			continue
		}
		delete(known, "external")
		delete(known, "other")
		c.stranger("mounts.", m, v, known)
	}
}

// oneMount judges a mount of --mount.
func (c *check) oneMount(m Mount, v value, what string) {
	say := func(state State, evidence, cause, fix string) {
		c.add("DC-MOUNT", state, v.at, what+": "+evidence, cause, fix)
	}
	if v.kind == text && strings.TrimSpace(v.text) != "" && !c.mountFields(v.text, say) {
		return
	}
	if strings.TrimSpace(v.text) == "" && v.kind == text && what == "workspaceMount" {
		return // the workspace is not mounted
	}
	types := []string{"bind", "volume", "tmpfs", "npipe", "image", "cluster"}
	switch {
	case m.Target == "":
		say(Fail, m.Raw, "it has no target: docker says \"target is required\"", "add target=/PATH")
	case !strings.Contains(m.Type, "$") && !slices.Contains(types, m.Type):
		say(Fail, "type="+m.Type, "docker has no such mount", suggested(m.Type, types, "write type=bind or type=volume"))
	case !strings.HasPrefix(m.Target, "${") && !path.IsAbs(m.Target) && !regexp.MustCompile(`^[A-Za-z]:\\`).MatchString(m.Target):
		say(Fail, "target="+m.Target, "the target is not absolute: docker says \"invalid mount path\"", "begin it with /")
	default:
		c.mountSource(m, v, say)
	}
}

// mountSource judges what is mounted.
func (c *check) mountSource(m Mount, v value, say func(state State, evidence, cause, fix string)) {
	relative := m.Type == "bind" && !path.IsAbs(m.Source) && !strings.HasPrefix(m.Source, "${") && !regexp.MustCompile(`^[A-Za-z]:|^\\\\`).MatchString(m.Source)
	switch {
	case m.Type == "bind" && m.Source == "":
		say(Fail, m.Raw, "a bind mount has a source: docker says \"source is required\"", "add source=${localWorkspaceFolder}/PATH")
	case relative:
		say(Fail, "source="+m.Source, "the source is not absolute: docker says \"mount path must be absolute\", or takes it from wherever the tool was started", "write source=${localWorkspaceFolder}/"+strings.TrimPrefix(m.Source, "./"))
	case m.Type == "volume" && m.Source != "" && !strings.Contains(m.Source, "${") && !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`).MatchString(m.Source):
		fix := "name it with letters, digits, _, . and -"
		if strings.ContainsAny(m.Source, "/~") {
			fix = "write type=bind if a folder is meant"
		}
		say(Fail, "source="+m.Source, "that is no name of a volume: docker says \"includes invalid characters for a local volume name\"", fix)
	case m.Type == "bind":
		c.source(m, func(evidence, cause, fix string) { c.add("DC-PATH", Fail, v.at, evidence, cause, fix) }, true)
		if strings.HasSuffix(m.Source, "docker.sock") {
			say(Note, "source="+m.Source, "who is in the container can do on the host whatever root can", "use the feature docker-in-docker where that is not wanted")
		}
	}
}

// mountFields judges the words of a mount; false says that one is wrong.
func (c *check) mountFields(written string, say func(state State, evidence, cause, fix string)) bool {
	known := []string{
		"type", "source", "src", "target", "dst", "destination", "readonly", "ro", "consistency", "bind-propagation", "bind-nonrecursive", "bind-recursive", "bind-create-src",
		"volume-nocopy", "volume-label", "volume-driver", "volume-opt", "volume-subpath", "image-subpath", "tmpfs-size", "tmpfs-mode", "external",
	}
	if strings.Contains(written, "\"") {
		return true
	}
	for _, field := range strings.Split(written, ",") {
		key, _, given := strings.Cut(field, "=")
		name := strings.ToLower(strings.TrimSpace(key))
		switch {
		case name == "" && !given:
			say(Fail, written, "a comma too many: docker says \"invalid field\"", "take it out")
			return false
		case strings.Contains(name, "$"):
		case !slices.Contains(known, name):
			fix := "write it like type=bind,source=…,target=…"
			if strings.Count(written, ":") > 0 && !strings.Contains(written, "=") {
				fix = "that is the form of -v; here it is type=bind,source=…,target=…"
			} else if near := Near(name, known); near != "" {
				fix = "write " + near + "="
			}
			say(Fail, fmt.Sprintf("%q", field), "docker says \"invalid field\" or \"unexpected key\"", fix)
			return false
		case strings.TrimSpace(key) != key || strings.HasSuffix(field, " "):
			say(Fail, fmt.Sprintf("%q", field), "there is a space too many, which docker takes for a part of the word", "take the spaces out")
			return false
		case !given && !slices.Contains([]string{"readonly", "ro", "volume-nocopy", "bind-nonrecursive"}, name):
			say(Fail, field, "it has no value: docker says \"invalid field\"", "write "+name+"=…")
			return false
		}
	}
	return true
}

// source judges the source of a bind mount, where it is in the project.
func (c *check) source(m Mount, say func(evidence, cause, fix string), strict bool) {
	where, known := c.inProject(".", m.Source)
	if !known || c.files == nil || !strings.HasPrefix(m.Source, "${localWorkspaceFolder}") && (c.folder == "" || !strings.HasPrefix(m.Source, c.folder)) || !c.absent(where) || c.made(where) {
		return
	}
	cause := "docker says \"bind source path does not exist\", and the container does not start"
	if !strict {
		cause = "docker makes an empty folder there, which belongs to root"
	}
	say("the source "+where+" is not there", cause, "correct the path, or make it: "+makes(where))
}
