package performance

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"go.yaml.in/yaml/v3"

	"iact-infra/internal/devcontainer/scene"
)

// build is what the devcontainer's image is built of: paths from the workspace.
type build struct{ context, dockerfile string }

// builds finds it in devcontainer.json, or in the Compose file that has the
// service. Its zero value says that nothing is built.
func builds(s *scene.Scene) (build, error) {
	settings, err := s.Settings()
	if scene.NoConfig(err) {
		return build{}, nil
	}
	if err != nil {
		return build{}, err
	}
	config, _ := s.ConfigPath()
	dir := path.Dir(config)
	if settings.Dockerfile != "" {
		return build{path.Join(dir, settings.Context), path.Join(dir, settings.Dockerfile)}, nil
	}
	var found build
	for _, file := range settings.ComposeFiles {
		name := path.Join(dir, file)
		if text, err := s.Read(name); err == nil {
			if b := composed(text, settings.Service, path.Dir(name)); b.dockerfile != "" {
				found = b
			}
		}
	}
	return found, nil
}

// composed reads the build of a service.
func composed(text []byte, service, dir string) build {
	var file struct {
		Services map[string]struct {
			Build yaml.Node `yaml:"build"`
		} `yaml:"services"`
	}
	if yaml.Unmarshal(text, &file) != nil {
		return build{}
	}
	node := file.Services[service].Build
	long := struct {
		Context    string `yaml:"context"`
		Dockerfile string `yaml:"dockerfile"`
	}{}
	if node.Kind == yaml.ScalarNode {
		long.Context = node.Value
	} else if node.Kind == 0 || node.Decode(&long) != nil {
		return build{}
	}
	if long.Dockerfile == "" {
		long.Dockerfile = "Dockerfile"
	}
	base := path.Join(dir, long.Context)
	return build{base, path.Join(base, long.Dockerfile)}
}

// kit says whether BuildKit builds, which asks only for the files that are copied.
func kit(e *scene.Engine, environ []string) bool {
	var info struct {
		ClientInfo struct {
			Version string
			Plugins []struct{ Name string }
		}
	}
	_ = json.Unmarshal(e.Info, &info)
	for _, p := range info.ClientInfo.Plugins {
		if p.Name == "buildx" {
			return true
		}
	}
	word, _, _ := strings.Cut(info.ClientInfo.Version, ".")
	major, _ := strconv.Atoi(word)
	return major < 23 && slices.Contains(environ, "DOCKER_BUILDKIT=1")
}

// ignored are the patterns of the Dockerfile's own ignore file, else those of the
// context's.
func ignored(s *scene.Scene, b build) *patternmatcher.PatternMatcher {
	for _, name := range []string{b.dockerfile + ".dockerignore", path.Join(b.context, ".dockerignore")} {
		file, err := os.Open(filepath.Join(s.Workspace, name))
		if err != nil {
			continue
		}
		defer file.Close()
		if patterns, err := ignorefile.ReadAll(file); err == nil {
			if all, err := patternmatcher.New(patterns); err == nil {
				return all
			}
		}
		break
	}
	none, _ := patternmatcher.New(nil) // no pattern is never malformed
	return none
}
