package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (c *check) composeFile(file value, first bool) (whole bool) {
	where, known := c.inProject(path.Dir(c.path), file.text)
	if !known {
		return false
	}
	if first {
		c.project.dir = path.Dir(where)
	}
	in, err := c.look(where)
	if errors.Is(err, fs.ErrNotExist) {
		c.add("DC-COMPOSE", Fail, file.at, where+" is not there", "the path is taken from the folder of "+c.path, "correct the path, or add the file"+c.elsewhere(path.Base(where), path.Dir(where)))
		return false
	}
	var read yaml.Node
	if err == nil {
		err = yaml.Unmarshal(in, &read)
	}
	if err != nil {
		c.unreadable(where, in, err)
		return false
	}
	c.foreign(where, in)
	if len(read.Content) == 0 {
		c.addAt("DC-COMPOSE", Fail, where, "the file is empty", "Compose says \"empty compose file\"", "write its services")
		return false
	}
	c.project.files = append(c.project.files, where)
	c.twice(where, read.Content[0], 0)
	whole = true
	for _, f := range fields(where, read.Content[0]) {
		c.project.tops = append(c.project.tops, f)
		switch f.key.Value {
		case "include":
			whole = false
		case "services":
			for _, s := range fields(where, f.in) {
				known := c.project.service(s.key.Value)
				if known == nil {
					known = &service{name: s.key.Value}
					c.project.services = append(c.project.services, known)
				}
				known.parts = append(known.parts, s)
			}
		}
	}
	return whole
}

func (c *check) unreadable(where string, in []byte, err error) {
	said := strings.ReplaceAll(err.Error(), "\n", " ")
	fix := "docker compose -f " + where + " config shows more"
	at := where
	if line := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(said); line != nil {
		at += ":" + line[1]
	}
	n := 0
	for line := range bytes.Lines(in) {
		if n++; regexp.MustCompile(`^ *\t\s*\S`).Match(line) {
			c.addAt("DC-COMPOSE", Fail, fmt.Sprintf("%s:%d", where, n), "the line begins with a tab", "YAML takes spaces only: "+said, "put spaces in its place: expand -t 2 "+where)
			return
		}
	}
	c.addAt("DC-COMPOSE", Fail, at, "it cannot be read", said, fix)
}

func (c *check) twice(file string, of *yaml.Node, depth int) {
	if depth > 50 {
		return
	}
	seen := map[string]int{}
	for i, n := range of.Content {
		if of.Kind == yaml.MappingNode && i%2 == 0 {
			if line, there := seen[n.Value]; there && n.Tag != "!!merge" {
				c.addAt("DC-DUPLICATE", Fail, fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column), fmt.Sprintf("the key %q is there already, in line %d", n.Value, line), "Compose says \"mapping key already defined\" and does not start", "take one of the two out")
			}
			seen[n.Value] = n.Line
		}
		c.twice(file, n, depth+1)
	}
}
