package devjson

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

// base judges where the container comes from: an image, a Dockerfile, or a
// service of Compose; one of them.
func (c *check) base(root value) {
	c.empty(root, "image", "dockerFile", "service", "workspaceFolder")
	c.empty(root.get("build"), "dockerfile")
	image, hasImage := root.named("image")
	file, hasFile := root.named("dockerFile")
	if root.find("dockerFile") == nil {
		file, hasFile = root.get("build").named("dockerfile")
	}
	compose := root.find("dockerComposeFile")
	switch {
	case compose != nil && (hasImage || hasFile):
		c.add("DC-BOTH", Fail, compose.at, "dockerComposeFile, and an image or a Dockerfile", "Compose decides, and the other is not read", "keep one of them; the image of a service belongs into the compose file")
	case hasImage && hasFile:
		c.add("DC-BOTH", Fail, image.at, "image and a Dockerfile", "the CLI builds the Dockerfile and gives the result the name of the image, which it covers from then on", "keep one of them; the image belongs behind FROM")
	case compose == nil && !hasImage && !hasFile && !c.meant && root.find("image") == nil && root.find("dockerFile") == nil && root.get("build").find("dockerfile") == nil:
		c.add("DC-BASE", Fail, root.at, "none of image, dockerFile, build.dockerfile, dockerComposeFile", "nothing says what the container is made of", `add one of them, "image" being the simplest`)
	}
	if hasImage {
		c.reference(image.text, func(evidence, cause, fix string) { c.add("DC-FROM", Fail, image.at, evidence, cause, fix) })
		c.image = builtFrom{image: image.text, whole: true}
	}
	if hasFile {
		c.dockerfile(root, file)
	}
	if compose != nil {
		c.compose(root, *compose)
	}
}

// empty names texts that say nothing.
func (c *check) empty(of value, keys ...string) {
	for _, key := range keys {
		if m := of.find(key); m != nil && m.value.kind == text && m.value.text == "" {
			c.add("DC-TYPE", Fail, m.value.at, key+" is empty", "an empty text names nothing", "give it a value, or take the key out")
		}
	}
}

// named is a member that is a text, and not empty.
func (v value) named(key string) (value, bool) {
	named := v.get(key)
	return named, named.kind == text && named.text != ""
}

// reference judges the name of an image.
func (c *check) reference(name string, say func(evidence, cause, fix string)) {
	if strings.Contains(name, "$") {
		return
	}
	rest, _, _ := strings.Cut(name, "@")
	repository := rest
	if slash := strings.LastIndexByte(rest, '/'); strings.LastIndexByte(rest, ':') > slash {
		repository = rest[:strings.LastIndexByte(rest, ':')]
	}
	_, local, hasHost := strings.Cut(repository, "/")
	if !hasHost || !strings.ContainsAny(repository[:strings.IndexByte(repository, '/')], ".:") {
		local = repository
	}
	switch {
	case strings.TrimSpace(name) != name || strings.ContainsAny(name, " \t\\"):
		say(name, "the name of an image has no spaces and no backslashes: docker says \"invalid reference format\"", "write it like mcr.microsoft.com/devcontainers/base:debian")
	case strings.ToLower(local) != local:
		say(name, "docker says \"repository name must be lowercase\"", "write "+strings.ReplaceAll(name, local, strings.ToLower(local)))
	case strings.Contains(name, "://"):
		say(name, "the name of an image is no address: docker says \"invalid reference format\"", "leave out "+name[:strings.Index(name, "://")+3])
	case strings.HasSuffix(name, ":"), strings.HasSuffix(name, "/"), strings.HasPrefix(name, ":"), strings.HasPrefix(name, "/"):
		say(name, "a part of the name is missing: docker says \"invalid reference format\"", "write it like mcr.microsoft.com/devcontainers/base:debian")
	}
}

// dockerfile judges the Dockerfile and its context.
func (c *check) dockerfile(root, file value) {
	folder := path.Dir(c.path)
	where, known := c.inProject(folder, file.text)
	if !known {
		return
	}
	in, err := c.look(where)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.add("DC-DOCKERFILE", Fail, file.at, where+" is not there", "the path is taken from the folder of "+c.path, "correct the path, or add the file"+c.elsewhere(path.Base(where), folder))
		return
	case err != nil:
		c.add("DC-DOCKERFILE", Fail, file.at, where+" cannot be read", err.Error(), "see what it is, and who may read it")
		return
	}
	context := path.Dir(where)
	contextKnown := true
	of := root.get("build")
	if root.find("dockerFile") != nil {
		of = root
	}
	if at, written := of.named("context"); written {
		context, contextKnown = c.buildContext(folder, at)
	}
	if !contextKnown {
		context = ""
	}
	c.build(building{file: where, text: in, context: context, args: c.settings.BuildArgs, target: c.settings.Target, at: func(key string) string {
		if place := c.settings.Where("build", key); place.Line > 0 {
			return c.path + ":" + place.String()
		}
		return c.path
	}})
}

// buildContext is the folder of a build.
func (c *check) buildContext(folder string, at value) (where string, known bool) {
	where, known = c.inProject(folder, at.text)
	if known && c.noFolder(where) {
		c.add("DC-PATH", Fail, at.at, "the context "+where+" is not there", "the path is taken from the folder of "+c.path+", and what is built from is a folder", `correct the path: "context": ".." is the folder above`)
		return where, false
	}
	return where, known
}

// elsewhere says where else a file of that name is.
func (c *check) elsewhere(name string, not string) string {
	if c.files == nil {
		return ""
	}
	for _, folder := range []string{".devcontainer", ".", "docker", "scripts", "bin", ".devcontainer/scripts", "tools", "infrastructure"} {
		if where := path.Join(folder, name); folder != not && !c.absent(where) {
			return "; there is " + where
		}
	}
	return ""
}
