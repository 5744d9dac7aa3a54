package devjson

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

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

// given are the names that .env gives a value to.
func (c *check) given() map[string]bool {
	given := map[string]bool{}
	for _, file := range []string{path.Join(c.project.dir, ".env"), ".env"} {
		in, _ := c.look(file)
		for _, m := range regexp.MustCompile(`(?m)^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=`).FindAllSubmatch(in, -1) {
			given[string(m[1])] = true
		}
	}
	return given
}

// uncommented is a line of YAML without its comment.
func uncommented(line []byte) []byte { return regexp.MustCompile(`(^|\s)#.*`).ReplaceAll(line, nil) }

// foreign is about a variable of devcontainer.json in a Compose file, for which nobody gives Compose a value.
func (c *check) foreign(file string, in []byte) {
	given, n := c.given(), 0
	for line := range bytes.Lines(in) {
		n++
		for _, m := range regexp.MustCompile(`\$\{?((?:local|container)(?:WorkspaceFolder\w*|Env:\w*))(:?[-+])?\}?`).FindAllSubmatch(uncommented(line), -1) {
			name := string(m[1])
			if len(m[2]) > 0 || given[name] || c.env[name] != "" {
				continue
			}
			c.addAt("DC-VARIABLE", Warn, fmt.Sprintf("%s:%d", file, n), string(m[0]), "only devcontainer.json knows this variable; Compose takes it for an empty one", "write the path, or give the variable a value in .env")
			return
		}
	}
}

func (c *check) blanks() {
	if c.env == nil || c.files == nil || c.made(".env") {
		return
	}
	given := c.given()
	for _, file := range c.project.files {
		in, err := c.look(file)
		if err != nil {
			continue
		}
		n, said := 0, map[string]bool{}
		for line := range bytes.Lines(in) {
			n++
			for _, m := range regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)(:?[-?+])?[^}]*\}|\$([A-Za-z_]\w*)`).FindAllSubmatch(uncommented(line), -1) {
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
