package backup

import (
	"bytes"
	"fmt"
	"slices"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// recipe writes RESTORE.md: how to restore each source of a set with nothing
// but standard programs, on a machine that has never seen this toolkit. The
// lines are executed by a test.
func recipe(m *manifest.Manifest) []byte {
	var b bytes.Buffer
	programs := "the PostgreSQL client programs"
	if slices.ContainsFunc(m.Sources, func(s manifest.Source) bool { return s.Kind == source.KindMariaDB }) {
		programs = "the client programs of PostgreSQL and MariaDB"
	}
	fmt.Fprintf(&b, `# Restore set %s by hand

Made on %s by host %s. Needed: sha256sum, find, sort, xargs, cat, zstd, and for
the sources below tar or %s. Run every line in the
directory of this file.

First make sure that the set is whole:

    sha256sum -c --quiet SHA256SUMS
`, m.ID, m.Time.Format(moment), m.Host, programs)
	for _, s := range inOrder(m) {
		fmt.Fprintf(&b, "\n## %s (%s, from %s)\n\n", s.Name, s.Kind, s.Origin)
		switch {
		case s.State == manifest.Failed:
			fmt.Fprintf(&b, "Not in this set: %s\n", s.Error)
		case s.Kind == source.KindPostgres:
			postgresRecipe(&b, s)
		case s.Kind == source.KindGlobals:
			globalsRecipe(&b, s)
		case s.Kind == source.KindMariaDB:
			mariadbRecipe(&b, s)
		case s.Kind == source.KindFiles:
			filesRecipe(&b, s)
		case s.Kind == source.KindVolume:
			volumeRecipe(&b, s)
		case s.Kind == source.KindVM:
			vmRecipe(&b, s)
		}
	}
	return b.Bytes()
}

// moment is how a time is written for people.
const moment = "2006-01-02 15:04:05 UTC"

// inOrder puts the roles first: databases need their owners.
func inOrder(m *manifest.Manifest) []*manifest.Source {
	var all []*manifest.Source
	for i := range m.Sources {
		all = append(all, &m.Sources[i])
	}
	slices.SortStableFunc(all, func(a, b *manifest.Source) int {
		rank := func(s *manifest.Source) int {
			if s.Kind == source.KindGlobals {
				return 0
			}
			return 1
		}
		return rank(a) - rank(b)
	})
	return all
}

// decoded is the stream of a source for a shell, for any number of parts.
func decoded(dir string) string {
	return "find " + word(dir) + " -name '*.zst' -print0 | sort -z | xargs -0 cat | zstd -dc"
}

func postgresRecipe(b *bytes.Buffer, s *manifest.Source) {
	d := s.Detail
	fmt.Fprintf(b, "A dump of database %q (server %s, pg_dump %s) as it was at %s.\nIt needs a pg_restore that is not older, and goes into a new database, beside the one that may still be\nthere:\n\n",
		d["database"], d["server_version"], d["dump_version"], s.Snapshot.Format(moment))
	fmt.Fprintf(b, "    %s\n", createdb(d))
	fmt.Fprintf(b, "    %s | pg_restore --exit-on-error -d %s\n", decoded(s.Dir), word(d["database"]+"_restored"))
	fmt.Fprintf(b, "\nIts owner was %s; restore the roles above first if the server lacks it.\n", d["owner"])
}

// createdb makes a new database like the one that was dumped, beside it.
func createdb(d map[string]string) string {
	line := fmt.Sprintf("createdb -T template0 -E %s --lc-collate=%s --lc-ctype=%s", word(d["encoding"]), word(d["collate"]), word(d["ctype"]))
	if d["provider"] == "i" {
		line += " --locale-provider=icu --icu-locale=" + word(d["icu_locale"])
	}
	return line + " " + word(d["database"]+"_restored")
}

func globalsRecipe(b *bytes.Buffer, s *manifest.Source) {
	b.WriteString("Roles, memberships and tablespaces of the server, as SQL. Read it before you run it: it changes\nroles that exist.\n\n")
	fmt.Fprintf(b, "    %s > roles.sql\n    psql -d postgres -f roles.sql\n", decoded(s.Dir))
	if s.Detail["passwords"] == "false" {
		b.WriteString("\nThe passwords of the roles are not in it: the login that made the backup could not read them.\n")
	}
}

func filesRecipe(b *bytes.Buffer, s *manifest.Source) {
	fmt.Fprintf(b, "The directory %s as it was at %s, %d entries, as a plain tar\nstream. As root, owners and attributes come back too:\n\n",
		s.Origin, s.Snapshot.Format(moment), s.Files)
	fmt.Fprintf(b, "    mkdir restored-%s\n", s.Name)
	fmt.Fprintf(b, "    %s | tar -x -p --xattrs --xattrs-include='*' -C restored-%s\n", decoded(s.Dir), s.Name)
	b.WriteString("\nACLs are among the extended attributes. bsdtar restores it too: bsdtar -x -p -f - -C DIRECTORY.\n")
}

// word is one word, quoted for a shell.
func word(w string) string {
	line := command.Read("x", w).String()
	return line[len("x "):]
}
