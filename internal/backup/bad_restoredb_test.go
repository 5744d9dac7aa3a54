package backup_test

import (
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/backup/manifest"
)

// forge changes what the manifest of a set says.
func (r *rig) forge(id string, change func(*manifest.Manifest)) {
	r.t.Helper()
	replace(r.t, filepath.Join(r.store, id, "manifest.json"), func(data []byte) []byte {
		m, err := manifest.Decode(data)
		must(r.t, err)
		change(m)
		data, err = manifest.Encode(m)
		must(r.t, err)
		return data
	})
}

func TestRealWhatCannotBeRestoredIsRefusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	id := r.newest().ID
	file := filepath.Join(r.store, id, "manifest.json")
	whole := read(t, file)
	detail := func(key, value string) func(*manifest.Manifest) {
		return func(m *manifest.Manifest) {
			held, _ := m.Source("iact")
			held.Detail[key] = value
		}
	}
	for name, bad := range map[string]struct {
		change       func(*manifest.Manifest)
		code         int
		what, wayOut string
	}{
		"newer server":   {detail("server_version", "99.1"), 4, "the dump is of a newer server (99.1)", "version 99 or newer"},
		"newer pg_dump":  {detail("dump_version", "99.1"), 4, "the dump is of a newer pg_dump (99.1)", "postgresql-client-99"},
		"encoding":       {detail("encoding", "KLINGON"), 4, "it lacks the encoding KLINGON of the dump", "knows it"},
		"locale":         {detail("collate", "tlh_KX.UTF-8"), 4, "it lacks the locale tlh_KX.UTF-8 of the dump", "locale-gen tlh_KX.UTF-8"},
		"builtin locale": {detail("provider", "b"), 4, "it lacks the builtin locales of version 17", "17 or newer"},
		"space":          {detail("database_size", "1152921504606846976"), 4, "1.0 EiB are needed", "free space there"},
		"owner":          {detail("owner", "iact_nobody"), 4, "it lacks roles iact_nobody, which the dump needs", "CREATE ROLE"},
		"grantee":        {detail("acl", `{=Tc/postgres,"\"iact no\"\"body\"=c/postgres"}`), 4, `it lacks roles iact no"body, which`, "CREATE ROLE"},
		"setting's role": {detail("settings", `[{"role":"iact_nobody","settings":["work_mem=1MB"]}]`), 4, "it lacks roles iact_nobody", "CREATE ROLE"},
		"tablespace":     {detail("tablespace", "iact_nowhere"), 4, "it lacks tablespaces iact_nowhere", "CREATE"},
		"unknown kind":   {func(m *manifest.Manifest) { m.Sources[indexOf(m, "iact")].Kind = "oracle" }, 2, "a source of kind oracle", "backup:restore -source=iact"},
		"several sources": {func(m *manifest.Manifest) {
			m.Sources = append(m.Sources, manifest.Source{Name: "more", Kind: "postgres", State: manifest.Written})
		}, 2, "several databases: iact, more", "-source=NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			r.forge(id, bad.change)
			r.run("backup:restoreDB", "-yes=true").refused(bad.code, bad.what, bad.wayOut)
			only(t, c, database, database)
			replace(t, file, func([]byte) []byte { return []byte(whole) })
		})
	}
	r.run("backup:restoreDB", "-source=iakt", "-yes=true").refused(2, "has no such source", "did you mean iact?")
	r.run("backup:restoreDB", "-source=config", "-yes=true").refused(2, "a source of kind files", "backup:restore -source=config")
	r.run("backup:restoreDB", "-set=2001", "-yes=true").refused(2, "there is no such set", "backup:list")
	r.run("backup:restoreDB", "-globals=all", "-yes=true").refused(2, "-globals=all is neither missing nor none", "-globals=missing")
	only(t, c, database, database)
}

func indexOf(m *manifest.Manifest, name string) int {
	for i := range m.Sources {
		if m.Sources[i].Name == name {
			return i
		}
	}
	return -1
}

func TestRealADamagedSetIsNotRestored(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	dropFamily(t, c, database)
	id := r.newest().ID
	part := filepath.Join(r.store, id, "postgres-iact", "00000001.zst")
	whole := read(t, part)
	replace(t, part, flip)
	r.run("backup:restoreDB", "-yes=true").refused(3, "set "+id+" is damaged: part postgres-iact/00000001.zst: its bytes are not what was written", "take another set")
	only(t, c, database, database)
	replace(t, part, func([]byte) []byte { return []byte(whole) })
	must(t, os.Remove(filepath.Join(r.store, id, "postgres-iact", "parts.jsonl")))
	r.run("backup:restoreDB", "-yes=true").refused(3, "set "+id+" is damaged: not a complete dump: read list of parts", "take another set")
	only(t, c, database, database)
}

func TestRealAServerThatIsDownIsExplained(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	nowhere := *c
	nowhere.Host = filepath.Join(r.root, "nowhere")
	r.configure(postgres(&nowhere, "iact", database))
	r.run("backup:restoreDB", "-yes=true").refused(4, "ask PostgreSQL at "+nowhere.Host, "start the server")
}
