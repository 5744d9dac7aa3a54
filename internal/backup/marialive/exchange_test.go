package marialive_test

import (
	"strings"
	"testing"

	"iact-infra/internal/backup/compare"
)

func TestRealMariaDBExchangeBringsEverythingBackAndGoesBackAgain(t *testing.T) {
	t.Parallel()
	m := newMaria(t)
	e := m.names()
	m.rich(e.Live)
	m.sql("ALTER EVENT " + e.Live + ".`PRESERVE ENABLE` ON SCHEDULE EVERY 1 SECOND STARTS '2037-01-01' ENABLE") // it would run in the new one if that held it enabled
	dump, was := m.dump(e.Live), m.all(e.Live)
	want, err := compare.MariaDB(strings.NewReader(dump))
	must(t, err)
	// what happened since
	m.sql("USE " + e.Live + "; DROP TABLE child; UPDATE parent SET name = 'wrong'; DROP VIEW a_second; CREATE TABLE newer (a int); CREATE VIEW aria2 AS SELECT 1; DROP PROCEDURE p2;" +
		"CREATE PROCEDURE p3() SELECT 3; DROP TABLE aria; CREATE VIEW aria AS SELECT 1 AS a; ALTER DATABASE COLLATE utf8mb4_bin; GRANT EXECUTE ON PROCEDURE p3 TO iact_app@localhost")
	broken := m.all(e.Live)
	must(t, m.Load(t.Context(), e, strings.NewReader(dump), 0))
	if got := m.all(e.Live); got != broken {
		t.Fatalf("the live database changed while a dump was loaded beside it:\n%s", difference(broken, got))
	}
	got, err := m.Digest(t.Context(), e.New)
	must(t, err)
	if diff := compare.Diff(want, got); diff != nil {
		t.Fatalf("loaded: %v", diff)
	}
	must(t, m.Prepare(t.Context(), e))
	must(t, m.TakeOver(t.Context(), e))
	must(t, m.Check(t.Context(), e))
	must(t, m.Conclude(t.Context(), e))
	if got := m.all(e.Live); got != was {
		t.Errorf("after the restore:\n%s", difference(was, got))
	}
	must(t, m.TakeOver(t.Context(), e))
	if got := m.all(e.Live); got != was {
		t.Errorf("after a second takeover:\n%s", difference(was, got))
	}
	for range 2 {
		said, err := m.Back(t.Context(), e)
		must(t, err)
		if len(said.Did) != 1 || !strings.Contains(said.Did[0], e.Undone) || len(said.Warned) != 0 {
			t.Errorf("it says %q", said)
		}
		_, err = m.Is(t.Context(), e)
		must(t, err)
		if got := m.all(e.Live); got != broken {
			t.Errorf("after going back:\n%s", difference(broken, got))
		}
	}
}

// difference shows the lines of two texts that the other lacks.
func difference(want, got string) string {
	count := map[string]int{}
	for line := range strings.Lines(want) {
		count[line]++
	}
	var out strings.Builder
	for line := range strings.Lines(got) {
		if count[line]--; count[line] < 0 {
			out.WriteString("+" + line)
		}
	}
	for line := range strings.Lines(want) {
		if count[line] > 0 {
			out.WriteString("-" + line)
			count[line]--
		}
	}
	if out.Len() == 0 {
		return "the same lines in another order"
	}
	return out.String()
}
