package packages

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/fault"
)

// System is the distribution of a host.
type System struct {
	ID       string // debian, ubuntu, linuxmint
	Like     []string
	Version  string // 12, 24.04
	Codename string // bookworm
	Name     string // for people
	Arch     string // dpkg's own name: amd64
	// Base and BaseCodename are the distribution whose packages it takes: those
	// of Debian or Ubuntu for what is made from them.
	Base, BaseCodename string
}

// System reads what the host is.
func (a *Apt) System(ctx context.Context) (System, error) {
	text, err := a.read(ctx, "cat", "/etc/os-release")
	if err != nil {
		return System{}, fmt.Errorf("read the distribution: %w", err)
	}
	s := parseOSRelease(text)
	if s.Base == "" {
		return s, fault.New(fault.Missing, "by hand: "+byHand(s)+"; then host:group host:daemon host:hello", fmt.Errorf("keep packages of %s: only Debian, Ubuntu and what is made from them are known", s.Name))
	}
	arch, err := a.read(ctx, "dpkg", "--print-architecture")
	if err != nil {
		return s, fmt.Errorf("read the architecture: %w", err)
	}
	s.Arch = strings.TrimSpace(arch)
	return s, nil
}

func parseOSRelease(text string) System {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			fields[name] = strings.Trim(value, `"'`)
		}
	}
	s := System{ID: fields["ID"], Like: strings.Fields(fields["ID_LIKE"]), Version: fields["VERSION_ID"], Codename: fields["VERSION_CODENAME"], Name: fields["PRETTY_NAME"]}
	if s.Name == "" {
		s.Name = s.ID
	}
	switch {
	case s.ID == "debian" || s.ID == "ubuntu":
		s.Base, s.BaseCodename = s.ID, s.Codename
	case fields["UBUNTU_CODENAME"] != "":
		s.Base, s.BaseCodename = "ubuntu", fields["UBUNTU_CODENAME"]
	case fields["DEBIAN_CODENAME"] != "":
		s.Base, s.BaseCodename = "debian", fields["DEBIAN_CODENAME"]
	default:
		for _, like := range append([]string{s.ID}, s.Like...) {
			if like == "debian" || like == "ubuntu" || like == "raspbian" {
				s.Base, s.BaseCodename = strings.Replace(like, "raspbian", "debian", 1), s.Codename
				break
			}
		}
	}
	return s
}

// byHand is what a person types where packages are kept by other means.
func byHand(s System) string {
	for _, id := range append([]string{s.ID}, s.Like...) {
		switch id {
		case "fedora", "rhel", "centos":
			return "dnf upgrade; add https://download.docker.com/linux/" + id + "/docker-ce.repo to dnf; dnf install docker-ce docker-compose-plugin; systemctl enable --now docker"
		case "arch":
			return "pacman -Syu docker docker-compose; systemctl enable --now docker"
		case "alpine":
			return "apk upgrade; apk add docker docker-cli-compose; rc-update add docker; service docker start"
		case "suse", "opensuse":
			return "zypper update; zypper install docker docker-compose; systemctl enable --now docker"
		}
	}
	return "install Docker and Compose 2 by the means of " + s.Name + ", and start it"
}
