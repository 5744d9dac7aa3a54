package packages

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// State is what dpkg and apt know about a host's packages at one moment.
type State struct {
	Native   string             `json:"native"` // the architecture of dpkg itself
	Packages map[string]Package `json:"packages"`
}

// Package is one entry of dpkg's list.
type Package struct {
	Version string `json:"version"`
	// Has is how much of it is there.
	Has Has `json:"has"`
	// Auto says that it came as a dependency only; Held that it must stay as it is.
	Auto bool `json:"auto,omitempty"`
	Held bool `json:"held,omitempty"`
}

// Has is how much of a package is there.
type Has string

const (
	// Installed is a package that is whole.
	Installed Has = "installed"
	// Residue is what a removed package left: its configuration files.
	Residue Has = "configuration"
	// Torn is a package that dpkg was interrupted at.
	Torn Has = "torn"
)

// Version is the installed version of a package, "" when it is not there.
func (s State) Version(name string) string {
	if p := s.Packages[name]; p.Has == Installed || p.Has == Torn {
		return p.Version
	}
	return ""
}

// Held are the names of the packages that must stay as they are.
func (s State) Held() []string {
	return s.names(func(p Package) bool { return p.Held })
}

// Torn are the names of the packages that dpkg was interrupted at.
func (s State) Torn() []string {
	return s.names(func(p Package) bool { return p.Has == Torn })
}

func (s State) names(which func(Package) bool) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Packages)) {
		if which(s.Packages[name]) {
			all = append(all, name)
		}
	}
	return all
}

// Snapshot is the host's state now.
func (a *Apt) Snapshot(ctx context.Context) (State, error) {
	list, err := a.read(ctx, "dpkg-query", "-W", "-f", `${binary:Package}\t${Version}\t${db:Status-Abbrev}\t${Architecture}\n`)
	if err != nil {
		return State{}, fmt.Errorf("list packages: %w", a.explain(ctx, err))
	}
	auto, err := a.read(ctx, "apt-mark", "showauto")
	if err != nil {
		return State{}, fmt.Errorf("list packages: %w", a.explain(ctx, err))
	}
	return parseState(list, auto)
}

func parseState(list, auto string) (State, error) {
	s := State{Packages: map[string]Package{}}
	marked := map[string]bool{}
	for _, name := range strings.Fields(auto) {
		marked[name] = true
	}
	for line := range strings.Lines(list) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 4 || len(f[2]) < 2 {
			return State{}, fmt.Errorf("list packages: dpkg-query gave the line %q", line)
		}
		p := Package{Version: f[1], Held: f[2][0] == 'h'}
		switch f[2][1] {
		case 'n':
			continue
		case 'i':
			p.Has = Installed
		case 'c':
			p.Has = Residue
		default: // half-installed, unpacked, half-configured, triggers
			p.Has = Torn
		}
		s.Packages[f[0]] = p
		if f[0] == "dpkg" {
			s.Native = f[3]
		}
	}
	for name, p := range s.Packages {
		// apt-mark leaves the native architecture out where dpkg names it.
		p.Auto = marked[name] || marked[strings.TrimSuffix(name, ":"+s.Native)]
		s.Packages[name] = p
	}
	return s, nil
}

// Change is one package before and after. An empty version says that it was, or
// is, not installed.
type Change struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// WasAuto and IsAuto tell whether it was, or is, there as a dependency only.
	WasAuto bool `json:"was_auto,omitempty"`
	IsAuto  bool `json:"is_auto,omitempty"`
	// Left says that its configuration files were there before, from an earlier
	// installation, and are not ours to purge.
	Left bool `json:"left,omitempty"`
}

// String is the change as a person reads it.
func (c Change) String() string {
	switch {
	case c.Before == "":
		return c.Name + " " + c.After + " (new)"
	case c.After == "":
		return c.Name + " " + c.Before + " (removed)"
	case c.Before == c.After:
		return c.Name + " " + c.After
	}
	return c.Name + " " + c.Before + " → " + c.After
}

// Diff is what changed, by name.
func Diff(before, after State) []Change {
	var all []Change
	names := maps.Clone(before.Packages)
	maps.Copy(names, after.Packages)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, now := before.Packages[name], after.Packages[name]
		c := Change{Name: name, Before: before.Version(name), After: after.Version(name), Left: old.Has == Residue}
		c.WasAuto = c.Before != "" && old.Auto
		c.IsAuto = c.After != "" && now.Auto
		if c.Before != c.After || c.WasAuto != c.IsAuto || old.Has != now.Has {
			all = append(all, c)
		}
	}
	return all
}
