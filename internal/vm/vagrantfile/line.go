package vagrantfile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// line reads one line.
func (r *reader) line(l line) {
	r.provisions(l)
	if l.inside {
		return
	}
	r.assigns(l.code)
	r.runs(l)
	r.machine(l)
	r.judge(l)
}

// assigns keeps NAME = "value", which constants and settings are.
func (r *reader) assigns(code string) {
	found := r.assigned.FindStringSubmatch(code)
	if found != nil {
		r.constants[found[1]] = r.literal(found[2])
	}
	// Lists are how the plugins are named that are wanted.
	if r.list.MatchString(code) {
		r.plugins = append(r.plugins, r.names(code)...)
	}
}

// names are the words that plugins are called by.
func (r *reader) names(code string) []string {
	var all []string
	for _, name := range r.plugin.FindAllString(code, -1) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// runs notes what is done to this host when the file is read.
func (r *reader) runs(l line) {
	if r.exit.MatchString(l.code) {
		r.exits = append(r.exits, l.number)
	}
	installs := strings.Contains(l.code, ".install_plugin")
	for _, run := range l.runs {
		installs = installs || r.install.MatchString(run)
	}
	if installs {
		r.file.Installs = append(r.file.Installs, Install{Line: l.number, Plugins: r.names(strings.Join(l.runs, " "))})
	}
}

// machine reads what a line says about a machine.
func (r *reader) machine(l line) {
	code := l.code
	if found := r.define.FindStringSubmatch(code); found != nil {
		name := r.literal(found[1])
		if strings.HasPrefix(found[1], ":") {
			name = found[1][1:]
		}
		if name != "" { // one of a loop is named nowhere
			r.file.Machines = append(r.file.Machines, Machine{Name: name})
		}
	}
	m := r.now()
	if found := r.setting.FindStringSubmatch(code); found != nil {
		switch found[1] {
		case "vm.box":
			m.Box = r.literal(found[2])
		case "memory":
			m.Memory = r.number(found[2])
		case "cpus":
			m.CPUs = r.number(found[2])
		}
	}
	switch {
	case r.forwarded.MatchString(code):
		p := Port{
			Guest: r.number(r.named(code, "guest")), Host: r.number(r.named(code, "host")),
			HostIP: r.literal(r.named(code, "host_ip")), Corrects: r.named(code, "auto_correct") == "true",
		}
		m.Ports = append(m.Ports, p)
		r.judgePort(l, p)
	case r.private.MatchString(code):
		if ip := r.literal(r.named(code, "ip")); ip != "" {
			m.Addresses = append(m.Addresses, ip)
			r.judgeAddress(l, ip)
		}
	}
}

// provisions collects the scripts that are run inside.
func (r *reader) provisions(l line) {
	if r.provision.MatchString(l.code) {
		r.file.Scripts = with(r.file.Scripts, r.literal(r.named(l.code, "path")))
	}
	if l.inside || r.named(l.code, "inline") != "" {
		for _, call := range r.script.FindAllStringSubmatch(l.code, -1) {
			r.file.Called = with(r.file.Called, call[1])
		}
	}
}

func with(all []string, name string) []string {
	if name == "" || slices.Contains(all, name) {
		return all
	}
	return append(all, name)
}

func (r *reader) note(l line, en, es string) {
	r.file.Notes = append(r.file.Notes, Note{Line: l.number, EN: en, ES: es})
}

// judge notes what will go wrong later.
func (r *reader) judge(l line) {
	if r.secret(l.code) {
		r.note(l, "a password stands here in clear; whoever has the file has it", "aquí hay una contraseña en claro; la tiene quien tenga el archivo")
	}
	if found := r.retired.FindStringSubmatch(l.code); found != nil {
		r.note(l, fmt.Sprintf("the box %s is of a system without support", found[1]), fmt.Sprintf("la box %s es de un sistema sin soporte", found[1]))
	}
	if strings.Contains(l.code, "--usbehci") {
		r.note(l, "VirtualBox 7 knows no --usbehci: vagrant up fails at this line", "VirtualBox 7 no conoce --usbehci: vagrant up falla en esta línea")
	}
}

func (r *reader) judgePort(l line, p Port) {
	if p.Corrects && p.Guest != 22 {
		r.note(l, fmt.Sprintf("where port %d is taken the machine silently gets another one", p.Host), fmt.Sprintf("si el puerto %d está ocupado, la máquina recibe otro sin avisar", p.Host))
	}
	if p.HostIP == "" && p.Host != 0 && p.Guest != 22 {
		r.note(l, fmt.Sprintf("port %d is open to the network of this host; host_ip: \"127.0.0.1\" keeps it here", p.Host), fmt.Sprintf("el puerto %d queda abierto a la red de este anfitrión; host_ip: \"127.0.0.1\" lo deja aquí", p.Host))
	}
}

func (r *reader) judgeAddress(l line, ip string) {
	address, err := netip.ParseAddr(ip)
	if err == nil && address.Is4() && !netip.MustParsePrefix("192.168.56.0/21").Contains(address) {
		r.note(l, fmt.Sprintf("VirtualBox refuses %s: its host-only networks are within 192.168.56.0/21", ip), fmt.Sprintf("VirtualBox rechaza %s: sus redes del anfitrión están en 192.168.56.0/21", ip))
	}
}

// secret tells whether a line of Ruby or of a shell gives a password a value in
// clear. One that is taken from elsewhere has none.
func (g *grammar) secret(code string) bool {
	if g.identified.MatchString(code) {
		return true
	}
	found := g.password.FindStringSubmatch(code)
	if found == nil {
		return false
	}
	value := strings.ToLower(found[1])
	return !slices.Contains([]string{"true", "false", "nil", "null", "none"}, value) && !strings.HasPrefix(value, "env")
}

// Passwords are the lines of a script that hold one in clear.
func Passwords(script string) []int {
	g := newGrammar()
	var all []int
	for i, code := range strings.Split(script, "\n") {
		if trimmed := strings.TrimSpace(code); !strings.HasPrefix(trimmed, "#") && g.secret(code) {
			all = append(all, i+1)
		}
	}
	return all
}
