package backup

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
)

// found are sources as they are found: "pg sales" is a database of PostgreSQL,
// "pg@far sales" one of another server, "maria sales" one of MariaDB, "roles" and
// "config" are what their names say, "named NAME sales" has its name from the
// configuration.
func found(lines ...string) []*planned {
	var all []*planned
	for _, line := range lines {
		words := strings.Fields(line)
		kind, host, _ := strings.Cut(words[0], "@")
		database := words[len(words)-1]
		server := &source.Server{Host: "/run/" + host, Port: 5432}
		p := &planned{}
		switch kind {
		case "pg":
			p.Source = &source.Postgres{Label: label(database), Database: database, Server: server}
		case "named":
			p.Source = &source.Postgres{Label: words[1], Database: database, Server: server}
			p.config.Name = words[1]
		case "maria":
			p.Source = &source.MariaDB{Label: label(database), Database: database, Server: &source.MariaDBServer{Socket: "/run/" + host}}
		case "roles":
			p.Source = &source.Globals{Label: "roles", Server: server}
		case "config":
			p.Source = &source.Files{Label: "config", Path: "/" + host}
		}
		all = append(all, p)
	}
	return all
}

func TestASourceKeepsItsNameWhateverComesBesideIt(t *testing.T) {
	t.Parallel()
	// Each night is "source = name", in the order in which the servers list them.
	for story, nights := range map[string][]string{
		"a name in capitals comes later, and databases that are called as we call ours": {
			"pg sales = sales; roles = roles; config = config",
			"pg Sales = sales-2; pg config = config-2; pg roles = roles-2; pg sales = sales; roles = roles; config = config",
			"pg SALES = sales-3; pg Sales = sales-2; pg config = config-2; pg roles = roles-2; pg sales = sales; roles = roles; config = config",
			"pg Sales = sales-2; pg sales = sales; roles = roles; config = config",
		},
		"who has the very name gets it": {
			"pg SALES = sales-2; pg Sales = sales-3; pg sales = sales; roles = roles; config = config",
		},
		"who came first keeps it": {
			"pg Sales = sales; config = config",
			"pg Sales = sales; pg sales = sales-2; config = config",
		},
		"the name of one that is gone is not given away": {
			"pg sales = sales",
			"pg Sales = sales-2",
			"pg Sales = sales-2; maria sales = sales-3",
			"pg Sales = sales-2; maria sales = sales-3; pg sales = sales",
		},
		"a server has another address, and the checkout another place": {
			"pg Sales = sales-2; pg sales = sales; roles = roles; config = config",
			"pg@far Sales = sales-2; pg@far sales = sales; roles@far = roles; config@far = config",
		},
		"two servers": {
			"pg sales = sales; roles = roles; maria sales = sales-2",
			"pg@a sales = sales-3; roles@a = roles-2; pg sales = sales; roles = roles; maria sales = sales-2",
		},
		"what the configuration says counts": {
			"pg sales = sales; pg Sales = sales-2; roles = roles",
			"named crm sales = crm; pg Sales = sales-2; roles = roles",
			"named sales Sales = sales; pg sales = crm; roles = roles",
		},
	} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			var sets [][]manifest.Source // the newest first
			for _, night := range nights {
				var lines, want []string
				for pair := range strings.SplitSeq(night, "; ") {
					line, name, _ := strings.Cut(pair, " = ")
					lines, want = append(lines, line), append(want, name)
				}
				n := &naming{was: map[origin]string{}, owner: map[string]*manifest.Source{}, taken: map[string]bool{}}
				for _, set := range sets {
					for i := range set {
						n.note(&set[i])
					}
				}
				all := found(lines...)
				got := n.names(all)
				if !slices.Equal(got, want) {
					t.Errorf("%s\nis named %v", night, got)
				}
				var set []manifest.Source
				for i, p := range all {
					set = append(set, manifest.Source{Name: want[i], Kind: p.Kind(), Origin: p.Origin()})
				}
				sets = slices.Insert(sets, 0, set)
			}
		})
	}
}

func TestASourceIsMeantByItsNameOrByItsDatabase(t *testing.T) {
	t.Parallel()
	database := func(name, database string) manifest.Source {
		return manifest.Source{Name: name, Kind: source.KindPostgres, State: manifest.Written, Detail: map[string]string{"database": database}}
	}
	m := &manifest.Manifest{Sources: []manifest.Source{
		database("sales", "sales"), database("sales-2", "Sales"), database("upper", "UPPER"), database("we-ird", "we ird"),
		database("one", "twice"), database("other", "twice"), {Name: "config", Kind: source.KindFiles, State: manifest.Written},
	}}
	for word, want := range map[string]string{
		"sales": "sales", "sales-2": "sales-2", "Sales": "sales-2", "UPPER": "upper", "we ird": "we-ird", "config": "config",
		"SALES": "", "twice": "", "": "",
	} {
		name := ""
		if held := meant(m, word); held != nil {
			name = held.Name
		}
		if name != want {
			t.Errorf("%q means %q, want %q", word, name, want)
		}
	}
	names, words := called(m)
	if !slices.Contains(names, "upper (database UPPER)") || !slices.Contains(names, "config") || !slices.Contains(words, "we ird") {
		t.Errorf("they are called %q and %q", names, words)
	}
}
