package pglive_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/pglive"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

func TestNamesBesideADatabaseFitTheServerAndKeepTheirCharactersWhole(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 15, 16, 48, 0, time.UTC)
	for name, want := range map[string]string{
		"app":                         "app_before_20261123151648",
		strings.Repeat("a", 63):       strings.Repeat("a", 41) + "_before_20261123151648",
		strings.Repeat("ñ", 31):       strings.Repeat("ñ", 20) + "_before_20261123151648",
		"x" + strings.Repeat("日", 20): "x" + strings.Repeat("日", 13) + "_before_20261123151648",
	} {
		if got := pglive.Beside(name, "before", at); got != want || len(got) > 63 {
			t.Errorf("beside %s stands %s (%d bytes), want %s", name, got, len(got), want)
		}
	}
}

func TestNamesAndTextsAreQuotedWhereSQLNeedsIt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"app_1": "app_1", "App": `"App"`, "1a": `"1a"`, "": `""`, `a"b`: `"a""b"`, "user": `"user"`, "a-b": `"a-b"`, "ñ": `"ñ"`, "select": `"select"`} {
		if got := pglive.Ident(name); got != want {
			t.Errorf("name %s is written %s, want %s", name, got, want)
		}
	}
	for text, want := range map[string]string{"": "''", "it's": "'it''s'", `a\b'`: `E'a\\b'''`} {
		if got := pglive.Literal(text); got != want {
			t.Errorf("text %s is written %s, want %s", text, got, want)
		}
	}
}

func TestADumpsRolesAndTablespacesAreFound(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`ALTER TABLE public."OWNER TO x" OWNER TO app;`:                                      "app",
		`ALTER FUNCTION public.f(a integer) OWNER TO "Odd ""one""";`:                         `Odd "one"`,
		`GRANT SELECT(a),UPDATE ON TABLE public."TO" TO reader;`:                             "reader",
		`GRANT ALL ON SCHEMA s TO writer WITH GRANT OPTION;`:                                 "writer",
		`REVOKE ALL ON SCHEMA public FROM PUBLIC;`:                                           "",
		`REVOKE ALL ON TABLE t FROM app;`:                                                    "app",
		`ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA public GRANT SELECT ON TABLES  TO b;`: "a,b",
		`ALTER DEFAULT PRIVILEGES FOR ROLE a REVOKE ALL ON FUNCTIONS  FROM PUBLIC;`:          "a",
		`CREATE POLICY p ON public.t FOR SELECT TO r1, "R 2" USING ((x = 'TO'::text));`:      "r1,R 2",
		`CREATE POLICY p ON public.t USING (true);`:                                          "",
		`CREATE USER MAPPING FOR app SERVER s OPTIONS (password 'x');`:                       "app",
		`CREATE USER MAPPING FOR PUBLIC SERVER s;`:                                           "",
		`SET SESSION AUTHORIZATION 'app';`:                                                   "app",
		`SET SESSION AUTHORIZATION DEFAULT;`:                                                 "",
		`SET default_tablespace = fast;`:                                                     "@fast",
		`SET default_tablespace = '';`:                                                       "",
		`SET x;`:                                                                             "",
		`CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ ALTER TABLE t OWNER TO no; $$;`: "",
		`COMMENT ON TABLE t IS 'OWNER TO no';`:                                               "",
	} {
		var n pglive.Needs
		if err := n.See([]byte(statement)); err != nil {
			t.Error(err)
		}
		got := n.Roles
		for _, place := range n.Tablespaces {
			got = append(got, "@"+place)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s needs %q, want %q", statement, got, want)
		}
	}
}

func TestTheRolesOfADatabaseItselfAreFound(t *testing.T) {
	t.Parallel()
	var n pglive.Needs
	err := n.Detail(map[string]string{
		"owner": "app", "tablespace": "pg_default", "acl": `{=Tc/app,app=C*T*c*/app,"\"Odd, \"\"one\"\"\"=c/app"}`,
		"settings": `[{"role":"","settings":["a=b"]},{"role":"batch","settings":["work_mem=1MB"]}]`,
	})
	if want := []string{"app", "", `Odd, "one"`, "batch"}; err != nil || !slices.Equal(n.Roles, slices.DeleteFunc(want, func(s string) bool { return s == "" })) {
		t.Errorf("it finds %q (%v)", n.Roles, err)
	}
	for _, bad := range []string{"{nonsense}", "{app=x/app}", "{app=c}"} {
		if err := (&pglive.Needs{}).Detail(map[string]string{"acl": bad}); err == nil {
			t.Errorf("the access list %s is taken", bad)
		}
	}
}

const globals = `SET standard_conforming_strings = on;
CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:salt$it''s:secret' VALID UNTIL 'infinity';
COMMENT ON ROLE app IS 'a; b';
CREATE ROLE there;
ALTER ROLE there WITH SUPERUSER PASSWORD 'md5other';
ALTER ROLE app SET work_mem TO '1MB';
ALTER ROLE there SET work_mem TO '1MB';
GRANT there TO app WITH ADMIN OPTION GRANTED BY boss;
GRANT app TO there GRANTED BY boss;
CREATE TABLESPACE fast OWNER app LOCATION '/srv/fast';
CREATE TABLESPACE slow OWNER app LOCATION '/srv/slow';
GRANT CREATE ON TABLESPACE fast TO app;
GRANT CREATE ON TABLESPACE slow TO app;
--
-- PostgreSQL database cluster dump complete
--
`

func TestOnlyWhatAServerLacksIsTakenFromTheGlobalsAndNoPasswordIsShown(t *testing.T) {
	t.Parallel()
	facts := &pglive.Facts{Roles: []string{"there", "postgres"}}
	lacking := &pglive.Needs{Roles: []string{"app", "nobody"}, Tablespaces: []string{"fast"}}
	g, err := pglive.ReadGlobals(strings.NewReader(globals), facts, lacking)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"CREATE ROLE app;",
		"ALTER ROLE app WITH NOSUPERUSER LOGIN PASSWORD '***' VALID UNTIL 'infinity';",
		"COMMENT ON ROLE app IS 'a; b';",
		"ALTER ROLE app SET work_mem TO '1MB';",
		"GRANT there TO app WITH ADMIN OPTION;",
		"CREATE TABLESPACE fast OWNER app LOCATION '/srv/fast';",
		"GRANT CREATE ON TABLESPACE fast TO app;",
	}
	if got := g.Shown(); !slices.Equal(got, want) {
		t.Errorf("it shows\n%s", strings.Join(got, "\n"))
	}
	if left := g.Missing(lacking); !slices.Equal(left.Roles, []string{"nobody"}) || left.Tablespaces != nil {
		t.Errorf("with them the server lacks %+v", left)
	}
}

func TestWhatWouldHoldTheOldDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]struct {
		change       func(*pglive.Facts)
		what, wayOut string
	}{
		"no right to create": {func(f *pglive.Facts) { f.Creates = false }, "app may not create databases", "ALTER ROLE app CREATEDB"},
		"another's database": {func(f *pglive.Facts) { f.There.Mine = false }, "app may not rename live, which belongs to boss", "superuser"},
		"another's sessions": {func(f *pglive.Facts) { f.There.Beyond = 2 }, "app may not end 2 of the 3 sessions of live", "GRANT pg_signal_backend TO app"},
		"prepared":           {func(f *pglive.Facts) { f.Prepared = []string{"tx's"} }, "it has prepared transactions (tx's)", "COMMIT PREPARED 'tx''s'"},
		"subscriptions":      {func(f *pglive.Facts) { f.Subscribes = []string{"Sub"} }, "its subscriptions (Sub) would go on in the old database", `ALTER SUBSCRIPTION "Sub" DISABLE`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			door := command.NewDoor(commandtest.New(t,
				commandtest.Expect("pg_restore", "--version").Prints("pg_restore (PostgreSQL) 15.18"),
				commandtest.Expect("pg_dump", "--version").Prints("pg_dump (PostgreSQL) 15.18")))
			server := &pglive.Server{Server: &source.Server{Host: "/s", Getenv: func(string) string { return "" }}, Door: door}
			f := &pglive.Facts{Version: 150018, Server: "15.18", Me: "app", Creates: true, Encoding: true,
				There: &pglive.Database{Name: "live", Owner: "boss", Mine: true, Sessions: 3}}
			bad.change(f)
			err := server.Refuse(context.Background(), f, map[string]string{"server_version": "15.3", "dump_version": "15.3", "collate": "C"}, 1)
			if err == nil || !strings.Contains(err.Error(), bad.what) || !strings.Contains(fault.Hint(err), bad.wayOut) || fault.Code(err) != fault.Missing {
				t.Errorf("it says %v (code %d), hint %q", err, fault.Code(err), fault.Hint(err))
			}
		})
	}
}

func TestReplicationSlotsAreSpokenOf(t *testing.T) {
	t.Parallel()
	server := &pglive.Server{Server: &source.Server{}, Door: command.NewDoor(command.Local())}
	if said := server.Remarks(&pglive.Facts{Slots: []string{"s1"}, There: &pglive.Database{}}); len(said) != 1 || !strings.Contains(said[0], "s1") {
		t.Errorf("it says %q", said)
	}
}
