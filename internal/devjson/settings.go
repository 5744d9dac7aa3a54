package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// Settings are the values of a devcontainer.json. A key that is not there, or
// whose value is of another type, has its zero value: Check is what complains.
type Settings struct {
	Name, Image                 string
	Dockerfile, Context, Target string // of build, or in the old spelling
	BuildArgs                   map[string]string
	BuildOptions, CacheFrom     []string
	ComposeFiles                []string
	Service                     string
	RunServices                 []string
	WorkspaceFolder             string
	WorkspaceMount              string // as written
	Mounts                      []Mount
	RunArgs                     []string
	RunMounts                   []Mount // the -v and --mount of RunArgs
	RemoteUser, ContainerUser   string
	UpdateRemoteUserUID         *bool    // nil: the tools' own, which is true on Linux
	ForwardPorts, AppPort       []string // "8000", "db:5432", "8000:80"
	PortsAttributes             []Port
	ContainerEnv, RemoteEnv     map[string]string
	RemoteUnset                 []string // keys of remoteEnv that are null
	Lifecycle                   []LifecycleCommand
	Features                    []Feature         // in the order of the file
	Extensions                  []string          // of VS Code
	Editor                      map[string]string // settings of VS Code that are no object or list
	OverrideCommand             *bool             // nil: true, but for Compose
	ShutdownAction, WaitFor     string
	Init, Privileged            bool
	CapAdd, SecurityOpt         []string
	HostRequirements            HostRequirements

	root value
	text []byte
}

// Place is where something stands in the file, counted from 1. The zero Place is
// that of what is not there.
type Place struct{ Line, Column int }

func (p Place) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Mount is one of mounts, of the -v and --mount in runArgs, or a workspaceMount.
type Mount struct {
	Type, Source, Target string // Type is volume where nothing says it
	ReadOnly             bool
	Raw                  string // as written; of an object "type=…,source=…,target=…"
	At                   Place
}

// Port is an entry of portsAttributes.
type Port struct {
	Port, Label, OnAutoForward, Protocol string
	RequireLocalPort                     bool
	At                                   Place
}

// LifecycleCommand is a command of a lifecycle key: a line of the shell, or a
// program and its arguments.
type LifecycleCommand struct {
	Name  string // initializeCommand, …
	Part  string // its key in an object, "" where there is one command
	Shell string
	Argv  []string
	At    Place
}

// Feature is one of features.
type Feature struct {
	ID      string
	Options map[string]string // what is no text as it is written; the version alone is "version"
	At      Place
}

// HostRequirements are what the machine has to have; GPU is "", "true", "false",
// "optional", or "object".
type HostRequirements struct {
	CPUs                 int
	Memory, Storage, GPU string
}

// Lifecycle are the lifecycle keys in the order in which they run. The first one
// runs on the host, the others inside of the container.
func Lifecycle() []string {
	return []string{"initializeCommand", "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"}
}

// Read takes from a text what can be understood, as the tools do: of a key that
// is there twice the last one, and of a file that stops to make sense what stands
// before that. It fails when there is no object at all.
func Read(text []byte) (Settings, error) {
	plain := regexp.MustCompile(`(?m)^(<<<<<<< |\|\|\|\|\|\|\| |=======\r?$|>>>>>>> ).*$`).ReplaceAllFunc(text, func(mark []byte) []byte {
		return bytes.Repeat([]byte(" "), len(mark))
	})
	root, problems, _ := understood(plain)
	if root.kind != object {
		if len(problems) > 0 {
			line, column := position(text, problems[0].at)
			return Settings{}, fmt.Errorf("read devcontainer.json: %d:%d: %s", line, column, problems[0].evidence)
		}
		return Settings{}, errors.New("read devcontainer.json: it holds " + root.kind.String() + ", and no object")
	}
	return settings(*root, text), nil
}

// Where is the place of a value: Where("build", "dockerfile"), Where("mounts", 0).
func (s Settings) Where(way ...any) Place {
	v := s.root
	for _, step := range way {
		switch step := step.(type) {
		case string:
			m := v.find(step)
			if m == nil {
				return Place{}
			}
			v = m.value
		case int:
			if step < 0 || step >= len(v.items) {
				return Place{}
			}
			v = v.items[step]
		default:
			return Place{}
		}
	}
	return s.place(v.at)
}

func (s Settings) place(at int) Place {
	line, column := position(s.text, at)
	return Place{line, column}
}

// settings decodes.
func settings(root value, in []byte) Settings {
	s := Settings{root: root, text: in}
	build := root.get("build")
	s.Name, s.Image = root.get("name").word(), root.get("image").word()
	s.Dockerfile, s.Context, s.Target = build.get("dockerfile").word(), build.get("context").word(), build.get("target").word()
	if root.find("dockerFile") != nil { // the old spelling decides, and has a context of its own
		s.Dockerfile, s.Context = root.get("dockerFile").word(), root.get("context").word()
	}
	s.BuildArgs, _ = build.get("args").table()
	s.BuildOptions, s.CacheFrom = build.get("options").words(), build.get("cacheFrom").words()
	s.ComposeFiles, s.Service, s.RunServices = root.get("dockerComposeFile").words(), root.get("service").word(), root.get("runServices").words()
	s.WorkspaceFolder, s.WorkspaceMount = root.get("workspaceFolder").word(), root.get("workspaceMount").word()
	s.RunArgs = root.get("runArgs").words()
	s.mounts()
	s.RemoteUser, s.ContainerUser = root.get("remoteUser").word(), root.get("containerUser").word()
	s.UpdateRemoteUserUID, s.OverrideCommand = root.get("updateRemoteUserUID").yes(), root.get("overrideCommand").yes()
	s.ForwardPorts, s.AppPort = root.get("forwardPorts").words(), root.get("appPort").words()
	s.ContainerEnv, _ = root.get("containerEnv").table()
	s.RemoteEnv, s.RemoteUnset = root.get("remoteEnv").table()
	s.Extensions = append(root.get("extensions").words(), root.get("customizations").get("vscode").get("extensions").words()...)
	s.Editor, _ = root.get("customizations").get("vscode").get("settings").table()
	if s.Editor == nil {
		s.Editor, _ = root.get("settings").table()
	}
	s.ShutdownAction, s.WaitFor = root.get("shutdownAction").word(), root.get("waitFor").word()
	s.Init, s.Privileged = root.get("init").text == "true", root.get("privileged").text == "true"
	s.CapAdd, s.SecurityOpt = root.get("capAdd").words(), root.get("securityOpt").words()
	host := root.get("hostRequirements")
	s.HostRequirements = HostRequirements{Memory: host.get("memory").scalar(), Storage: host.get("storage").scalar(), GPU: host.get("gpu").scalar()}
	s.HostRequirements.CPUs, _ = strconv.Atoi(host.get("cpus").text)
	if host.get("gpu").kind == object {
		s.HostRequirements.GPU = "object"
	}
	for _, m := range root.get("portsAttributes").last() {
		s.PortsAttributes = append(s.PortsAttributes, Port{m.key, m.value.get("label").word(), m.value.get("onAutoForward").word(), m.value.get("protocol").word(), m.value.get("requireLocalPort").text == "true", s.place(m.at)})
	}
	for _, m := range root.get("features").last() {
		f := Feature{ID: m.key, At: s.place(m.at)}
		if f.Options, _ = m.value.table(); m.value.kind == text {
			f.Options = map[string]string{"version": m.value.text}
		}
		s.Features = append(s.Features, f)
	}
	s.lifecycle()
	return s
}

// lifecycle decodes the three forms of a command.
func (s *Settings) lifecycle() {
	for _, key := range Lifecycle() {
		m := s.root.find(key)
		if m == nil {
			continue
		}
		parts := []member{{value: m.value}}
		if m.value.kind == object {
			parts = m.value.last()
		}
		for _, part := range parts {
			c := LifecycleCommand{Name: key, Part: part.key, Shell: part.value.word(), At: s.place(part.value.at)}
			if part.value.kind == array {
				c.Argv = part.value.words()
			}
			if c.Shell != "" || len(c.Argv) > 0 {
				s.Lifecycle = append(s.Lifecycle, c)
			}
		}
	}
}
