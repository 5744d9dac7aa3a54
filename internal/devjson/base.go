package devjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// base judges where the container comes from: an image, a Dockerfile, or a
// service of Compose; one of them.
func (c *check) base(root value) {
	image, hasImage := c.word(root, "image")
	file, hasFile := c.word(root, "dockerFile")
	if build := root.find("build"); build != nil && c.is(*build, object) {
		if in, there := c.word(build.value, "dockerfile"); there {
			file, hasFile = in, true
		}
	}
	compose := root.find("dockerComposeFile")
	switch {
	case compose != nil && (hasImage || hasFile):
		c.add("DC-BOTH", Fail, compose.at, "dockerComposeFile, and an image or a Dockerfile", "Compose decides, and the other is not read", "keep one of them; the image of a service belongs into the compose file")
	case hasImage && hasFile:
		c.add("DC-BOTH", Fail, image.at, "image and a Dockerfile", "the CLI builds the Dockerfile and gives the result the name of the image, which it covers from then on", "keep one of them; the image belongs behind FROM")
	case compose == nil && !hasImage && !hasFile:
		c.add("DC-BASE", Fail, root.at, "none of image, dockerFile, build.dockerfile, dockerComposeFile", "nothing says what the container is made of", `add one of them, "image" being the simplest`)
	}
	if hasFile {
		c.dockerfile(file)
	}
	if compose != nil {
		c.compose(root, *compose)
	}
}

func (c *check) dockerfile(file value) {
	where, known := c.resolve(file.text)
	if !known {
		return
	}
	if _, err := c.look(where); errors.Is(err, fs.ErrNotExist) {
		c.add("DC-DOCKERFILE", Fail, file.at, where+" is not there", "the path is taken from the folder of "+c.path, "correct the path, or add the file")
	} else if err != nil {
		c.add("DC-DOCKERFILE", Fail, file.at, where+" cannot be read", err.Error(), "see what it is, and who may read it")
	}
}

// compose judges the compose files, and that one of them has the service.
func (c *check) compose(root value, m member) {
	var files []value
	switch m.value.kind {
	case text:
		files = []value{m.value}
	case array:
		files = slices.DeleteFunc(slices.Clone(m.value.items), func(v value) bool { return v.kind != text })
	default:
		c.add("DC-TYPE", Fail, m.value.at, "dockerComposeFile is "+m.value.kind.String(), "it is a path, or a list of paths", "write the path in double quotes")
		return
	}
	var services []string
	whole := len(files) > 0 // whether every service is known
	for _, file := range files {
		names, all := c.composeFile(file)
		services, whole = append(services, names...), whole && all
	}
	service, there := c.word(root, "service")
	switch {
	case !there:
		c.add("DC-SERVICE", Fail, m.at, "there is no key service", "nothing says which service of the compose file is the devcontainer", `add "service"`)
	case whole && !slices.Contains(services, service.text):
		slices.Sort(services)
		c.add("DC-SERVICE", Fail, service.at, fmt.Sprintf("no compose file has a service %q", service.text), "there are: "+strings.Join(slices.Compact(services), ", "), "name one of these, or add the service")
	}
}

// composeFile are the services of a file; all says that there are no others.
func (c *check) composeFile(file value) (services []string, all bool) {
	where, known := c.resolve(file.text)
	if !known {
		return nil, false
	}
	in, err := c.look(where)
	if errors.Is(err, fs.ErrNotExist) {
		c.add("DC-COMPOSE", Fail, file.at, where+" is not there", "the path is taken from the folder of "+c.path, "correct the path, or add the file")
		return nil, false
	}
	var read struct {
		Services map[string]any `yaml:"services"`
		Include  any            `yaml:"include"`
	}
	if err == nil {
		err = yaml.Unmarshal(in, &read)
	}
	if err != nil {
		c.addAt("DC-COMPOSE", Fail, where, "it cannot be read", strings.ReplaceAll(err.Error(), "\n", " "), "docker compose -f "+where+" config shows more")
		return nil, false
	}
	foreign := regexp.MustCompile(`\$\{?(localWorkspaceFolder|containerWorkspaceFolder|localEnv:|containerEnv:)\w*`)
	if at := foreign.FindIndex(in); at != nil {
		line := bytes.Count(in[:at[0]], []byte("\n")) + 1
		c.addAt("DC-VARIABLE", Warn, fmt.Sprintf("%s:%d", where, line), string(in[at[0]:at[1]]), "only devcontainer.json knows this variable; Compose takes it for an empty one", "write the path, or give the variable a value in .env")
	}
	for name := range read.Services {
		services = append(services, name)
	}
	return services, read.Include == nil
}

// resolve is a path of the file from the root of the project; not known when a
// variable decides, or when it leads out of the project.
func (c *check) resolve(name string) (where string, known bool) {
	if rest, in := strings.CutPrefix(name, "${localWorkspaceFolder}/"); in {
		where = path.Clean(rest)
	} else {
		where = path.Join(path.Dir(c.path), name)
	}
	return where, fs.ValidPath(where) && !path.IsAbs(name) && !strings.Contains(where, "${")
}

// word is a member that has to be a text.
func (c *check) word(of value, key string) (value, bool) {
	m := of.find(key)
	if m == nil || !c.is(*m, text) {
		return value{}, false
	}
	if m.value.text == "" {
		c.add("DC-TYPE", Fail, m.value.at, key+" is empty", "an empty text names nothing", "give it a value, or take the key out")
		return value{}, false
	}
	return m.value, true
}

// is wants a member to be of a kind.
func (c *check) is(m member, want kind) bool {
	if m.value.kind != want {
		c.add("DC-TYPE", Fail, m.value.at, m.key+" is "+m.value.kind.String(), "it has to be "+want.String(), "correct the value")
	}
	return m.value.kind == want
}
