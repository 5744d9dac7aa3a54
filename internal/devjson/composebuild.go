package devjson

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (c *check) origin(s *service) {
	images, builds := s.get("image"), s.get("build")
	if len(images)+len(builds)+len(s.get("extends"))+len(s.get("provider")) == 0 && c.project.whole && !s.meant && len(s.parts) > 0 && s.parts[0].in.Kind == yaml.MappingNode {
		c.addAt("DC-COMPOSE", Fail, s.parts[0].where(), s.name+" has neither image nor build", "Compose says \"has neither an image nor a build context specified\"", "give it one of them")
	}
	if restart := s.get("restart"); len(restart) > 0 {
		f := restart[len(restart)-1]
		may := []string{"no", "always", "on-failure", "unless-stopped"}
		if policy, _, _ := strings.Cut(f.in.Value, ":"); f.in.Kind == yaml.ScalarNode && !strings.Contains(policy, "$") && policy != "false" && policy != "" && !slices.Contains(may, policy) {
			c.addAt("DC-ENUM", Fail, f.where(), fmt.Sprintf("restart is %q", f.in.Value), "docker says \"invalid restart policy\"", suggested(policy, may, "write one of: "+strings.Join(may, ", ")))
		}
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
