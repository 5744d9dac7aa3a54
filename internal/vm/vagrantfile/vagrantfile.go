// Package vagrantfile reads a Vagrantfile without running it.
//
// A Vagrantfile is a program in Ruby, and every command of Vagrant runs it, also
// one that only looks. So what it would do to this host by being read has to be
// known before. It is read as people write it: literals, constants with literal
// values, one thing a line. What is computed stays unknown, and nothing is made
// up for it.
package vagrantfile

import (
	"slices"
	"strconv"
	"strings"
)

// Name is what the file is called.
const Name = "Vagrantfile"

// SettingsName is the file that a Vagrantfile of ours takes its values from.
const SettingsName = "vm.json"

// File is what a Vagrantfile says.
type File struct {
	Machines []Machine // as they are defined; one named default where none is
	Installs []Install
	Scripts  []string // that provision, as they are named there
	Called   []string // that a line inside calls by bash; they may be made there
	Notes    []Note
	Ours     bool // it is the one that vm:fetch writes, by hand or not
}

// Machine is one machine of the file. What is unknown is zero.
type Machine struct {
	Name      string
	Box       string
	Memory    int // MiB
	CPUs      int
	Ports     []Port
	Addresses []string // of private networks
}

// Port is a port of this host that leads into the machine.
type Port struct {
	Guest, Host int
	HostIP      string // "" is every address
	Corrects    bool   // takes another port when this one is taken
}

// Install is a place where reading the file changes this host.
type Install struct {
	Line    int
	Plugins []string // that it installs, as far as they are named
	Ends    bool     // the file ends Vagrant with exit code 0 after that
}

// Note is something that a person should know about a line.
type Note struct {
	Line   int
	EN, ES string
}

// reader goes through the lines.
type reader struct {
	grammar
	file      File
	base      Machine // what stands outside of any definition
	constants map[string]string
	exits     []int
	plugins   []string
}

// Read reads a Vagrantfile.
func Read(text string) File {
	r := &reader{grammar: newGrammar(), constants: map[string]string{}}
	r.file.Ours = strings.Contains(text, strconv.Quote(SettingsName))
	for _, l := range r.lines(text) {
		r.line(l)
	}
	for i := range r.file.Installs {
		one := &r.file.Installs[i]
		if len(one.Plugins) == 0 {
			one.Plugins = r.plugins
		}
		one.Ends = slices.ContainsFunc(r.exits, func(line int) bool { return line > one.Line })
	}
	r.inherit()
	return r.file
}

// inherit gives every machine what the file says to all.
func (r *reader) inherit() {
	if len(r.file.Machines) == 0 {
		r.file.Machines = []Machine{{Name: "default"}}
	}
	for i := range r.file.Machines {
		m := &r.file.Machines[i]
		if m.Box == "" {
			m.Box = r.base.Box
		}
		if m.Memory == 0 {
			m.Memory = r.base.Memory
		}
		if m.CPUs == 0 {
			m.CPUs = r.base.CPUs
		}
		m.Ports = slices.Concat(r.base.Ports, m.Ports)
		m.Addresses = slices.Concat(r.base.Addresses, m.Addresses)
	}
}

// now is the machine that a line is about.
func (r *reader) now() *Machine {
	if n := len(r.file.Machines); n > 0 {
		return &r.file.Machines[n-1]
	}
	return &r.base
}

// literal is the value of "text", 'text' or a constant; "" when it is computed.
func (r *reader) literal(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		if text := s[1 : len(s)-1]; !strings.Contains(text, "#{") {
			return text
		}
		return ""
	}
	if _, err := strconv.Atoi(s); err == nil {
		return s
	}
	return r.constants[s]
}

func (r *reader) number(s string) int {
	n, _ := strconv.Atoi(r.literal(s)) // 0 is unknown
	return n
}

// named is the value of name: in the options of a call.
func (r *reader) named(code, name string) string {
	for _, found := range r.option.FindAllStringSubmatch(code, -1) {
		if found[1] == name || found[2] == name {
			return found[3]
		}
	}
	return ""
}
