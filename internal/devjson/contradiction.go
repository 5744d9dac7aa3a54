package devjson

import (
	"path"
	"slices"
	"strings"
)

// contradictions names keys that are not read beside each other.
func (c *check) contradictions(root value) {
	has := func(key string) bool { return root.find(key) != nil }
	compose := has("dockerComposeFile")
	say := func(key, cause, fix string) { c.add("DC-CONTRADICTION", Warn, root.find(key).at, key, cause, fix) }
	if compose {
		for key, instead := range map[string]string{
			"appPort": "ports: of the service", "runArgs": "the keys of the service", "workspaceMount": "volumes: of the service", "build": "build: of the service", "context": "build: of the service",
		} {
			if has(key) && (key != "build" || root.get("build").find("dockerfile") == nil) {
				say(key, "beside dockerComposeFile nobody reads it", "write it into the compose file: "+instead)
			}
		}
	} else {
		for _, key := range []string{"service", "runServices"} {
			if has(key) && !c.meant {
				say(key, "without dockerComposeFile nobody reads it", `add "dockerComposeFile", or take it out`)
			}
		}
	}
	c.unreadBuild(root)
	switch action := c.settings.ShutdownAction; {
	case action == "stopCompose" && !compose:
		say("shutdownAction", "stopCompose is for dockerComposeFile", `write "stopContainer", or "none"`)
	case action == "stopContainer" && compose:
		say("shutdownAction", "stopContainer is for an image or a Dockerfile", `write "stopCompose", or "none"`)
	}
}

// unreadBuild names what is said of a build, and is not read.
func (c *check) unreadBuild(root value) {
	has := func(key string) bool { return root.find(key) != nil }
	say := func(key, cause, fix string) { c.add("DC-CONTRADICTION", Warn, root.find(key).at, key, cause, fix) }
	build := root.get("build")
	if !has("dockerComposeFile") && has("image") && build.kind == object && build.find("dockerfile") == nil && !has("dockerFile") {
		for _, m := range build.last() {
			if len(m.value.members)+len(m.value.items)+len(m.value.text) > 0 {
				say("build", "without a Dockerfile nothing is built, and build."+m.key+" is not read", `add "dockerfile" to build in place of the image, or take build out`)
				break
			}
		}
	}
	old, in := root.get("dockerFile").text, build.get("dockerfile").text
	switch {
	case old != "" && in != "" && old != in:
		say("dockerFile", "build.dockerfile says "+in+", and is not read", "keep build.dockerfile")
	case old != "" && in == "" && build.find("context") != nil:
		say("dockerFile", "beside it build.context is not read: the old spelling has a context of its own", `write "build": {"dockerfile": "`+old+`", "context": "`+build.get("context").text+`"}`)
	case in != "" && old == "" && has("context"):
		say("context", "beside build.dockerfile nobody reads it", "move it into build")
	}
}

// workspace judges whether the workspace is where it is looked for.
func (c *check) workspace(root value) {
	folder, written := root.named("workspaceFolder")
	mount, mounted := root.named("workspaceMount")
	compose := root.find("dockerComposeFile") != nil
	if written && !strings.Contains(folder.text, "${") && !path.IsAbs(folder.text) {
		c.add("DC-WORKSPACE", Fail, folder.at, "workspaceFolder is "+folder.text, "it is a path inside of the container, and has to be absolute", "write /workspaces/${localWorkspaceFolderBasename}")
		return
	}
	if compose {
		c.composeWorkspace(root, folder, written)
		return
	}
	if mounted && !written && mount.text != "" {
		c.add("DC-CONTRADICTION", Warn, mount.at, "workspaceMount without workspaceFolder", "the tools go to /workspaces/… all the same, where nothing is mounted", `add "workspaceFolder": "`+ParseMount(mount.text).Target+`"`)
	}
	if mounted {
		c.oneMount(ParseMount(mount.text), mount, "workspaceMount")
		if target := ParseMount(mount.text).Target; written && target != "" && !below(c.plain(folder.text), c.plain(target)) && !c.covered(folder.text) {
			c.add("DC-WORKSPACE", Warn, folder.at, "workspaceFolder is "+folder.text+", and workspaceMount goes to "+target, "the folder that is opened is not the one that is mounted", "write the same path in both")
		}
		return
	}
	if written && root.find("workspaceMount") == nil && !below(c.plain(folder.text), "/workspaces") && folder.text != "/" && !strings.Contains(c.plain(folder.text), "$") && !c.covered(folder.text) && !strings.Contains(c.image.text, folder.text) {
		c.add("DC-WORKSPACE", Warn, folder.at, "workspaceFolder is "+folder.text+", and there is no workspaceMount", "the project is mounted below /workspaces, and this folder is empty or not there", `add "workspaceMount": "source=${localWorkspaceFolder},target=`+folder.text+`,type=bind"`)
	}
}

// covered says whether one of the mounts has a folder.
func (c *check) covered(folder string) bool {
	return slices.ContainsFunc(slices.Concat(c.settings.Mounts, c.settings.RunMounts), func(m Mount) bool {
		return below(c.plain(folder), c.plain(m.Target))
	})
}

// composeWorkspace judges whether a volume of the service has the workspace.
func (c *check) composeWorkspace(root, folder value, written bool) {
	if !written {
		if root.find("workspaceFolder") == nil {
			c.add("DC-WORKSPACE", Note, root.find("dockerComposeFile").at, "there is no workspaceFolder", "with Compose it is / then, and the project is not what is opened", `add "workspaceFolder", the target of the volume that has the project`)
		}
		return
	}
	s := c.project.service(c.settings.Service)
	if s == nil || !c.project.whole || len(s.get("extends")) > 0 || folder.text == "/" || strings.Contains(c.image.text, folder.text) || c.covered(folder.text) {
		return
	}
	var targets []string
	for _, f := range s.items("volumes") {
		target := mountOf(f).Target
		if at := strings.IndexByte(target, '$'); at >= 0 {
			target = target[:at]
		}
		if below(c.plain(folder.text), target) {
			return
		}
		targets = append(targets, target)
	}
	has := "it has no volumes"
	if len(targets) > 0 {
		has = "its volumes go to " + strings.Join(targets, ", ")
	}
	c.add("DC-WORKSPACE", Warn, folder.at, "workspaceFolder is "+folder.text, "no volume of the service "+s.name+" goes there: "+has, "write volumes: ['..:"+folder.text+"'] into the compose file, or another workspaceFolder")
}

// plain is a text with the variables of the project replaced.
func (c *check) plain(text string) string {
	folder := rootOfProject
	if c.folder != "" {
		folder = c.folder
	}
	v := Variables{LocalWorkspaceFolder: folder, Env: c.env}
	if !strings.Contains(c.settings.WorkspaceFolder, "containerWorkspaceFolder") {
		v.ContainerWorkspaceFolder = Variables{LocalWorkspaceFolder: folder, Env: c.env}.Substitute(c.settings.WorkspaceFolder)
		if v.ContainerWorkspaceFolder == "" {
			v.ContainerWorkspaceFolder = "/workspaces/" + path.Base(folder)
		}
	}
	return v.Substitute(text)
}

// below says whether a path is another one, or in it.
func below(inner, outer string) bool {
	inner, outer = path.Clean(inner), path.Clean(outer)
	return inner == outer || outer == "/" || strings.HasPrefix(inner, outer+"/")
}
