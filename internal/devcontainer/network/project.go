package network

import (
	"cmp"
	"maps"
	"net/netip"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// project is what the Compose files of the workspace say of networks and ports.
// What cannot be read is not there: the configuration's checks tell of it.
type project struct {
	name     string
	services map[string][]wish // the ports of each
	networks map[string]network
}

// network is one that a project makes, or takes.
type network struct {
	Name     string
	External any
	Ipam     struct{ Config []struct{ Subnet string } }
}

func projectOf(s *scene.Scene) project {
	settings, _ := s.Settings()
	p := project{services: map[string][]wish{}, networks: map[string]network{}}
	if len(settings.ComposeFiles) == 0 {
		return p
	}
	config, err := s.ConfigPath()
	if err != nil || config == "" {
		return p
	}
	env := environment(s)
	named := ""
	for _, file := range settings.ComposeFiles {
		at := path.Join(path.Dir(config), file)
		if filepath.IsAbs(file) {
			rel, err := filepath.Rel(s.Workspace, file)
			if err != nil {
				continue
			}
			at = rel
		}
		text, err := s.Read(at)
		if err != nil {
			continue
		}
		var in struct {
			Name     string
			Services map[string]struct{ Ports []yaml.Node }
			Networks map[string]*network
		}
		if yaml.Unmarshal(interpolate(text, env), &in) != nil {
			continue
		}
		named = cmp.Or(in.Name, named)
		for name, service := range in.Services {
			for i := range service.Ports {
				p.services[name] = append(p.services[name], wishOf(&service.Ports[i])...)
			}
			p.services[name] = slices.Clip(p.services[name])
		}
		for name, n := range in.Networks {
			if n == nil {
				n = &network{}
			}
			p.networks[name] = *n
		}
	}
	p.name = cmp.Or(env["COMPOSE_PROJECT_NAME"], named)
	return p
}

// environment is what Compose fills in: this process's, and .env beside it.
func environment(s *scene.Scene) map[string]string {
	env := map[string]string{}
	config, _ := s.ConfigPath()
	for _, at := range []string{".env", path.Join(path.Dir(config), ".env")} {
		text, err := s.Read(at)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if key, value, is := strings.Cut(strings.TrimSpace(line), "="); is && !strings.HasPrefix(key, "#") {
				env[strings.TrimPrefix(key, "export ")] = strings.Trim(value, `"'`)
			}
		}
	}
	for _, one := range s.Environ {
		key, value, _ := strings.Cut(one, "=")
		env[key] = value
	}
	return env
}

// interpolate fills in ${NAME}, ${NAME:-default} and $NAME.
func interpolate(text []byte, env map[string]string) []byte {
	return regexp.MustCompile(`\$\$|\$\{(\w+)(?::?[-?+]([^}]*))?\}|\$(\w+)`).ReplaceAllFunc(text, func(found []byte) []byte {
		m := regexp.MustCompile(`\$\{(\w+)(?::?([-?+])([^}]*))?\}|\$(\w+)`).FindSubmatch(found)
		if m == nil {
			return []byte("$")
		}
		value := env[string(m[1])+string(m[4])]
		if value == "" && string(m[2]) == "-" {
			return m[3]
		}
		return []byte(value)
	})
}

// wants is a network that the project needs and that is not there yet; "" when
// there is none. Compose makes it before the containers.
func (p project) wants(w *wire, nets []scene.Network) string {
	if len(p.services) == 0 || w.c != nil && w.c.State.Running {
		return ""
	}
	name := p.name
	if w.c != nil {
		name = cmp.Or(w.c.Label(scene.LabelProject), name)
	}
	if name == "" {
		if w.c == nil {
			return "of the project"
		}
		return ""
	}
	keys := slices.Sorted(maps.Keys(p.networks))
	if !slices.Contains(keys, "default") && len(keys) == 0 {
		keys = append(keys, "default")
	}
	for _, key := range keys {
		full := cmp.Or(p.networks[key].Name, name+"_"+key)
		if p.networks[key].External == nil && len(p.networks[key].Ipam.Config) == 0 && !known(nets, full) {
			return full
		}
	}
	return ""
}

// outsider is a network that the project takes from elsewhere and that is not
// there.
func (p project) outsider(nets []scene.Network) string {
	for _, key := range slices.Sorted(maps.Keys(p.networks)) {
		n := p.networks[key]
		name := cmp.Or(n.Name, key)
		switch of := n.External.(type) {
		case map[string]any:
			if other, is := of["name"].(string); is {
				name = other
			}
		case bool:
			if !of {
				continue
			}
		default:
			continue
		}
		if !known(nets, name) {
			return name
		}
	}
	return ""
}

// overlap is a subnet that the project asks for and another network has.
func (p project) overlap(w *wire, nets []scene.Network) []doctor.Finding {
	if w.c != nil && w.c.State.Running {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(p.networks)) {
		for _, c := range p.networks[key].Ipam.Config {
			want, err := netip.ParsePrefix(c.Subnet)
			if err != nil {
				continue
			}
			for _, n := range nets {
				ours := n.Labels["com.docker.compose.network"] == key && (w.c == nil || n.Labels[scene.LabelProject] == w.c.Label(scene.LabelProject)) || n.Name == p.networks[key].Name
				if ours || !slices.ContainsFunc(subnets([]scene.Network{n}), want.Masked().Overlaps) {
					continue
				}
				return []doctor.Finding{{
					State: doctor.Fail, Where: "network " + key, Evidence: c.Subnet + " of " + key + " overlaps " + subnets([]scene.Network{n})[0].String() + " of " + n.Name,
					Explains: []string{"DC-NET-013", "DC-STA-001", "DC-STA-002", "DC-STA-006"},
					Cause:    doctor.Say("la subred que pide el archivo de Compose ya es de otra red: no puede crearse (Pool overlaps with other one)", "the subnet that the Compose file asks for belongs to another network: it cannot be made (Pool overlaps with other one)"),
					Fix:      "# take another subnet, or let Docker choose: leave ipam out\ndocker network rm " + n.Name + "   # when nobody needs it",
				}}
			}
		}
	}
	return nil
}
