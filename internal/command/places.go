package command

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Places are the transports of this process, each made once: a connection is
// shared by all that goes to the same place. It is safe for concurrent use.
type Places struct {
	SSHConfig  string   // the configuration file of ssh; empty is the user's own
	VagrantDir string   // where the Vagrantfile is
	Cache      string   // a directory of ours
	DockerEnv  []string // for the docker client, as NAME=VALUE lines, besides this process's own

	mu   sync.Mutex
	open map[string]*Far
}

// placePattern is what a place looks like in a configuration.
const placePattern = `^(local|ssh:([A-Za-z0-9_.-]+@)?([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?|docker:[A-Za-z0-9][A-Za-z0-9_.-]*|compose:([a-z0-9][a-z0-9_-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]*|vagrant:[A-Za-z0-9][A-Za-z0-9_.-]*)$`

// PlacePattern is a regular expression for names of places.
func PlacePattern() string { return placePattern }

// CheckPlace says what is wrong with the name of a place; "" when nothing is.
func CheckPlace(via string) string {
	if regexp.MustCompile(placePattern).MatchString(via) {
		return ""
	}
	return "is not local, ssh:USER@HOST[:PORT], docker:CONTAINER, compose:[PROJECT/]SERVICE or vagrant:MACHINE"
}

// Transport is the one to a place: local, ssh:[USER@]HOST[:PORT],
// docker:CONTAINER, compose:[PROJECT/]SERVICE or vagrant:MACHINE. Nothing is
// reached before a command runs.
func (p *Places) Transport(via string) (Transport, error) {
	if wrong := CheckPlace(via); wrong != "" {
		return nil, fmt.Errorf("reach %q: it %s", via, wrong)
	}
	if via == "local" {
		return Local(), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.open[via]; known != nil {
		return known, nil
	}
	if p.open == nil {
		p.open = map[string]*Far{}
	}
	kind, name, _ := strings.Cut(via, ":")
	switch kind {
	case "ssh":
		o := SSHOptions{Name: via, Target: name, Config: p.SSHConfig}
		if at := strings.LastIndex(name, "@") + 1; strings.Contains(name[at:], ":") {
			host, port, err := net.SplitHostPort(name[at:])
			if err != nil { // an address in brackets without a port
				host = strings.Trim(name[at:], "[]")
			}
			o.Target, o.Port = name[:at]+host, port
		}
		p.open[via] = NewSSH(o)
	case "docker":
		p.open[via] = NewDocker(DockerOptions{Name: via, Container: name, Env: p.DockerEnv})
	case "compose":
		p.open[via] = NewDocker(DockerOptions{Name: via, Service: name, Env: p.DockerEnv})
	case "vagrant":
		p.open[via] = NewVagrant(p.Vagrant(name))
	}
	return p.open[via], nil
}

// Vagrant is how a machine of Vagrant is reached.
func (p *Places) Vagrant(machine string) VagrantOptions {
	return VagrantOptions{Name: "vagrant:" + machine, Machine: machine, Dir: p.VagrantDir, Cache: filepath.Join(p.Cache, "vagrant")}
}

// Close ends all connections.
func (p *Places) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.open {
		one.Close()
	}
	p.open = nil
}
