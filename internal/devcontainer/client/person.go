package client

import (
	"cmp"
	"encoding/json"
	"path/filepath"

	"iact-infra/internal/devcontainer/scene"
)

// Person is who works in a container, and where.
type Person struct {
	User   string // "": the one that the container runs as
	Folder string // "": that of the image
}

// Works is who the devcontainer.json, else the container's own label, lets work
// in a container. In one of another service nobody does.
func Works(s *scene.Scene, c *scene.Container) Person {
	var p Person
	for _, m := range c.Mounts {
		if m.Type == "bind" && filepath.Clean(m.Source) == s.Workspace {
			p.Folder = m.Destination
		}
	}
	settings, _ := s.Settings()
	if main, err := s.Main(); err == nil && main != nil && main.ID == c.ID {
		p.User, p.Folder = cmp.Or(settings.RemoteUser, labelled(c), settings.ContainerUser), cmp.Or(settings.WorkspaceFolder, p.Folder)
	}
	return p
}

// labelled is the user that the CLI has noted in the container's label: what
// comes later there counts.
func labelled(c *scene.Container) (user string) {
	var all []struct{ RemoteUser string }
	if json.Unmarshal([]byte(c.Label("devcontainer.metadata")), &all) != nil {
		return ""
	}
	for _, one := range all {
		user = cmp.Or(one.RemoteUser, user)
	}
	return user
}
