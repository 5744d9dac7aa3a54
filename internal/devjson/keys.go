package devjson

import (
	"fmt"
	"maps"
)

// keys judges types, enumerations and names as the official schema has them.
func (c *check) keys(root value) {
	known := schema()
	for _, m := range root.last() {
		if s, there := known[m.key]; there {
			c.shaped(m.key, m.value, s)
			continue
		}
		if instead, there := misplaced()[m.key]; there {
			c.add("DC-KEY", Fail, m.at, m.key, "no tool knows this key here, and it is passed over without a word", instead)
			c.meant = c.meant || m.key == "dockerfile" || m.key == "dockerCompose"
			continue
		}
		near := Near(m.key, names(known))
		c.meant = c.meant || near == "image" || near == "build" || near == "dockerFile" || near == "dockerComposeFile"
		c.stranger("", m, root, known)
	}
}

// misplaced are keys that people take from other tools, and what they are here.
func misplaced() map[string]string {
	const build = `it belongs into "build": {"dockerfile": …}`
	return map[string]string{
		"dockerfile": `write "build": {"dockerfile": "Dockerfile"}`, "args": build, "target": build, "cacheFrom": build,
		"dockerCompose": `write "dockerComposeFile"`, "compose": `write "dockerComposeFile"`, "composeFile": `write "dockerComposeFile"`,
		"volumes": `write "mounts": ["source=…,target=…,type=bind"]`, "ports": `write "forwardPorts": [8000]`,
		"env": `write "containerEnv"`, "environment": `write "containerEnv"`, "user": `write "remoteUser"`,
		"workdir": `write "workspaceFolder"`, "workingDir": `write "workspaceFolder"`, "plugins": `write "customizations": {"vscode": {"extensions": […]}}`,
		"vscode": `write "customizations": {"vscode": {…}}`, "postInstallCommand": `write "postCreateCommand"`, "command": `write "overrideCommand": false for the command of the image, or "postStartCommand"`,
		"capabilities": `write "capAdd"`, "entrypoint": `a feature or the Dockerfile has one; "overrideCommand": false keeps that of the image`,
	}
}

func schema() map[string]shape {
	word := shape{kinds: "s"}
	truth := shape{kinds: "b"}
	list := shape{kinds: "l", each: &word}
	words := shape{kinds: "sl", each: &word}
	scalar := shape{kinds: "snb", soft: true}
	command := shape{kinds: "slo", each: &shape{kinds: "sl", each: &word}}
	size := shape{kinds: "s", pattern: `^\d+([tgmk]b)?$`, like: `"8gb": a number and kb, mb, gb or tb, in small letters`, effect: "the CLI takes what it cannot read for 0, and asks for nothing"}
	port := portShape()
	s := map[string]shape{
		"$schema": word, "name": word, "image": word, "dockerFile": word, "context": word, "service": word, "workspaceFolder": word, "workspaceMount": word, "containerUser": word, "remoteUser": word,
		"build": {kinds: "o", keys: map[string]shape{
			"dockerfile": word, "context": word, "target": word, "args": {kinds: "o", each: &scalar}, "cacheFrom": words, "options": list,
		}},
		"dockerComposeFile": words, "runServices": list,
		"features":                    {kinds: "o", each: &shape{kinds: "sbo", each: &shape{kinds: "sbn", soft: true}}},
		"overrideFeatureInstallOrder": list,
		"secrets":                     {kinds: "o", each: &shape{kinds: "o", keys: map[string]shape{"description": word, "documentationUrl": word}}},
		"forwardPorts":                {kinds: "l", soft: true, each: &shape{kinds: "ns"}},
		"appPort":                     {kinds: "nsl", each: &shape{kinds: "ns"}},
		"portsAttributes":             {kinds: "o", each: &port}, "otherPortsAttributes": port,
		"containerEnv": {kinds: "o", each: &scalar}, "remoteEnv": {kinds: "o", each: &shape{kinds: "s0nb", soft: true}},
		"mounts":  {kinds: "l", each: &shape{kinds: "so"}},
		"runArgs": list, "capAdd": list, "securityOpt": list,
		"init": truth, "privileged": truth, "overrideCommand": truth, "updateRemoteUserUID": truth,
		"shutdownAction": {kinds: "s", enum: []string{"none", "stopContainer", "stopCompose"}, effect: "the tools do not know it, and do what they like when the window closes"},
		"waitFor":        {kinds: "s", enum: Lifecycle()[:5], effect: "the tools do not know this command, and nobody waits for it"},
		"userEnvProbe":   {kinds: "s", enum: []string{"none", "loginShell", "loginInteractiveShell", "interactiveShell"}, effect: "the tools do not know it, and the environment of the user is not what was meant"},
		"hostRequirements": {kinds: "o", keys: map[string]shape{
			"cpus": {kinds: "n"}, "memory": size, "storage": size,
			"gpu": {kinds: "bso", enum: []string{"optional"}, effect: "gpu is true, false, \"optional\" or an object", keys: map[string]shape{"cores": {kinds: "n"}, "memory": size}},
		}},
		"customizations": {kinds: "o", each: &shape{}},
		// The old places of what is now below customizations.vscode.
		"settings": {kinds: "o"}, "extensions": list, "devPort": {kinds: "n"}, "codespaces": {}, "additionalProperties": {},
	}
	for _, name := range Lifecycle() {
		s[name] = command
	}
	return s
}

func portShape() shape {
	return shape{kinds: "o", keys: map[string]shape{
		"label": {kinds: "s"}, "requireLocalPort": {kinds: "b"}, "elevateIfNeeded": {kinds: "b"},
		"protocol":      {kinds: "s", enum: []string{"http", "https", "tcp"}, effect: "the editor does not know this protocol"},
		"onAutoForward": {kinds: "s", enum: []string{"notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"}, effect: "the editor does not know it, and only notifies"},
	}}
}

// customs judges what VS Code takes; other tools have their own keys.
func (c *check) customs(root value) {
	custom := root.find("customizations")
	if custom == nil {
		return
	}
	known := map[string]shape{"extensions": {kinds: "l"}, "settings": {kinds: "o"}}
	for _, m := range custom.value.get("vscode").last() {
		if s, there := known[m.key]; there {
			c.shaped("customizations.vscode."+m.key, m.value, s)
		} else if near := Near(m.key, []string{"extensions", "settings"}); near != "" {
			c.add("DC-KEY", Fail, m.at, "customizations.vscode."+m.key, "VS Code passes over it without a word", fmt.Sprintf("write %q", near))
		}
	}
	for _, m := range custom.value.last() {
		inVSCode := maps.Clone(known)
		if _, there := inVSCode[m.key]; there {
			c.add("DC-KEY", Fail, m.at, "customizations."+m.key, "each tool has an object of its own below customizations, and no tool has this name", fmt.Sprintf(`write "customizations": {"vscode": {%q: …}}`, m.key))
		} else if m.key != "vscode" && Near(m.key, []string{"vscode"}) != "" {
			c.add("DC-KEY", Fail, m.at, "customizations."+m.key, "no tool has this name, and VS Code does not read it", `write "vscode"`)
		}
	}
}
