package volumes

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/scene"
)

// brought is what an image has at a path.
type brought struct {
	file  bool
	names []string // of a folder
}

// brings looks into the layers of a container's image. They are files of the
// engine's machine, for root to read: where they are not to be had nothing is
// known, and nothing said.
func (s *sightseen) brings(c *scene.Container, name string) brought {
	var all brought
	if !s.here {
		return all
	}
	names := map[string]bool{}
	for _, layer := range strings.Split(c.GraphDriver.Data["LowerDir"], ":") {
		if layer == "" || strings.HasSuffix(layer, "-init/diff") { // there Docker makes the points of mounts
			continue
		}
		root, err := os.OpenRoot(layer) // links of the image lead nowhere else
		if err != nil {
			continue
		}
		all.file = look(root, filepath.Clean(strings.TrimPrefix(name, "/")), names) || all.file
		_ = root.Close()
	}
	all.names = slices.Sorted(maps.Keys(names))
	return all
}

// look collects the names of a folder, and says whether it is a file instead.
func look(root *os.Root, name string, names map[string]bool) (file bool) {
	info, err := root.Stat(name)
	if err != nil || info.Mode().IsRegular() {
		return err == nil
	}
	folder, err := root.Open(name)
	if err != nil {
		return false
	}
	defer folder.Close()
	some, _ := folder.Readdirnames(1000)
	for _, n := range some {
		if !strings.HasPrefix(n, ".wh.") {
			names[n] = true
		}
	}
	return false
}
