package devjson

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// features judges the ids of features. An id that is well-formed may still not
// be fetched: that is seen when the container is built.
func (c *check) features(root value) {
	m := root.find("features")
	if m == nil || !c.is(*m, object) {
		return
	}
	for _, feature := range m.value.members {
		c.feature(feature)
	}
}

const features = "https://containers.dev/features lists those there are"

func (c *check) feature(m member) {
	id := m.key
	switch {
	case strings.HasPrefix(id, "./"), strings.HasPrefix(id, "../"):
		c.localFeature(m)
	case regexp.MustCompile(`^https://\S+/devcontainer-feature-[a-z0-9_-]+\.tgz$`).MatchString(id):
	case strings.Contains(id, "://"):
		c.add("DC-FEATURE", Fail, m.at, id, "an address of a feature is https://…/devcontainer-feature-ID.tgz", features)
	case regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(id):
		c.add("DC-FEATURE", Warn, m.at, id, "a name alone is of the old kind, which the CLI takes for some features only", "write ghcr.io/devcontainers/features/"+strings.ToLower(id)+":1; "+features)
	case !ociID().MatchString(id):
		c.add("DC-FEATURE", Fail, m.at, id, "an id is REGISTRY/NAMESPACE/NAME:VERSION, as ghcr.io/devcontainers/features/git:1", features)
	case !strings.ContainsAny(id[:strings.IndexByte(id, '/')], ".:") && !strings.HasPrefix(id, "localhost/"):
		c.add("DC-FEATURE", Warn, m.at, id, "its first part names no registry", "write ghcr.io/"+strings.ToLower(id)+", if that is what is meant")
	}
}

// ociID is the reference of an artifact: a registry, a path, and a tag or a
// digest.
func ociID() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9]+([.-][A-Za-z0-9]+)*(:[0-9]{1,5})?(/[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})?$`)
}

// localFeature is one that the project itself holds, in a folder of
// .devcontainer.
func (c *check) localFeature(m member) {
	folder, known := c.resolve(m.key)
	if !known || !strings.HasPrefix(folder, ".devcontainer/") {
		c.add("DC-FEATURE", Fail, m.at, m.key, "a feature of the project lives in a folder of .devcontainer, and the path begins at the folder of "+c.path, "move it there")
		return
	}
	where := path.Join(folder, "devcontainer-feature.json")
	if _, err := c.look(where); errors.Is(err, fs.ErrNotExist) {
		c.add("DC-FEATURE", Fail, m.at, where+" is not there", "a folder is a feature by this file; the name has a hyphen", "correct the path, or the name of the file")
	}
}

// extensions judges the ids of extensions of VS Code. One that is malformed is
// passed over without a word.
func (c *check) extensions(root value) {
	for _, way := range [][]string{{"extensions"}, {"customizations", "vscode", "extensions"}} {
		at := root
		for _, key := range way {
			m := at.find(key)
			if at = (value{}); m != nil {
				at = m.value
			}
		}
		for _, id := range at.items {
			shape := regexp.MustCompile(`^-?[A-Za-z0-9][A-Za-z0-9-]*\.[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9.-]+)?$`)
			evidence := id.kind.String()
			if id.kind == text {
				evidence = strconv.Quote(id.text)
			}
			if id.kind != text || !shape.MatchString(id.text) && !strings.HasSuffix(id.text, ".vsix") {
				c.add("DC-EXTENSION", Warn, id.at, evidence, "an id is PUBLISHER.NAME; another one is passed over without a word", "copy the id from the page of the extension")
			}
		}
	}
}
