package volumes

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// want is a mount that the configuration asks for.
type want struct {
	devjson.Mount
	where   string // path:line:column
	creates bool   // Docker makes the source when it is not there
	service string // of Compose
}

// wants are the mounts of devcontainer.json and of the Compose files. The error
// says why the latter are not known.
func wants(s *scene.Scene) ([]want, error) {
	settings, err := s.Settings()
	if err != nil {
		return nil, nil //nolint:nilerr // another group says what is wrong with devcontainer.json
	}
	config, _ := s.ConfigPath()
	var all []want
	place := func(at devjson.Place) string { return fmt.Sprintf("%s:%s", config, at) }
	for _, m := range settings.Mounts {
		all = append(all, want{Mount: m, where: place(m.At)})
	}
	if len(settings.ComposeFiles) == 0 {
		for _, m := range settings.RunMounts {
			all = append(all, want{Mount: m, where: place(m.At), creates: !strings.Contains(m.Raw, "type=")})
		}
		if settings.WorkspaceMount != "" {
			all = append(all, want{Mount: devjson.ParseMount(settings.WorkspaceMount), where: place(settings.Where("workspaceMount"))})
		}
		return all, nil
	}
	composed, err := s.Compose()
	if err != nil {
		return all, err
	}
	for _, name := range slices.Sorted(maps.Keys(composed.Services)) {
		for _, v := range composed.Services[name].Volumes {
			w := want{Mount: devjson.Mount{Type: v.Type, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}, service: name}
			w.creates = v.Bind != nil && v.Bind.Create
			if w.Type == "volume" {
				if known, is := composed.Volumes[v.Source]; is {
					w.Source = known.Name
				}
			}
			w.where = written(s.Workspace, composed.Files, v.Target, name)
			all = append(all, w)
		}
	}
	return all, nil
}

// written is the place of a mount in the Compose files: the line that names its
// target, or the first file and the service.
func written(workspace string, files []string, target, service string) string {
	for _, file := range slices.Backward(files) {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if before, after, has := strings.Cut(line, target); has && strings.ContainsAny(before, "-:") && !strings.HasPrefix(after, "/") {
				return fmt.Sprintf("%s:%d", short(workspace, file), number)
			}
		}
	}
	return short(workspace, files[0]) + " service " + service
}

// short is a path from the workspace, where it lies in there.
func short(workspace, name string) string {
	if rest, err := filepath.Rel(workspace, name); err == nil && filepath.IsLocal(rest) {
		return rest
	}
	return name
}

// loaded are the drivers of volumes that the engine has.
func loaded(e *scene.Engine) []string {
	var in struct{ Plugins struct{ Volume []string } }
	if json.Unmarshal(e.Info, &in) != nil {
		return nil
	}
	return in.Plugins.Volume
}
