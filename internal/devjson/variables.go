package devjson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variableNames are the variables of a devcontainer.json.
func variableNames() []string {
	return []string{"localEnv", "containerEnv", "localWorkspaceFolder", "localWorkspaceFolderBasename", "containerWorkspaceFolder", "containerWorkspaceFolderBasename", "devcontainerId", "env"}
}

// variables judges every variable in the values, but for those of the settings of
// an editor, which has its own.
func (c *check) variables(root value) {
	for _, m := range root.last() {
		if !slices.Contains([]string{"customizations", "settings", "extensions", "secrets", "name"}, m.key) {
			c.within(m.key, "", m.value)
		}
	}
}

func (c *check) within(top, key string, v value) {
	for _, item := range v.items {
		c.within(top, key, item)
	}
	for _, m := range v.last() {
		c.within(top, m.key, m.value)
	}
	if v.kind != text {
		return
	}
	for _, written := range variable().FindAllString(v.text, -1) {
		c.oneVariable(top, key, v, written)
	}
	if (top == "remoteEnv" || top == "containerEnv") && regexp.MustCompile(`(^|:)\$PATH(:|$)`).MatchString(v.text) {
		c.add("DC-VARIABLE", Fail, v.at, key+": "+v.text, "no shell reads this value, and $PATH stays as it is written: programs are not found any more", "write \"remoteEnv\": {\"PATH\": \"${containerEnv:PATH}:…\"}")
	}
	c.emptyVariables(top, key, v)
}

// oneVariable judges ${…} by its name, and by where it stands.
func (c *check) oneVariable(top, key string, v value, written string) {
	shell := strings.HasSuffix(top, "Command")
	name, rest, hasRest := strings.Cut(written[2:len(written)-1], ":")
	switch {
	case !slices.Contains(variableNames(), name):
		if near := Near(name, variableNames()); (top == "remoteEnv" || top == "containerEnv") && near == "" {
			c.inEnvironment(top, key, v, written, name)
		} else {
			c.unknownVariable(top, shell, v, written, name, hasRest)
		}
	case (name == "localEnv" || name == "env" || name == "containerEnv") && rest == "":
		c.add("DC-VARIABLE", Fail, v.at, written, "it does not say which variable of the environment: the CLI stops with \"no environment variable name is given\"", "write ${"+name+":HOME}")
	case name == "containerEnv" && top == "containerEnv":
		c.add("DC-VARIABLE", Fail, v.at, key+": "+written, "the container is not there yet when its environment is made: the text stays as it is written", "move "+key+" to remoteEnv")
	case (name == "localEnv" || name == "env") && strings.Count(rest, ":") > 1:
		_, fallback, _ := strings.Cut(rest, ":")
		c.add("DC-VARIABLE", Warn, v.at, written, fmt.Sprintf("the CLI takes the default up to the next colon only: %q", fallback[:strings.IndexByte(fallback, ':')]), "set the variable, or use a default without a colon")
	}
}

// unknownVariable judges ${name}. A line of the shell has variables of its own.
func (c *check) unknownVariable(top string, shell bool, v value, written, name string, hasRest bool) {
	near := Near(name, variableNames())
	if vscode := map[string]string{"workspaceFolder": "containerWorkspaceFolder", "workspaceRoot": "containerWorkspaceFolder", "workspaceFolderBasename": "localWorkspaceFolderBasename"}[name]; vscode != "" {
		near = vscode
		if top == "mounts" || top == "workspaceMount" || top == "initializeCommand" || top == "runArgs" {
			near = strings.Replace(vscode, "container", "local", 1)
		}
	}
	switch {
	case shell && (near == "" || !hasRest && !strings.EqualFold(near, name) && !strings.HasPrefix(name, "workspace")),
		shell && strings.Contains(written, ":-"), near == "env" && !hasRest:
		return
	case near == "" && (top == "build" || top == "runArgs"):
		return // the text may be meant for another program
	case near == "":
		c.add("DC-VARIABLE", Warn, v.at, written, "no tool knows this variable, and the text stays as it is written", "there are ${localEnv:NAME}, ${containerEnv:NAME}, ${localWorkspaceFolder}, ${containerWorkspaceFolder}, their Basename, and ${devcontainerId}")
	default:
		rest := ""
		if hasRest {
			_, rest, _ = strings.Cut(written, ":")
			rest = ":" + strings.TrimSuffix(rest, "}")
		}
		c.add("DC-VARIABLE", Fail, v.at, written, "no tool knows this variable, and the text stays as it is written", "write ${"+near+rest+"}")
	}
}

// inEnvironment judges ${NAME} in a value of the environment, which no shell reads.
func (c *check) inEnvironment(top, key string, v value, written, name string) {
	state := Note
	switch {
	case name == key || slices.Contains([]string{"PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "USER"}, name):
		state = Fail
	case strings.ToUpper(name) == name && !strings.Contains(written, ":"):
		state = Warn
	}
	fix := "write ${containerEnv:" + name + "}"
	if top == "containerEnv" {
		fix = "move " + key + " to remoteEnv, and " + fix
	}
	c.add("DC-VARIABLE", state, v.at, key+": "+v.text, "no shell reads this value, and "+written+" stays as it is written", fix)
}

// emptyVariables names variables of the environment that are not set. Several in
// a row stand for one value: ${localEnv:HOME}${localEnv:USERPROFILE}.
func (c *check) emptyVariables(top, key string, v value) {
	if c.env == nil {
		return
	}
	for _, row := range regexp.MustCompile(`(\$\{(localEnv|env):[^}]*\})+`).FindAllString(v.text, -1) {
		all := regexp.MustCompile(`\$\{(?:localEnv|env):([^}:]+)(:?)([^}]*)\}`).FindAllStringSubmatch(row, -1)
		var set, unset []string
		for _, m := range all {
			switch {
			case c.env[m[1]] != "":
				set = append(set, m[1])
			case m[2] == "":
				unset = append(unset, m[1])
			default:
				set = append(set, "")
			}
		}
		if len(set) == 2 && set[0] == "HOME" && set[1] == "USERPROFILE" {
			c.add("DC-VARIABLE", Warn, v.at, row, "both are set, and so the path stands there twice: "+c.env["HOME"]+c.env["USERPROFILE"], "unset USERPROFILE before the container is opened, or write ${localEnv:HOME}")
		}
		if len(set) > 0 || len(unset) == 0 {
			continue
		}
		name := unset[0]
		state, cause := Fail, "it is not set where the tools run, and nothing is put in its place"
		switch {
		case top == "containerEnv" || top == "remoteEnv" || top == "build" && !slices.Contains([]string{"dockerfile", "context", "target"}, key):
			state = Warn
			if regexp.MustCompile(`(?i)(^|_)proxy$|^(DISPLAY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|XAUTHORITY|SSH_AUTH_SOCK|TERM|COLORTERM|LANG|TZ|CI|EDITOR)$`).MatchString(name) {
				state = Note
			}
		case strings.HasSuffix(top, "Command"), top == "features", top == "runArgs" && !strings.Contains(v.text, "/"), top == "hostRequirements":
			state = Warn
		}
		what := top
		if key != "" {
			what += "." + key
		}
		c.add("DC-EMPTY-VARIABLE", state, v.at, what+": "+row, cause, "export "+name+"=… and open the container again, or give a default: ${localEnv:"+name+":…}")
	}
}
