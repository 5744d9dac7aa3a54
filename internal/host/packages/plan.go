package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Plan is what an apt-get would do.
type Plan struct {
	Changes []Change
	// KeptBack are packages that have a newer version and would stay as they are,
	// because they are held or because something would have to be removed.
	KeptBack []string
}

// Removed are the names that would go.
func (p Plan) Removed() []string {
	var all []string
	for _, c := range p.Changes {
		if c.After == "" {
			all = append(all, c.Name)
		}
	}
	return all
}

// simulate asks apt what it would do. Nothing is locked and nothing is changed.
func (a *Apt) simulate(ctx context.Context, before State, args ...string) (Plan, error) {
	c := a.get(append([]string{"-s"}, args...)...)
	c.Changes, c.As = false, ""
	out, err := a.Door.Text(ctx, c).String()
	if err != nil {
		return Plan{}, a.explain(ctx, err)
	}
	return parsePlan(out, before)
}

// parsePlan reads the lines of apt-get -s:
//
//	Inst NAME [OLD] (NEW ORIGIN [ARCH])
//	Remv NAME [OLD]
//	Purg NAME [OLD]
func parsePlan(out string, before State) (Plan, error) {
	var p Plan
	kept := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if kept = kept && strings.HasPrefix(line, "  "); kept {
			p.KeptBack = append(p.KeptBack, strings.Fields(line)...)
			continue
		}
		if kept = strings.HasPrefix(line, "The following packages have been kept back"); kept {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		name := before.key(f[1])
		old := before.Packages[name]
		change := Change{Name: name, Before: before.Version(name), WasAuto: before.Version(name) != "" && old.Auto, Left: old.Has == Residue}
		switch f[0] {
		case "Inst":
			_, rest, ok := strings.Cut(line, "(")
			if !ok || len(strings.Fields(rest)) == 0 {
				return Plan{}, fmt.Errorf("read apt's plan: line %q", line)
			}
			change.After, change.IsAuto = strings.Fields(rest)[0], change.WasAuto
		case "Remv", "Purg":
		default:
			continue
		}
		// A removal inside an upgrade is followed by the installation.
		if at := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Name == name }); at >= 0 {
			p.Changes[at] = change
		} else {
			p.Changes = append(p.Changes, change)
		}
	}
	return p, nil
}

// key is the name under which dpkg knows what apt calls name: dpkg adds the
// native architecture to libraries that may be there for several.
func (s State) key(name string) string {
	if _, ok := s.Packages[name]; !ok && s.Native != "" {
		if _, ok := s.Packages[name+":"+s.Native]; ok {
			return name + ":" + s.Native
		}
	}
	return name
}
