package scene

import (
	"cmp"
	"encoding/json"
	"path"
	"path/filepath"
	"strings"
)

// LabelMetadata is where the devcontainers tools keep what the image and its
// features ask for.
const LabelMetadata = "devcontainer.metadata"

// Metadata is one entry of that label.
type Metadata struct {
	ID                        string
	RemoteUser, ContainerUser string
	CapAdd, SecurityOpt       []string
	UpdateRemoteUserUID       *bool
}

// Metadata are the entries of a container's label, the last one counting most.
func (c *Container) Metadata() []Metadata {
	return Noted[Metadata](c)
}

// Noted are the entries of the label, read as what the caller wants of them. Older
// tools wrote a single one.
func Noted[T any](c *Container) []T {
	var all []T
	text := []byte(c.Label(LabelMetadata))
	if json.Unmarshal(text, &all) == nil {
		return all
	}
	var one T
	if json.Unmarshal(text, &one) != nil {
		return nil
	}
	return []T{one}
}

// User is who works in the devcontainer, and whether something names that user:
// the configuration, then the image, then whom the container runs as.
func (s *Scene) User(c *Container) (name string, named bool) {
	settings, _ := s.Settings()
	var remote, container string
	for _, m := range c.Metadata() {
		remote, container = cmp.Or(m.RemoteUser, remote), cmp.Or(m.ContainerUser, container)
	}
	name = cmp.Or(settings.RemoteUser, remote, settings.ContainerUser, container)
	if name != "" {
		return name, true
	}
	return cmp.Or(c.Config.User, "0"), false
}

// Folder is where the workspace is in the devcontainer, and whether the
// configuration says so: else it is where the workspace is mounted, and else
// where the tools would mount it. "" when nothing can be said.
func (s *Scene) Folder(c *Container) (folder string, named bool) {
	settings, _ := s.Settings()
	if settings.WorkspaceFolder != "" && !strings.Contains(settings.WorkspaceFolder, "${") {
		return path.Clean(settings.WorkspaceFolder), true
	}
	if at, is := s.Mounted(c); is {
		return at, false
	}
	if settings.Service != "" || c.Label(LabelFolder) == "" {
		return "", false
	}
	return "/workspaces/" + filepath.Base(s.Workspace), false
}

// Mounted is where the workspace, or a folder that it lies in, is mounted.
func (s *Scene) Mounted(c *Container) (folder string, is bool) {
	resolved, err := filepath.EvalSymlinks(s.Workspace)
	if err != nil {
		resolved = s.Workspace
	}
	best := ""
	for _, m := range c.Mounts {
		if m.Type != "bind" {
			continue
		}
		for _, workspace := range []string{s.Workspace, resolved} {
			rest, err := filepath.Rel(filepath.Clean(m.Source), workspace)
			if err == nil && filepath.IsLocal(rest) && len(m.Source) > len(best) {
				best, folder, is = m.Source, path.Join(m.Destination, filepath.ToSlash(rest)), true
			}
		}
	}
	return folder, is
}
