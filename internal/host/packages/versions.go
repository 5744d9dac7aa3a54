package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Versions are the versions of packages that repositories offer, newest first.
type Versions map[string][]string

func (v Versions) has(name, version string) bool {
	bare, _, _ := strings.Cut(name, ":")
	return slices.Contains(v[bare], version)
}

// Versions asks apt which versions the repositories offer. A package that none
// offers is not in the answer.
func (a *Apt) Versions(ctx context.Context, names ...string) (Versions, error) {
	all := Versions{}
	if len(names) == 0 {
		return all, nil
	}
	if err := checkNames(names); err != nil {
		return nil, err
	}
	var bare []string
	for _, name := range names {
		one, _, _ := strings.Cut(name, ":")
		bare = append(bare, one)
	}
	out, err := a.read(ctx, "apt-cache", append([]string{"madison"}, bare...)...)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", a.explain(ctx, err))
	}
	for line := range strings.Lines(out) {
		//  docker.io | 20.10.24+dfsg1-1+deb12u1+b6 | http://deb.debian.org/debian bookworm/main amd64 Packages
		f := strings.Split(line, "|")
		if len(f) != 3 || strings.HasSuffix(strings.TrimSpace(f[2]), "Sources") {
			continue
		}
		name, version := strings.TrimSpace(f[0]), strings.TrimSpace(f[1])
		if !slices.Contains(all[name], version) {
			all[name] = append(all[name], version)
		}
	}
	return all, nil
}

// upstream is a version without what Debian's packaging adds: 5:28.5.1-1~debian.12
// is 28.5.1.
func upstream(version string) string {
	if _, after, found := strings.Cut(version, ":"); found {
		version = after
	}
	if at := strings.LastIndex(version, "-"); at > 0 {
		version = version[:at]
	}
	version, _, _ = strings.Cut(version, "+")
	version, _, _ = strings.Cut(version, "~")
	return version
}

// Within tells whether a pin allows a version: 28.5.1 is within "28", "28.*" and
// "28.5.1", and so is every version within the empty one.
func Within(version, pin string) bool {
	stem, plain := strings.TrimSuffix(strings.TrimSuffix(pin, "*"), "."), upstream(version)
	return stem == "" || version == pin || plain == stem || strings.HasPrefix(plain, stem+".")
}

// Pick is the newest version that a pin allows: "28.*", "28", "28.5.1", or a full
// version of apt's. An empty pin allows all.
func (v Versions) Pick(name, pin string) (string, error) {
	offered := v[name]
	if len(offered) == 0 {
		return "", &Problem{Kind: Unknown, Text: "no repository has a package " + name, Fix: "apt-get update; then correct the name or add the repository that has it"}
	}
	for _, version := range offered {
		if Within(version, pin) {
			return version, nil
		}
	}
	return "", &Problem{Kind: Unknown, Text: fmt.Sprintf("no repository has version %s of %s", pin, name), Fix: "take one of " + strings.Join(offered, ", ")}
}

// Offer is what is there of a package and what there could be.
type Offer struct{ Installed, Candidate string }

// Offers asks apt for what is installed and what it would install.
func (a *Apt) Offers(ctx context.Context, names ...string) (map[string]Offer, error) {
	if err := checkNames(names); err != nil {
		return nil, err
	}
	out, err := a.read(ctx, "apt-cache", append([]string{"policy"}, names...)...)
	if err != nil {
		return nil, fmt.Errorf("ask apt for what it offers: %w", a.explain(ctx, err))
	}
	return parsePolicy(out), nil
}

func parsePolicy(out string) map[string]Offer {
	all := map[string]Offer{}
	name := ""
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") {
			name = strings.TrimSuffix(line, ":")
			continue
		}
		label, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if value = strings.TrimSpace(value); value == "(none)" {
			value = ""
		}
		offer := all[name]
		switch label {
		case "Installed":
			offer.Installed = value
		case "Candidate":
			offer.Candidate = value
		default:
			continue
		}
		if offer != (Offer{}) {
			all[name] = offer
		}
	}
	return all
}
