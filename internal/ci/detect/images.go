package detect

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Images is what a directory says about containers.
type Images struct {
	Dockerfile bool
	Compose    string   // the compose file, by its name; "" is none
	Services   []string // those with a ready image, which a test can run against
	Contexts   []string // directories that it builds images from, below the project
	Builds     bool     // it builds images
}

// composeNames are the names of a compose file, as compose looks for them.
func composeNames() []string {
	return []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
}

func (s *search) images(dir string, files []string) Images {
	images := Images{Dockerfile: has(files, "Dockerfile")}
	for _, name := range composeNames() {
		if !has(files, name) {
			continue
		}
		images.Compose = name
		var file struct {
			Services map[string]struct {
				Image string
				Build yaml.Node
			}
		}
		if err := yaml.Unmarshal([]byte(s.read(dir, name)), &file); err != nil {
			s.note(dir, "unreadable", name, "The compose file cannot be read as YAML.", "El archivo de compose no se puede leer como YAML.")
			break
		}
		for service, is := range file.Services {
			switch context := contextOf(is.Build); {
			case context != "":
				images.Builds = true
				images.Contexts = append(images.Contexts, path.Join(dir, context))
			case is.Image != "":
				images.Services = append(images.Services, service)
			}
		}
		slices.Sort(images.Services)
		slices.Sort(images.Contexts)
		images.Contexts = slices.Compact(images.Contexts)
		break
	}
	return images
}

// contextOf is the directory that a service is built from; "" when it is not.
func contextOf(build yaml.Node) string {
	var long struct{ Context string }
	switch build.Kind {
	case yaml.ScalarNode:
		return build.Value
	case yaml.MappingNode:
		if build.Decode(&long) == nil && long.Context == "" {
			return "."
		}
		return long.Context
	}
	return ""
}
