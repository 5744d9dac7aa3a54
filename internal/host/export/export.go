// Package export writes what host:all would do to a bare Debian or Ubuntu machine
// in the language of another engine: a playbook for Ansible, or user-data for
// cloud-init.
//
// It is pure: what the configuration asks for comes in, text goes out, and the
// same in gives the same out. Names of packages, repositories, keys and settings
// come from the tables of internal/host/packages and internal/host/daemon, so
// that what is exported is what the steps do. Steps that only look, or that are
// about the project's own files (8 to 10), are not in it: the targets are for them.
package export

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/host/packages"
)

// The formats.
const (
	Ansible   = "ansible"
	CloudInit = "cloud-init"
)

// Wants is what the configuration asks for.
type Wants struct {
	User    string   // who is to use Docker; "" is the one who logs in there
	Base    []string // packages that come first
	Upgrade bool     // all packages, not only those of Docker
	Docker  packages.DockerOptions
	Daemon  daemon.Settings
	Hello   string // an image that says hello
	// Distribution is debian or ubuntu, for user-data only: a playbook finds out.
	Distribution string
}

// Text is the export in a format.
func Text(format string, w Wants) (string, error) {
	if err := w.check(); err != nil {
		return "", fmt.Errorf("export: %w", err)
	}
	write := map[string]func(Wants) (string, error){Ansible: playbook, CloudInit: userData}[format]
	if write == nil {
		return "", fault.New(fault.Usage, "-format=ansible or -format=cloud-init", fmt.Errorf("export as %q: there is no such format", format))
	}
	text, err := write(w)
	if err != nil {
		return "", fmt.Errorf("export as %s: %w", format, err)
	}
	return text, nil
}

// check refuses what another engine would take for an expression of its own, and
// what dockerd would not take.
func (w Wants) check() error {
	if w.Docker.From != packages.Auto && w.Docker.From != "" && w.Docker.From != packages.DockerCom && w.Docker.From != packages.Distribution {
		return fault.New(fault.Usage, "host.docker.from: docker.com, distribution or auto", fmt.Errorf("docker from %q: there is no such place", w.Docker.From))
	}
	if w.User != "" && !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`).MatchString(w.User) {
		return fault.New(fault.Usage, "correct host.user", fmt.Errorf("%q is not the name of a user", w.User))
	}
	settings, _, err := daemon.Merge(nil, w.Daemon)
	if err != nil {
		return err
	}
	for _, value := range []string{w.Hello, w.Docker.Repository, w.Docker.Key, w.Docker.Fingerprint, w.Docker.Version, string(settings)} {
		if strings.Contains(value, "{{") || strings.Contains(value, "{%") || strings.Contains(value, "{#") || strings.Contains(value, "$") {
			return fault.New(fault.Usage, "correct it in the configuration", fmt.Errorf("%q would be an expression there", value))
		}
	}
	return nil
}

// Unchecked is where a key is until its fingerprint is known.
func (d data) Unchecked() string { return d.Repository.KeyFile() + ".unchecked" }

// data is what both templates are filled with.
type data struct {
	Wants
	Own        bool // Docker's own packages, and not the distribution's
	Choice     packages.Choice
	Optional   []string // packages that only some releases have
	Compose    string   // the distribution's package of Compose 2 where it has a name of its own
	Compose1   string   // the one that is version 1 in older releases
	Conflicts  []string
	Repository packages.Repository
	Pin        packages.Pin
	Settings   string   // daemon.json
	Reloaded   []string // its keys that a reload is enough for
}

// gather asks the tables about a machine that has nothing yet.
func (w Wants) gather(base, codename, arch string) (data, error) {
	d := data{Wants: w, Reloaded: []string{}}
	d.Base = slices.Clone(w.Base)
	for _, called := range []string{"ca-certificates", "gnupg"} { // by what follows
		if !slices.Contains(d.Base, called) {
			d.Base = append(d.Base, called)
		}
	}
	system := packages.System{Base: base, BaseCodename: codename, Arch: arch, Name: base}
	var err error
	if d.Own = w.Docker.From != packages.Distribution; d.Own {
		if d.Repository, err = packages.DockerRepository(system, w.Docker); err != nil {
			return d, err
		}
		// As gpg prints it.
		digits := strings.ToUpper(strings.ReplaceAll(d.Repository.Fingerprint, " ", ""))
		if !regexp.MustCompile(`^([0-9A-F]{40}|[0-9A-F]{64})$`).MatchString(digits) {
			return d, fault.New(fault.Usage, "gpg --show-keys FILE prints it", fmt.Errorf("read fingerprint %q: it has to be all 40 hexadecimal digits", d.Repository.Fingerprint))
		}
		d.Repository.Fingerprint = digits
	}
	if err := d.choose(system); err != nil {
		return d, err
	}
	if w.Docker.Version != "" {
		if d.Pin, err = packages.PinOf(d.Choice, w.Docker.Version); err != nil {
			return d, fault.New(fault.Usage, "correct host.docker.version", err)
		}
	}
	return d, d.settle()
}

// choose has packages.Choose decide: once with nothing but the engine, which
// every release has, and with all that some release has.
func (d *data) choose(system packages.System) error {
	from := packages.Distribution
	if d.Own {
		from = packages.DockerCom
	}
	all := func(offer packages.Offer, without ...string) packages.Facts {
		f := packages.Facts{System: system, Offers: map[string]packages.Offer{}, Reachable: true}
		for _, name := range packages.DockerNames() {
			if !slices.Contains(without, name) {
				f.Offers[name] = offer
			}
		}
		return f
	}
	full, err := packages.Choose(from, all(packages.Offer{Candidate: "2.0", Installed: "1.0"}))
	if err != nil {
		return err
	}
	d.Conflicts, d.Choice, d.Compose = full.Conflicts, full, full.Compose
	if d.Own {
		return nil
	}
	d.Choice.Packages = []string{full.Engine}
	for _, name := range full.Packages {
		if name != full.Engine && name != full.Compose {
			d.Optional = append(d.Optional, name)
		}
	}
	other, err := packages.Choose(from, all(packages.Offer{Candidate: "2.0"}, full.Compose))
	d.Compose1 = other.Compose
	return err
}

// settle makes daemon.json of the settings, as for a machine without one.
func (d *data) settle() error {
	text, changes, err := daemon.Merge(nil, d.Daemon)
	if err != nil {
		return err
	}
	d.Settings = strings.TrimSpace(cmp.Or(string(text), "{}"))
	for _, c := range changes {
		key, _, _ := strings.Cut(c.Key, ".")
		if c.Needs == daemon.Reload && !slices.Contains(d.Reloaded, key) {
			d.Reloaded = append(d.Reloaded, key)
		}
	}
	return nil
}
