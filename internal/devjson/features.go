package devjson

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// features judges the ids of features. An id that is well-formed may still not
// be fetched: that is seen when the container is built.
func (c *check) features(root value) {
	m := root.find("features")
	if m == nil || m.value.kind != object {
		return
	}
	first := map[string]string{}
	for _, feature := range m.value.last() {
		c.feature(feature)
		bare := bareID(feature.key)
		if other, there := first[bare]; there {
			c.add("DC-FEATURE", Warn, feature.at, feature.key, "it is "+other+" once more, and is installed twice", "keep one of them")
		}
		first[bare] = feature.key
	}
	for _, item := range root.get("overrideFeatureInstallOrder").items {
		if item.kind != text {
			continue
		}
		known := make([]string, 0, len(first))
		for bare := range first {
			known = append(known, bare)
		}
		slices.Sort(known)
		if _, there := first[bareID(item.text)]; !there {
			state := Note // a feature that another one depends on may be meant
			if near := Near(item.text, known); near != "" && !strings.HasPrefix(near, ".") && path.Dir(near) == path.Dir(bareID(item.text)) && len(path.Base(near)) > 2 {
				state = Warn
			}
			c.add("DC-FEATURE", state, item.at, "overrideFeatureInstallOrder has "+item.text, "no feature has this id, and it changes nothing", suggested(item.text, known, "name a feature of features, without its version"))
		}
	}
}

// bareID is an id without its version.
func bareID(id string) string {
	id = strings.ToLower(id)
	if old, is := legacy()[id]; is {
		return "ghcr.io/devcontainers/features/" + old
	}
	bare, _, _ := strings.Cut(id, "@")
	if at := strings.LastIndexByte(bare, ':'); at > strings.LastIndexByte(bare, '/') {
		bare = bare[:at]
	}
	return bare
}

const features = "https://containers.dev/features lists those there are"

// legacy are the names alone that the CLI still takes, and what they are now.
func legacy() map[string]string {
	all := map[string]string{"golang": "go", "common": "common-utils", "gradle": "java", "maven": "java", "jupyterlab": "python"}
	for _, same := range strings.Fields("aws-cli azure-cli desktop-lite docker-in-docker docker-from-docker dotnet git git-lfs github-cli java kubectl-helm-minikube node powershell python ruby rust sshd terraform") {
		all[same] = same
	}
	return all
}

// official are features of ghcr.io/devcontainers/features. There may be more.
func official() []string {
	return strings.Fields("anaconda aws-cli azure-cli common-utils conda copilot-cli desktop-lite docker-from-docker docker-in-docker docker-outside-of-docker dotnet git git-lfs github-cli go hugo java kubectl-helm-minikube nix node nvidia-cuda oryx php powershell python ruby rust sshd terraform")
}

func (c *check) feature(m member) {
	id := m.key
	say := func(state State, evidence, cause, fix string) { c.add("DC-FEATURE", state, m.at, evidence, cause, fix) }
	switch {
	case strings.HasPrefix(id, "./"), strings.HasPrefix(id, "../"):
		c.localFeature(m)
	case strings.HasPrefix(id, "/"):
		say(Fail, id, "a feature of the project is named from the folder of "+c.path, "write ./FOLDER, below .devcontainer")
	case regexp.MustCompile(`^https://\S+/devcontainer-feature-[A-Za-z0-9_-]+\.tgz$`).MatchString(id):
	case strings.Contains(id, "://"):
		say(Fail, id, "an address of a feature is https://…/devcontainer-feature-ID.tgz", features)
	case regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(id):
		now, known := legacy()[strings.ToLower(id)]
		near := suggestedFeature(id)
		switch {
		case known:
			say(Warn, id, "a name alone is of the old kind, which the CLI takes for some features only", "write ghcr.io/devcontainers/features/"+now+":1; "+features)
		case near != "":
			say(Fail, id, "a name alone is of the old kind, and the CLI does not know this one", "write ghcr.io/devcontainers/features/"+near+":1; "+features)
		default:
			say(Fail, id, "a name alone is of the old kind, and the CLI does not know this one", "write REGISTRY/NAMESPACE/NAME:VERSION; "+features)
		}
	case ociID().MatchString(id) && !strings.HasPrefix(id, bareID(id)):
		say(Note, id, "ids are written in small letters; the CLI makes them so", "write "+strings.ToLower(id))
	case !ociID().MatchString(id):
		say(Fail, id, "an id is REGISTRY/NAMESPACE/NAME:VERSION, as ghcr.io/devcontainers/features/git:1", features)
	case !strings.ContainsAny(id[:strings.IndexByte(id, '/')], ".:") && !strings.HasPrefix(id, "localhost/"):
		say(Warn, id, "its first part names no registry", "write ghcr.io/"+strings.ToLower(id)+", if that is what is meant")
	default:
		c.fetched(id, say)
	}
}

func suggestedFeature(name string) string {
	if slices.Contains(official(), name) {
		return name
	}
	return Near(name, official())
}

// fetched judges the version of a feature of a registry, and its name where the
// registry is that of the project.
func (c *check) fetched(id string, say func(state State, evidence, cause, fix string)) {
	bare := bareID(id)
	tag := strings.TrimPrefix(strings.TrimPrefix(id[len(bare):], ":"), "@")
	name, first := strings.CutPrefix(bare, "ghcr.io/devcontainers/features/")
	if near := suggestedFeature(name); first && near != "" && near != name {
		say(Warn, id, "no feature of this name is known there: if there is none, the container cannot be built", "write ghcr.io/devcontainers/features/"+near+":"+tag)
		return
	}
	switch {
	case tag == "":
		say(Note, id, "it has no version, and each build may take another one", "write "+id+":1, or the version that is wanted")
	case tag == "latest":
		say(Note, id, "each build may take another version", "write the version that is wanted, as :1")
	case first && !strings.HasPrefix(tag, "sha256:") && !regexp.MustCompile(`^\d+(\.\d+){0,2}$`).MatchString(tag):
		say(Fail, id, "the versions there are numbers as 1, 1.2 or 1.2.3: the feature cannot be fetched", "write "+bare+":"+strings.TrimPrefix(tag, "v"))
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
	folder, known := c.inProject(path.Dir(c.path), m.key)
	if !known || !strings.HasPrefix(folder, ".devcontainer/") {
		c.add("DC-FEATURE", Fail, m.at, m.key, "a feature of the project lives in a folder of .devcontainer, and the path begins at the folder of "+c.path, "move it there")
		return
	}
	where := path.Join(folder, "devcontainer-feature.json")
	in, err := c.look(where)
	if errors.Is(err, fs.ErrNotExist) {
		c.add("DC-FEATURE", Fail, m.at, where+" is not there", "a folder is a feature by this file; the name has a hyphen", "correct the path, or the name of the file")
	}
	if err != nil {
		return
	}
	root, problems := parse(in)
	if root == nil || root.kind != object || len(problems) > 0 {
		c.addAt("DC-FEATURE", Fail, where, "the file is not as it should be", "it holds the settings of the feature as one object", `write {"id": "`+path.Base(folder)+`", "version": "1.0.0", "name": "…"}`)
		return
	}
	if id := root.get("id").word(); id != path.Base(folder) && c.files != nil {
		c.addAt("DC-FEATURE", Warn, where, fmt.Sprintf("its id is %q", id), "the id of a feature is the name of its folder, "+path.Base(folder), `write "id": "`+path.Base(folder)+`"`)
	}
	script := path.Join(folder, "install.sh")
	if c.files != nil && c.absent(script) {
		c.addAt("DC-FEATURE", Fail, where, script+" is not there", "a feature is installed by this script", "add it")
	} else if in, err := c.look(script); err == nil && isCRLF(in) {
		c.addAt("DC-SCRIPT", Fail, script+":1", "its first line ends in CR LF", "the kernel looks for an interpreter whose name ends in a carriage return: \"not found\"", toLF(script))
	}
	c.options(m, root.get("options"))
}

// options judges the options of a local feature by what it declares.
func (c *check) options(m member, declared value) {
	for _, option := range m.value.last() {
		d := declared.find(option.key)
		if d == nil {
			var known []string
			for _, o := range declared.last() {
				known = append(known, o.key)
			}
			if option.key != "version" || len(known) > 0 {
				state := Note
				if Near(option.key, known) != "" {
					state = Warn
				}
				c.add("DC-FEATURE", state, option.at, m.key+": "+option.key, "the feature has no such option", suggested(option.key, known, "there are: "+strings.Join(known, ", ")))
			}
			continue
		}
		if kind := d.value.get("type").word(); kind == "boolean" && option.value.letter() != 'b' || kind == "string" && option.value.letter() != 's' {
			c.add("DC-FEATURE", Warn, option.value.at, m.key+": "+option.key+" is "+kindNames()[option.value.letter()], "the feature wants a "+kind, "correct the value")
		}
		if may := d.value.get("enum").words(); len(may) > 0 && !slices.Contains(may, option.value.text) {
			c.add("DC-FEATURE", Fail, option.value.at, fmt.Sprintf("%s: %s is %q", m.key, option.key, option.value.text), "the feature does not take it; there are: "+strings.Join(may, ", "), suggested(option.value.text, may, "write one of these"))
		}
	}
}
