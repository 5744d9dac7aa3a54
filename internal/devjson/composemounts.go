package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// origin judges what a service is made of, as far as the project has it.
func (c *check) origin(s *service) {
	images, builds := s.get("image"), s.get("build")
	if len(images)+len(builds)+len(s.get("extends"))+len(s.get("provider")) == 0 && c.project.whole && !s.meant && len(s.parts) > 0 && s.parts[0].in.Kind == yaml.MappingNode {
		c.addAt("DC-COMPOSE", Fail, s.parts[0].where(), s.name+" has neither image nor build", "Compose says \"has neither an image nor a build context specified\"", "give it one of them")
	}
	mine := s.name == c.settings.Service
	if len(images) > 0 {
		f := images[len(images)-1]
		c.reference(f.in.Value, func(evidence, cause, fix string) { c.addAt("DC-FROM", Fail, f.where(), evidence, cause, fix) })
		if mine && len(builds) == 0 {
			c.image = builtFrom{image: f.in.Value, whole: !strings.Contains(f.in.Value, "$")}
		}
	}
	if len(builds) == 0 {
		return
	}
	c.serviceBuild(s, builds[len(builds)-1], mine)
}

// serviceBuild judges the build of a service.
func (c *check) serviceBuild(s *service, f field, mine bool) {
	b, context, file, inline := buildOf(f)
	where, known := c.inProject(c.project.dir, context)
	if regexp.MustCompile(`^([a-z+]+://|git@|github\.com/)`).MatchString(context) || inline || !known {
		return
	}
	if c.noFolder(where) {
		c.addAt("DC-PATH", Fail, f.where(), fmt.Sprintf("%s is built from %s, which is not there", s.name, where), "the path is taken from "+c.project.dir, "correct the path")
		return
	}
	b.context = where
	if b.file, known = c.inProject(where, file); !known {
		return
	}
	in, err := c.look(b.file)
	if errors.Is(err, fs.ErrNotExist) {
		c.addAt("DC-DOCKERFILE", Fail, f.where(), b.file+" is not there", "the path is taken from the context of the build, which is "+where, "correct build.dockerfile, or add the file"+c.elsewhere(path.Base(b.file), path.Dir(b.file)))
	}
	if err == nil {
		b.text = in
		kept := c.image
		if c.build(b); !mine {
			c.image = kept
		}
	}
}

// buildOf decodes the build of a service.
func buildOf(f field) (b building, context, file string, inline bool) {
	b = building{args: map[string]string{}, at: func(string) string { return f.where() }}
	file = "Dockerfile"
	if f.in.Kind == yaml.ScalarNode {
		context = f.in.Value
	}
	for _, inner := range fields(f.file, f.in) {
		switch inner.key.Value {
		case "context":
			context = inner.in.Value
		case "dockerfile":
			file = inner.in.Value
		case "dockerfile_inline":
			inline = true
		case "target":
			b.target = inner.in.Value
		case "args":
			for _, arg := range (&service{parts: []field{{f.file, f.key, f.in}}}).items("args") {
				name, said, _ := strings.Cut(arg.key.Value, "=")
				if arg.in != arg.key {
					said = arg.in.Value
				}
				b.args[name] = said
			}
		}
	}
	return b, context, file, inline
}

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
			c.addAt("DC-MOUNT", Fail, f.where(), m.Target+" is the target of two volumes of "+s.name, "docker says \"Duplicate mount point\"", "keep one of them")
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
func (c *check) envFiles(s *service) {
	for _, f := range s.get("env_file") {
		items := []*yaml.Node{f.in}
		if f.in.Kind == yaml.SequenceNode {
			items = f.in.Content
		}
		for _, item := range items {
			name, required := resolved(item).Value, true
			for _, inner := range fields(f.file, item) {
				switch inner.key.Value {
				case "path":
					name = inner.in.Value
				case "required":
					required = inner.in.Value != "false"
				}
			}
			where, known := c.inProject(c.project.dir, name)
			if !known || name == "" || !required || !c.absent(where) || c.made(where) {
				continue
			}
			fix := "make the file, or write {path: " + name + ", required: false}"
			for _, example := range []string{where + ".example", where + ".sample", where + ".template", where + ".dist", path.Join(path.Dir(where), "env.example")} {
				if !c.absent(example) {
					fix = "cp " + example + " " + where
					break
				}
			}
			c.addAt("DC-ENV-FILE", Fail, field{f.file, item, item}.where(), where+" is not there", "Compose says \"env file not found\" and does not start", fix)
		}
	}
}

// publication is a port of the host, and who has it.
type publication struct {
	service, file, host string
	alone               bool // whether it runs whenever the others do
}

// published judges the ports of the host.
func (c *check) published(s *service, taken map[string]publication) {
	for _, f := range s.items("ports") {
		host, port, proto := publishedPort(f)
		from, to, ranged := strings.Cut(port, "-")
		first, err := strconv.Atoi(from)
		last := first
		if ranged && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || last-first > 200 {
			continue
		}
		if first < 0 || last > 65535 {
			c.addAt("DC-PORT", Fail, f.where(), fmt.Sprintf("%s publishes %s", s.name, port), "ports go from 1 to 65535", "correct the number")
			continue
		}
		for n := first; n <= last && n > 0; n++ {
			key := fmt.Sprintf("%d/%s", n, proto)
			p := publication{s.name, f.file, host, len(s.get("profiles")) == 0 && len(c.settings.RunServices) == 0}
			other, there := taken[key]
			if there && (other.service != s.name || other.file == f.file) && (other.host == host || other.host == "" || host == "") {
				state := Note // they need not run together
				if p.alone && other.alone {
					state = Fail
				}
				c.addAt("DC-PORT", state, f.where(), fmt.Sprintf("port %d of the host is published by %s and by %s", n, other.service, s.name), "only one can have it: docker says \"port is already allocated\"", "give one of them another port of the host")
			}
			taken[key] = p
		}
	}
}

// publishedPort is the host's side of a port, as a number or a range; "" where
// docker chooses one, or a variable decides.
func publishedPort(f field) (host, port, proto string) {
	proto = "tcp"
	if f.in.Kind == yaml.MappingNode {
		for _, inner := range fields(f.file, f.in) {
			switch inner.key.Value {
			case "published":
				port = inner.in.Value
			case "host_ip":
				host = inner.in.Value
			case "protocol":
				proto = inner.in.Value
			}
		}
	} else if m := regexp.MustCompile(`^(?:(\[[^\]]*\]|[0-9.]+):)?(\d+(?:-\d+)?):\d+(?:-\d+)?(?:/(\w+))?$`).FindStringSubmatch(f.in.Value); m != nil {
		host, port = m[1], m[2]
		if m[3] != "" {
			proto = m[3]
		}
	}
	if host == "0.0.0.0" {
		host = ""
	}
	return host, port, proto
}

// blanks names variables of the compose files that have no value anywhere.
func (c *check) blanks() {
	if c.env == nil || c.files == nil || c.made(".env") {
		return
	}
	given := map[string]bool{}
	for _, file := range []string{path.Join(c.project.dir, ".env"), ".env"} {
		in, _ := c.look(file)
		for _, m := range regexp.MustCompile(`(?m)^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=`).FindAllSubmatch(in, -1) {
			given[string(m[1])] = true
		}
	}
	for _, file := range c.project.files {
		in, err := c.look(file)
		if err != nil {
			continue
		}
		n, said := 0, map[string]bool{}
		for line := range bytes.Lines(in) {
			n++
			code := regexp.MustCompile(`(^|\s)#.*`).ReplaceAll(line, nil)
			for _, m := range regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(:?[-?+])?[^}]*\}|\$([A-Za-z_]\w*)`).FindAllSubmatch(code, -1) {
				name, op := string(m[1])+string(m[3]), strings.TrimPrefix(string(m[2]), ":")
				value, set := c.env[name]
				if name == "" || op == "-" || op == "+" || given[name] || set && (value != "" || op == "") || said[name] || regexp.MustCompile(`^(local|container)(WorkspaceFolder|Env)|^COMPOSE_|^PWD$`).MatchString(name) {
					continue
				}
				said[name] = true
				at := fmt.Sprintf("%s:%d", file, n)
				if op == "?" {
					c.addAt("DC-EMPTY-VARIABLE", Fail, at, "${"+name+"} has no value", "it is required: Compose says \"required variable is missing a value\"", "write "+name+"=… into "+path.Join(c.project.dir, ".env"))
				} else {
					c.addAt("DC-EMPTY-VARIABLE", Warn, at, "${"+name+"} has no value", "neither the environment nor .env has it, and Compose puts nothing in its place", "write "+name+"=… into "+path.Join(c.project.dir, ".env")+", or a default: ${"+name+":-…}")
				}
			}
		}
	}
}
