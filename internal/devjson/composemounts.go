package devjson

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// origin judges what a service is made of, as far as the project has it.
// serviceBuild judges the build of a service.
// buildOf decodes the build of a service.
// volumes judges the mounts of a service.
func (c *check) volumes(s *service) {
	targets := map[string]string{}
	for _, f := range s.items("volumes") {
		m := mountOf(f)
		switch {
		case strings.Contains(m.Target, "$") || strings.Contains(m.Source, "$"):
			continue
		case m.Target == "" && m.Source != "" || m.Target == "" && f.in.Kind == yaml.MappingNode:
			c.addAt("DC-MOUNT", Fail, f.where(), m.Raw, "it has no target", "write SOURCE:TARGET")
			continue
		case !path.IsAbs(m.Target) && !regexp.MustCompile(`^[A-Za-z]:\\`).MatchString(m.Target):
			c.addAt("DC-MOUNT", Fail, f.where(), m.Raw, "the target "+m.Target+" is not absolute: docker says \"invalid mount path\"", "begin the target with /")
		}
		if file, twice := targets[path.Clean(m.Target)]; twice && file == f.file {
			c.addAt("DC-MOUNT", Warn, f.where(), m.Target+" is the target of two volumes of "+s.name, "the last one wins, and nobody says so", "keep one of them")
		}
		targets[path.Clean(m.Target)] = f.file
		switch {
		case m.Type == "volume" && m.Source != "" && c.project.whole && !c.declared("volumes", m.Source):
			fix := "write volumes: {" + m.Source + ": {}} at the top"
			if c.files != nil && !c.absent(path.Join(c.project.dir, m.Source)) {
				fix = "write ./" + m.Source + " if the folder is meant"
			}
			c.addAt("DC-VOLUME", Fail, f.where(), fmt.Sprintf("%s mounts the volume %q", s.name, m.Source), "the volume is not declared: Compose says \"refers to undefined volume\"", fix)
		case m.Type == "bind":
			c.bound(m, f.where())
		}
	}
}

// bound judges the source of a bind mount of Compose, where it is in the project.
func (c *check) bound(m Mount, at string) {
	where, known := c.inProject(c.project.dir, m.Source)
	if !known || c.files == nil || !c.absent(where) || c.made(where) {
		return
	}
	cause := "docker makes an empty folder there, which belongs to root"
	if path.Ext(where) != "" {
		cause += "; a program that wants a file at " + m.Target + " finds a folder"
	}
	c.addAt("DC-PATH", Warn, at, "the source "+where+" is not there", cause, "correct the path, or make it: "+makes(where))
}

func makes(where string) string {
	if path.Ext(where) != "" {
		return "touch " + where
	}
	return "mkdir -p " + where
}

// mountOf is a mount in one of its two forms.
func mountOf(f field) Mount {
	if f.in.Kind != yaml.MappingNode {
		return ParseVolume(f.in.Value)
	}
	m := Mount{Type: "volume"}
	for _, inner := range fields(f.file, f.in) {
		switch inner.key.Value {
		case "type":
			m.Type = inner.in.Value
		case "source":
			m.Source = inner.in.Value
		case "target":
			m.Target = inner.in.Value
		case "read_only":
			m.ReadOnly = inner.in.Value == "true"
		}
	}
	m.Raw = "type: " + m.Type + ", source: " + m.Source + ", target: " + m.Target
	return m
}

// envFiles judges that the files with variables are there.
// published judges the ports of the host.
// publishedPort is the host's side of a port, as a number or a range; "" where
// docker chooses one, or a variable decides.
// blanks names variables of the compose files that have no value anywhere.
