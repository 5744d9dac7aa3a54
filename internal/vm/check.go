package vm

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
	"iact-infra/internal/vm/survey"
	"iact-infra/internal/vm/vagrantfile"
)

// check is step 1: it only reads, and fails when this host cannot run the
// machines.
func (r *Room) check(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	wants := r.wants(ctx, s)
	facts, err := survey.Survey(ctx, w.Door, wants)
	if err != nil {
		return err
	}
	report := facts.Report(wants)
	w.Publish(report, func(out io.Writer) { _ = report.Write(out, w.Lang) }) // standard output says what there is to say
	return report.Err(w.Lang)
}

// wants is what the machines need, by the configuration and the Vagrantfile, as
// far as that can be told without running it.
func (r *Room) wants(ctx context.Context, s *scene) survey.Wants {
	text := s.project.Text()
	home := r.vagrantHome()
	general, _ := os.ReadFile(filepath.Join(home, "Vagrantfile")) // of this user; there need not be one
	w := survey.Wants{
		Provider: r.chosen(ctx, s), Disk: uint64(s.config.VM.Disk) << 30, Home: home, Dir: s.project.Dir,
		URI: r.o.Getenv("LIBVIRT_DEFAULT_URI"), File: vagrantfile.Read(text), Plugins: required(text),
		Software: emulated(text) || emulated(string(general)), USBEHCI: strings.Contains(uncommented(text), "--usbehci"),
	}
	if w.URI == "" {
		w.URI = libvirt.DefaultURI
	}
	ours := text == "" || w.File.Ours
	var own []provider.Forward
	w.Machines, own = s.wanted(ctx, w.File, vagrantfile.Read(string(general)), ours)
	w.Ports = s.ports(w, ours)
	for i, p := range w.Ports {
		w.Ports[i].Own = slices.ContainsFunc(own, func(f provider.Forward) bool { return f.HostPort == p.Number })
	}
	return w
}

func (r *Room) vagrantHome() string {
	if home := r.o.Getenv("VAGRANT_HOME"); home != "" {
		return home
	}
	return filepath.Join(r.o.Getenv("HOME"), ".vagrant.d")
}

// wanted are the machines of the project, with how they stand, and the ports that
// lead into them already. A provider that does not answer is the survey's to
// judge; its machines count as not running.
func (s *scene) wanted(ctx context.Context, file, general vagrantfile.File, ours bool) (all []survey.Machine, own []provider.Forward) {
	names := s.config.VM.Machines
	if s.pick.Machine != "" {
		names = []string{s.pick.Machine}
	}
	if len(names) == 0 {
		for _, m := range file.Machines {
			names = append(names, m.Name)
		}
	}
	for _, name := range names {
		m := survey.Machine{Name: name, Memory: uint64(s.config.VM.Memory) << 20, CPUs: s.config.VM.CPUs}
		if !ours {
			m.Memory, m.CPUs = sized(m, block(file, name), general.Machines[0])
		}
		for _, one := range s.made {
			if one.Name != name || m.Made != "" && one.Provider != s.config.VM.Provider {
				continue
			}
			m.Made = one.Provider
			p, err := s.open(one.Provider)
			if err != nil {
				continue
			}
			if seen, err := p.Look(ctx, one.ID); err == nil {
				m.Running = seen.State == provider.Running || seen.State == provider.Paused
				own = append(own, seen.Forwards...)
			}
			own = append(own, s.project.Forwards(one)...)
		}
		all = append(all, m)
	}
	return all, own
}

// block is a machine of the file; one that it computes has no values.
func block(file vagrantfile.File, name string) vagrantfile.Machine {
	for _, m := range file.Machines {
		if m.Name == name {
			return m
		}
	}
	return vagrantfile.Machine{}
}

// sized is what a Vagrantfile gives a machine, the project's before the user's
// own; what neither tells stays.
func sized(m survey.Machine, files ...vagrantfile.Machine) (memory uint64, cpus int) {
	memory, cpus = m.Memory, m.CPUs
	for _, f := range slices.Backward(files) {
		if f.Memory > 0 {
			memory = uint64(f.Memory) << 20
		}
		if f.CPUs > 0 {
			cpus = f.CPUs
		}
	}
	return memory, cpus
}

// ports are those of this host that lead into the machines. A Vagrantfile that
// computes them may mean those of the configuration.
func (s *scene) ports(w survey.Wants, ours bool) []survey.Port {
	var all []survey.Port
	computed := ours
	for _, m := range w.File.Machines {
		for _, p := range m.Ports {
			if p.Host == 0 {
				computed = true
				continue
			}
			if p.Guest == 22 && w.Provider == provider.Libvirt {
				continue // it goes to the guest's address, by no port of this host
			}
			all = append(all, survey.Port{Address: address(p.HostIP), Number: p.Host, Corrects: p.Corrects})
		}
	}
	if computed {
		for name, number := range map[string]int{"postgresql_port": s.config.VM.PostgreSQLPort, "mariadb_port": s.config.VM.MariaDBPort} {
			all = append(all, survey.Port{Address: "127.0.0.1", Number: number, Setting: fmt.Sprintf("vm: {%s: %d}", name, number)})
		}
	}
	slices.SortFunc(all, func(a, b survey.Port) int { return a.Number - b.Number })
	return slices.CompactFunc(all, func(a, b survey.Port) bool { return a.Number == b.Number })
}

// address is "" for every address.
func address(ip string) string {
	if ip == "0.0.0.0" {
		return ""
	}
	return ip
}

// uncommented is Ruby without the lines that are remarks.
func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(text, "")
}

// emulated says whether libvirt is to run machines without hardware virtualisation.
func emulated(text string) bool {
	return regexp.MustCompile(`\.driver\s*=\s*["']qemu["']`).MatchString(uncommented(text))
}

// required are the plugins that a Vagrantfile does not go without: those that it
// declares, and those whose absence it deals with. One that it merely makes use
// of (if Vagrant.has_plugin?) is none.
func required(text string) []string {
	var all []string
	for _, pattern := range []string{`\.vagrant\.plugins\s*=\s*(.*)`, `(?:unless|!)\s*Vagrant\.has_plugin\?\s*\(?(.*)`} {
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(uncommented(text), -1) {
			for _, name := range regexp.MustCompile(`["']([A-Za-z0-9_-]+)["']`).FindAllStringSubmatch(found[1], -1) {
				all = append(all, name[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
