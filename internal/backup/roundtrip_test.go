package backup_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/tree/treetest"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/testbed/cluster"
)

// oddities fills a database with what a dump may get wrong.
const oddities = `
CREATE TABLE "Odd ""name""" (id bigserial PRIMARY KEY, t text NOT NULL DEFAULT '', b bytea, j jsonb, at timestamptz, n numeric(20, 5), a int[]);
INSERT INTO "Odd ""name""" (t, b, j, at, n, a)
	SELECT E'line\nbreak\ttab\\ ' || n || ' ñandú 日本', decode(md5(n::text), 'hex'), jsonb_build_object('n', n), '2026-01-01'::timestamptz + n * interval '1 hour', n / 7.0, ARRAY[n, NULL, -n]
	FROM generate_series(1, 5000) AS n;
INSERT INTO "Odd ""name""" (b) VALUES (NULL);
CREATE TABLE child (id int REFERENCES "Odd ""name""" (id) ON DELETE CASCADE, CHECK (id > 0));
INSERT INTO child SELECT n FROM generate_series(1, 100) AS n;
CREATE TABLE noise AS SELECT n, gen_random_uuid() AS u, md5(random()::text) || md5(random()::text) AS m FROM generate_series(1, 60000) AS n;
CREATE INDEX ON noise (u);
CREATE VIEW v AS SELECT count(*) FROM noise;
CREATE MATERIALIZED VIEW mv AS SELECT max(n) FROM noise;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TABLE noise IS 'it''s random';
SELECT setval('"Odd ""name""_id_seq"', 77777);
SELECT lo_from_bytea(0, '\xdeadbeef');
`

// content is a database as SQL text, without what differs from dump to dump.
func content(t *testing.T, c *testbed.Cluster, database string) string {
	t.Helper()
	dump := command.Read(c.Program("pg_dump"), "--no-owner", "-d", database)
	dump.Env = c.Client()
	text, err := command.NewDoor(command.Local()).Text(context.Background(), dump).String()
	must(t, err)
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, `\restrict `) && !strings.HasPrefix(line, `\unrestrict `) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// shell runs a line as a person would, with the client programs of a cluster
// that reach it.
func shell(t *testing.T, c *testbed.Cluster, dir, line string, env ...string) {
	t.Helper()
	sh := command.Change("/bin/sh", "-e", "-c", line)
	sh.Dir = dir
	sh.Env = append(append(c.Client(), "PATH="+c.Bin+":"+os.Getenv("PATH")), env...)
	if err := command.NewDoor(command.Local()).Run(context.Background(), sh); err != nil {
		t.Fatalf("%s\n%v", line, err)
	}
}

func TestRealADatabaseComesBackByTheCommandThatRestorePrints(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	c.SQL(t, database, oddities)
	r.good("backup:all")
	file := filepath.Join(r.root, "it's a dump")
	done := parse[backup.Restored](t, r.runWith([]string{"IACT_FORMAT=json"}, "backup:restore", "-source=iact", "-to="+file).ends(0).out)
	if info, err := os.Stat(file); err != nil || info.Size() != done.Size || info.Mode().Perm() != 0o600 {
		t.Errorf("the dump is %v (%v), want %d bytes for its owner alone", info, err, done.Size)
	}
	t.Cleanup(func() { shell(t, c, "", "dropdb --if-exists "+database+"_restored") })
	shell(t, c, "", done.Next)
	if was, is := content(t, c, database), content(t, c, database+"_restored"); was != is {
		t.Errorf("the restored database differs: %d bytes of SQL became %d", len(was), len(is))
	}
}

// other is a cluster of the test's own, with nothing in it.
func other(t *testing.T) *testbed.Cluster {
	t.Helper()
	testbed.Postgres(t) // where there is no PostgreSQL, it has said so
	here, err := os.Getwd()
	must(t, err)
	root, err := cluster.Root(here)
	must(t, err)
	c, stop, err := cluster.Start(context.Background(), command.NewDoor(command.Local()), root)
	must(t, err)
	t.Cleanup(func() { must(t, stop(context.Background())) })
	shared := *testbed.Postgres(t)
	shared.Cluster = c
	return &shared
}

// recipe reads the command lines of RESTORE.md: those of each source, and
// under "" those before the first.
func recipe(t *testing.T, dir string) map[string]string {
	t.Helper()
	lines, name := map[string]string{}, ""
	for line := range strings.Lines(read(t, filepath.Join(dir, "RESTORE.md"))) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			name, _, _ = strings.Cut(title, " (")
		}
		if code, ok := strings.CutPrefix(line, "    "); ok {
			lines[name] += code
		}
	}
	return lines
}

func TestRealTheLinesOfTheRecipeRestoreEverySourceOnAnotherMachine(t *testing.T) {
	t.Parallel()
	r, c, database := withDatabase(t)
	owner := role(t, c, database, "PASSWORD 'keep-me' CONNECTION LIMIT 7")
	c.SQL(t, database, oddities+"CREATE SCHEMA own AUTHORIZATION "+owner+"; CREATE TABLE own.t AS SELECT 1; ALTER TABLE own.t OWNER TO "+owner+"; GRANT SELECT ON noise TO "+owner)
	r.project = treetest.NewTree(t, rand.New(rand.NewPCG(1, 2)))
	r.configure(postgres(c, "iact", database))
	r.good("backup:all")
	treetest.Put(t, r.project, "second/generation", "new")
	must(t, os.RemoveAll(filepath.Join(r.project, "d1/e1")))
	r.good("backup:all")

	// Elsewhere there is the set, no toolkit, another server, and no program but these.
	set, bin := filepath.Join(r.root, "copied set"), filepath.Join(r.root, "bin")
	door := command.NewDoor(command.Local())
	must(t, door.Run(context.Background(), command.Change("cp", "-a", filepath.Join(r.store, r.newest().ID), set)))
	must(t, os.Mkdir(bin, 0o755))
	for _, tool := range []string{"sha256sum", "find", "sort", "xargs", "cat", "zstd", "tar", "mkdir", "pg_restore", "psql", "createdb"} {
		path, err := door.Look(context.Background(), tool)
		if strings.HasPrefix(tool, "p") || tool == "createdb" {
			path, err = c.Program(tool), nil
		}
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(bin, tool)))
	}
	elsewhere := other(t)
	lines := recipe(t, set)
	for _, name := range []string{"", "roles", "iact", "config"} {
		if lines[name] == "" {
			t.Fatalf("RESTORE.md has no lines for source %q", name)
		}
		shell(t, elsewhere, set, lines[name], "PATH="+bin)
	}
	if was, is := content(t, c, database), content(t, elsewhere, database+"_restored"); was != is {
		t.Errorf("the restored database differs: %d bytes of SQL became %d", len(was), len(is))
	}
	owns := "SELECT pg_get_userbyid(relowner), relacl FROM pg_class WHERE relname IN ('t', 'noise') ORDER BY relname"
	if was, is := c.SQL(t, database, owns), elsewhere.SQL(t, database+"_restored", owns); was != is {
		t.Errorf("owners and rights were\n%s\nthey are\n%s", was, is)
	}
	secret := "SELECT rolpassword, rolconnlimit FROM pg_authid WHERE rolname = '" + owner + "'"
	if was, is := c.SQL(t, "postgres", secret), elsewhere.SQL(t, "postgres", secret); was != is || is == "" {
		t.Errorf("the role was %s, is %s", was, is)
	}
	treetest.Same(t, "restored by tar", r.project, filepath.Join(set, "restored-config"))
	to := filepath.Join(r.root, "restored")
	r.good("backup:restore", "-source=config", "-to="+to)
	treetest.Same(t, "restored by backup:restore", r.project, to)
}

func TestTheChecksumsFindWhatVerifyFinds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("backup:all")
	set := filepath.Join(r.store, r.newest().ID)
	check := func() error {
		sums := command.Read("sha256sum", "-c", "--quiet", "SHA256SUMS")
		sums.Dir = set
		return command.NewDoor(command.Local()).Run(context.Background(), sums)
	}
	must(t, check())
	replace(t, filepath.Join(set, "files-config/00000001.zst"), flip)
	if err := check(); err == nil {
		t.Error("sha256sum finds nothing wrong with a part that was changed")
	}
	listed := map[string]bool{}
	for line := range strings.Lines(read(t, filepath.Join(set, "SHA256SUMS"))) {
		listed[strings.Fields(line)[1]] = true
	}
	for path := range r.held() {
		name, err := filepath.Rel(set, path)
		must(t, err)
		if !listed[name] && name != "SHA256SUMS" && name != "manifest.json" {
			t.Errorf("SHA256SUMS does not list %s", name)
		}
	}
}
