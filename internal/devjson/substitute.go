package devjson

import (
	"path"
	"regexp"
	"strings"
)

// Variables are what the variables of a devcontainer.json stand for. What is not
// known stays as it is written.
type Variables struct {
	Env                      map[string]string // of where the tool runs; nil when it is not known
	ContainerEnv             map[string]string // nil when it is not known
	LocalWorkspaceFolder     string
	ContainerWorkspaceFolder string
	DevcontainerID           string
}

// Substitute is a text with its variables replaced, as the CLI does it: one of
// the environment that is not set is its default, or nothing.
func (v Variables) Substitute(in string) string {
	return variable().ReplaceAllStringFunc(in, func(written string) string {
		if said, known := v.lookup(written[2 : len(written)-1]); known {
			return said
		}
		return written
	})
}

func variable() *regexp.Regexp { return regexp.MustCompile(`\$\{.*?\}`) }

func (v Variables) lookup(name string) (said string, known bool) {
	name, rest, _ := strings.Cut(name, ":")
	env := func(of map[string]string) (string, bool) {
		key, fallback, _ := strings.Cut(rest, ":")
		fallback, _, _ = strings.Cut(fallback, ":") // the CLI takes no more of it
		if said, set := of[key]; set {
			return said, true
		}
		return fallback, of != nil
	}
	base := func(of string) (string, bool) { return path.Base(strings.ReplaceAll(of, `\`, "/")), of != "" }
	switch name {
	case "localEnv", "env":
		return env(v.Env)
	case "containerEnv":
		return env(v.ContainerEnv)
	case "localWorkspaceFolder":
		return v.LocalWorkspaceFolder, v.LocalWorkspaceFolder != ""
	case "localWorkspaceFolderBasename":
		return base(v.LocalWorkspaceFolder)
	case "containerWorkspaceFolder":
		return v.ContainerWorkspaceFolder, v.ContainerWorkspaceFolder != ""
	case "containerWorkspaceFolderBasename":
		return base(v.ContainerWorkspaceFolder)
	case "devcontainerId":
		return v.DevcontainerID, v.DevcontainerID != ""
	}
	return "", false
}

// Substitute are the settings with the variables of every value replaced. Their
// places stay.
func (s Settings) Substitute(v Variables) Settings {
	return settings(v.within(s.root), s.text)
}

func (v Variables) within(of value) value {
	if of.kind == text {
		of.text = v.Substitute(of.text)
	}
	items, members := of.items, of.members
	of.items, of.members = nil, nil
	for _, item := range items {
		of.items = append(of.items, v.within(item))
	}
	for _, m := range members {
		of.members = append(of.members, member{m.key, m.at, v.within(m.value)})
	}
	return of
}
