package client

import "iact-infra/internal/devcontainer/scene"

// Person is who works in a container, and where.
type Person struct {
	User   string // "": the one that the container runs as
	Folder string // "": that of the image
}

// Works is who works in a container, as the configuration, else the container's
// own label, says it. In one of another service nobody does.
func Works(s *scene.Scene, c *scene.Container) Person {
	var p Person
	p.Folder, _ = s.Mounted(c)
	main, err := s.Main()
	if err != nil || main == nil || main.ID != c.ID {
		return p
	}
	if user, named := s.User(c); named {
		p.User = user
	}
	if folder, named := s.Folder(c); named {
		p.Folder = folder
	}
	return p
}
