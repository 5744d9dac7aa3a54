package backup

import (
	"slices"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
)

// newestWith is the newest set that holds the source that a person means by a
// word; nil when none does. Names go before databases: a set where the word is a
// name counts, although in a newer one it is only that of a database.
func newestWith(all []store.Listed, word string) *store.Set {
	for _, find := range []func(*manifest.Manifest, string) *manifest.Source{byName, byDatabase} {
		for _, l := range all {
			if l.Set == nil || forSafety(l.Set) {
				continue
			}
			if held := find(l.Set.Manifest, word); held != nil && held.State != manifest.Failed {
				return l.Set
			}
		}
	}
	return nil
}

// meant is the source of a set that a person means by a word: its name, or the
// name of the database in it, as the server writes it; nil when there is none.
func meant(m *manifest.Manifest, word string) *manifest.Source {
	if held := byName(m, word); held != nil {
		return held
	}
	return byDatabase(m, word)
}

func byName(m *manifest.Manifest, word string) *manifest.Source {
	held, _ := m.Source(word)
	return held
}

// byDatabase finds nothing where two servers have a database of that name.
func byDatabase(m *manifest.Manifest, word string) *manifest.Source {
	var found []*manifest.Source
	for i := range m.Sources {
		if held := &m.Sources[i]; word != "" && held.Detail["database"] == word {
			found = append(found, held)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// called are the sources that a set holds, for people: a database that is called
// otherwise than its source is named, too.
func called(m *manifest.Manifest) (names, words []string) {
	for _, held := range m.Sources {
		if held.State == manifest.Failed {
			continue
		}
		name, database := held.Name, held.Detail["database"]
		words = append(words, name)
		if database != "" && database != name {
			name += " (database " + database + ")"
			words = append(words, database)
		}
		names = append(names, name)
	}
	return names, slices.Compact(words)
}
