package devjson

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// users judges who works in the container. Whether a user exists, the container
// says; here it is seen when it can hardly be.
func (c *check) users(root value) {
	for _, key := range []string{"remoteUser", "containerUser"} {
		user, there := root.named(key)
		if !there || strings.Contains(user.text, "${") {
			continue
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_.-]+)?$`).MatchString(user.text) {
			c.add("DC-USER", Fail, user.at, key+" is "+user.text, "that is no name of a user", `write it like "vscode", or take it out`)
			continue
		}
		c.userOf(key, user)
	}
	s := c.settings
	if user := s.RemoteUser; s.UpdateRemoteUserUID != nil && *s.UpdateRemoteUserUID && (user == "root" || user == "0") {
		c.add("DC-CONTRADICTION", Note, root.find("updateRemoteUserUID").at, "updateRemoteUserUID is true, and remoteUser is "+user, "the numbers of root are never changed", "take one of them out")
	}
	if c.ends(root) {
		c.add("DC-COMMAND", Warn, root.at, "the command of "+c.image.image+" is a shell or an interpreter that has no terminal", "it ends at once, and the container with it", c.lasting(root))
	}
}

// userOf looks for a user in what is known of the image.
func (c *check) userOf(key string, user value) {
	name, _, _ := strings.Cut(user.text, ":")
	has, known := officialUsers(c.image.image)
	if !c.image.whole || !known || name == "root" || slices.Contains(has, name) || regexp.MustCompile(`^\d+$`).MatchString(name) || len(c.settings.Features) > 0 {
		return
	}
	if strings.Contains(c.image.text, name) || strings.Contains(c.image.text, "COPY") || strings.Contains(c.image.text, "ADD ") || strings.Contains(c.image.text, "useradd") || strings.Contains(c.image.text, "adduser") {
		return
	}
	state := Warn
	if c.image.text != "" {
		state = Note // what a Dockerfile runs may make users in ways that are not seen here
	}
	c.add("DC-USER", state, user.at, key+" is "+user.text, "neither the image "+c.image.image+" nor the Dockerfile makes this user: docker says \"unable to find user\"", `add "features": {"ghcr.io/devcontainers/features/common-utils:2": {"username": "`+name+`"}}, or RUN useradd -m -s /bin/bash `+name+` in the Dockerfile`)
}

// officialUsers are the people that an official image of Docker has; known says
// that it is one.
func officialUsers(image string) (users []string, known bool) {
	name, tag, _ := strings.Cut(image, ":")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if image == "" || strings.ContainsAny(name, "/$@?") || strings.Contains(tag, "$") {
		return nil, false
	}
	switch name {
	case "node":
		return []string{"node"}, true
	case "ubuntu":
		return []string{"ubuntu", "nobody", "www-data"}, true
	case "debian", "alpine", "python", "golang", "ruby", "rust", "php", "openjdk", "eclipse-temurin", "gcc", "buildpack-deps", "busybox", "fedora", "rockylinux", "almalinux":
		return []string{"nobody", "www-data", "daemon", "games", "guest", "operator"}, true
	}
	return nil, false
}

// ends says whether the container runs a shell that has nothing to read.
func (c *check) ends(root value) bool {
	s := c.settings
	service := c.project.service(s.Service)
	compose := root.find("dockerComposeFile") != nil
	switch {
	case s.OverrideCommand != nil && *s.OverrideCommand, s.OverrideCommand == nil && !compose, !c.image.whole, compose && service == nil:
		return false
	case compose && (len(service.get("command"))+len(service.get("entrypoint"))+len(service.get("tty"))+len(service.get("stdin_open"))+len(service.get("extends")) > 0 || !c.project.whole):
		return false
	}
	for _, i := range c.image.last {
		if i.name == "CMD" || i.name == "ENTRYPOINT" {
			return false
		}
	}
	name, _, _ := strings.Cut(c.image.image, ":")
	_, official := officialUsers(c.image.image)
	return official && path.Base(name) != "php" || strings.HasPrefix(c.image.image, "mcr.microsoft.com/devcontainers/") && !strings.Contains(c.image.image, "/universal")
}

// lasting is what keeps the container up.
func (c *check) lasting(root value) string {
	if root.find("dockerComposeFile") != nil {
		return "write command: sleep infinity for the service " + c.settings.Service + `, or "overrideCommand": true`
	}
	return `take "overrideCommand" out`
}
