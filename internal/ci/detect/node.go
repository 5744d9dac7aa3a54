package detect

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Node is what is known of a package.
type Node struct {
	Name      string
	Manager   string // npm, pnpm, yarn, or berry: yarn from 2 on
	Lock      string // the lock file, below the project; "" is none
	PnP       bool   // of berry: there is no node_modules, .pnp.cjs says where packages are
	Workspace string // the directory of the workspace that it is a member of
	Members   []string
	Scripts   map[string]string
	Required  map[string]string // name and version, of every sort of dependency
	Sections  []string          // keys of package.json, some of which configure a tool
	Output    string            // where the build goes; "" is not known
}

// Requires says whether a package is a dependency.
func (n *Node) Requires(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, is := n.Required[name]; return is })
}

func (s *search) node(dir string, files []string) *Node {
	n := &Node{Scripts: map[string]string{}, Required: map[string]string{}}
	var sections map[string]json.RawMessage
	if err := s.json(&sections, dir, "package.json"); err != nil {
		s.note(dir, "unreadable", "package.json", "package.json is not JSON: nothing is known of its scripts.", "package.json no es JSON: no se sabe nada de sus scripts.")
	}
	for name, raw := range sections {
		n.Sections = append(n.Sections, name)
		texts := map[string]string{}
		if !strings.HasSuffix(strings.ToLower(name), "dependencies") && name != "scripts" || json.Unmarshal(raw, &texts) != nil {
			continue
		}
		for key, value := range texts {
			if name == "scripts" {
				n.Scripts[key] = value
			} else {
				n.Required[key] = value
			}
		}
	}
	slices.Sort(n.Sections)
	_ = json.Unmarshal(sections["name"], &n.Name) // another type is no name
	n.Members = workspaces(sections["workspaces"])
	if has(files, "pnpm-workspace.yaml") {
		var file struct{ Packages []string }
		if yaml.Unmarshal([]byte(s.read(dir, "pnpm-workspace.yaml")), &file) == nil {
			n.Members = file.Packages
		}
	}
	for _, above := range s.found.Components {
		if above.Node != nil && above.Node.member(above.Dir, dir) {
			n.Workspace, n.Manager, n.Lock = above.Dir, above.Node.Manager, above.Node.Lock
		}
	}
	if n.Workspace == "" {
		var wanted string
		_ = json.Unmarshal(sections["packageManager"], &wanted)
		n.Manager, n.Lock = s.manager(dir, files, wanted)
		if n.Lock == "" {
			s.note(dir, "no-lock-file", "package.json", "There is no lock file: every run may get other versions. Commit the package-lock.json that npm install writes.",
				"No hay archivo de bloqueo: cada ejecución puede recibir otras versiones. Guarde en git el package-lock.json que escribe npm install.")
		}
	}
	n.PnP = n.Manager == "berry" && n.Workspace == "" && s.plugAndPlay(dir)
	n.Output = s.output(dir, files, n)
	return n
}

// plugAndPlay says whether yarn links by .pnp.cjs, as it does when it is not told
// otherwise.
func (s *search) plugAndPlay(dir string) bool {
	var file struct {
		Linker string `yaml:"nodeLinker"`
	}
	_ = yaml.Unmarshal([]byte(s.read(dir, ".yarnrc.yml")), &file) // yarn says better what is wrong with it
	return file.Linker == "" || file.Linker == "pnp"
}

// manager finds who installs, by the lock file.
func (s *search) manager(dir string, files []string, wanted string) (manager, lock string) {
	berry := has(files, ".yarnrc.yml") || regexp.MustCompile(`^yarn@[2-9]`).MatchString(wanted)
	for _, m := range []struct{ lock, name string }{
		{"pnpm-lock.yaml", "pnpm"}, {"yarn.lock", "yarn"}, {"npm-shrinkwrap.json", "npm"}, {"package-lock.json", "npm"},
	} {
		if !has(files, m.lock) {
			continue
		}
		if m.name == "yarn" && (berry || strings.Contains(s.read(dir, m.lock), "\n__metadata:")) {
			m.name = "berry"
		}
		return m.name, path.Join(dir, m.lock)
	}
	name, _, _ := strings.Cut(wanted, "@")
	switch {
	case name == "yarn" && berry:
		return "berry", ""
	case name == "yarn" || name == "pnpm":
		return name, ""
	}
	return "npm", ""
}

// workspaces reads the list of members in both of its forms.
func workspaces(raw json.RawMessage) []string {
	var list []string
	var form struct{ Packages []string }
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	if json.Unmarshal(raw, &form) == nil {
		return form.Packages
	}
	return nil
}

// member says whether dir is a package of the workspace at root.
func (n *Node) member(root, dir string) bool {
	rel := dir
	if root != "." {
		rel = strings.TrimPrefix(dir, root+"/")
	}
	is := false
	for _, pattern := range n.Members {
		pattern, not := strings.CutPrefix(pattern, "!")
		pattern = path.Clean(pattern)
		fits, err := path.Match(pattern, rel)
		if front, deep := strings.CutSuffix(pattern, "/**"); deep {
			fits = strings.HasPrefix(rel, front+"/")
		}
		if err == nil && fits {
			is = !not
		}
	}
	return is
}
