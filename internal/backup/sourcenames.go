package backup

import (
	"strconv"
	"strings"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
)

// naming gives every source a name of its own, and the same one over time: who
// types -source=sales gets today what it was yesterday, whatever databases were
// made since.
type naming struct {
	was   map[origin]string           // by the newest set that holds the source
	owner map[string]*manifest.Source // what the newest set that has a name calls by it
	taken map[string]bool
}

// origin is a source, whatever it is called.
type origin struct{ kind, from string }

// newNaming reads what the sets of a store call their sources. A store that
// cannot be read gives no names; whoever needs its sets says so.
func newNaming(s *store.Store) *naming {
	n := &naming{was: map[origin]string{}, owner: map[string]*manifest.Source{}, taken: map[string]bool{}}
	sets, err := s.List()
	if err != nil {
		return n
	}
	for _, l := range sets {
		// A safety set calls a database by the name of what took its place.
		if l.Set == nil || forSafety(l.Set) {
			continue
		}
		for i := range l.Set.Manifest.Sources {
			if held := &l.Set.Manifest.Sources[i]; held.State != manifest.Failed {
				n.note(held)
			}
		}
	}
	return n
}

// note is called for the newest sets first.
func (n *naming) note(held *manifest.Source) {
	if n.owner[held.Name] != nil {
		return
	}
	n.owner[held.Name] = held
	if from := (origin{held.Kind, held.Origin}); n.was[from] == "" {
		n.was[from] = held.Name
	}
}

// names are those of sources, in their order: what the configuration says; what
// the sets say; then come those that have the name of their database as it is,
// and at last the others, with a number where a name is taken.
func (n *naming) names(all []*planned) []string {
	named := make([]string, len(all))
	give := func(wish func(*planned) string) {
		for i, p := range all {
			if name := wish(p); named[i] == "" && name != "" && !n.taken[name] {
				named[i], n.taken[name] = name, true
			}
		}
	}
	give(func(p *planned) string { return p.config.Name })
	give(func(p *planned) string { return n.was[origin{p.Kind(), p.Origin()}] })
	give(func(p *planned) string {
		if p.Name() == within(p.Source) && n.free(p.Name(), p) {
			return p.Name()
		}
		return ""
	})
	give(func(p *planned) string {
		name := p.Name()
		for number := 2; !n.free(name, p); number++ {
			name = p.Name() + "-" + strconv.Itoa(number)
		}
		return name
	})
	return named
}

// free says whether a source may have a name: nothing has it, and no set has it
// for something else.
func (n *naming) free(name string, p *planned) bool {
	reserved := map[string]string{"config": source.KindFiles, "roles": source.KindGlobals}
	if n.taken[name] || reserved[name] != "" && reserved[name] != p.Kind() {
		return false
	}
	held := n.owner[name]
	if held == nil {
		return true
	}
	// A server may have another address now, and a directory another place.
	inside := within(p.Source)
	return held.Kind == p.Kind() && (inside == "" || strings.HasSuffix(held.Origin, "/"+inside) || strings.HasSuffix(held.Origin, " "+inside))
}

// within is the name of a source where it lives, "" for what has none: a
// directory, the roles of a server.
func within(s source.Source) string {
	switch s := s.(type) {
	case *source.Postgres:
		return s.Database
	case *source.MariaDB:
		return s.Database
	case *source.Volume:
		return s.Volume
	case *source.VM:
		return s.Machine
	}
	return ""
}
