package compare_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"iact-infra/internal/backup/compare"
)

// pgDump is what stands around the statements of a dump.
func pgDump(body string) string {
	return "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET standard_conforming_strings = on;\n\n" + body +
		"\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n"
}

func held(t *testing.T, text string) compare.Digest {
	t.Helper()
	d, err := compare.Postgres(strings.NewReader(text), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func TestEveryTableSequenceAndLargeObjectOfAPostgresDumpIsCounted(t *testing.T) {
	t.Parallel()
	d := held(t, pgDump(`COPY public."Odd ""name"" (x) FROM stdin;" (id, "FROM stdin;") FROM stdin;
1	a\nb
2	\\.
3	\N
\.

COPY public.empty (n) FROM stdin;
\.

COPY public.nothing  FROM stdin;


\.

SELECT pg_catalog.setval('public."it''s_seq"', 77, true);
BEGIN;
SELECT pg_catalog.lo_open('16413', 131072);
SELECT pg_catalog.lowrite(0, '\xdead');
SELECT pg_catalog.lowrite(0, '\xbeef');
SELECT pg_catalog.lo_close(0);
COMMIT;
`))
	want := map[string][2]int64{
		`public."Odd ""name"" (x) FROM stdin;"`: {3, 18}, "public.empty": {0, 0}, "public.nothing": {2, 2},
		`sequence public."it's_seq"`: {1, 30}, compare.LargeObjects: {1, 4},
	}
	for name, w := range want {
		if got, ok := d[name]; !ok || got.Rows != w[0] || got.Bytes != w[1] {
			t.Errorf("%s is %v %d rows %d bytes, want %v", name, ok, got.Rows, got.Bytes, w)
		}
	}
	if len(d) != len(want) {
		t.Errorf("it holds %v", d)
	}
}

func TestALargeObjectIsTheSameHoweverItsBytesAreCutIntoCalls(t *testing.T) {
	t.Parallel()
	one := held(t, pgDump("SELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\xdeadbeef');\n"))
	two := held(t, pgDump("SELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\xdead');\nSELECT pg_catalog.lowrite(0, '\\xbeef');\n"))
	other := held(t, pgDump("SELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\xdeadbeee');\n"))
	if differ := compare.Diff(one, two); len(differ) > 0 {
		t.Errorf("they differ: %v", differ)
	}
	if differ := compare.Diff(one, other); len(differ) != 1 {
		t.Errorf("other bytes differ by %v", differ)
	}
}

// decoys are texts that hold what looks like the rows of a table and is none.
func decoys() []string {
	const copies = "\nCOPY public.decoy (n) FROM stdin;\n1\n\\.\n"
	return []string{
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$" + copies + "$$;\n",
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$ $$ $a$" + copies + "$_$;\n",
		"CREATE FUNCTION f(a$b$ int) RETURNS text LANGUAGE sql AS '" + copies + " it''s \\';\n",
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS E'\\'" + copies + "';\n",
		"CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC\n SELECT 'x;" + copies + "';\nEND;\n",
		"COMMENT ON TABLE t IS 'it''s;" + copies + "';\n",
		"CREATE TABLE \"t;" + copies + "\" (n int);\n",
		"-- Name: x; Type: COMMENT; COPY public.decoy (n) FROM stdin;\n",
		"/* a /* nested */" + copies + "*/\n",
		"CREATE VIEW v AS SELECT $1" + strings.ReplaceAll(copies, ";", ":") + ";\n",
		"SET standard_conforming_strings = off;\nCOMMENT ON TABLE t IS 'a\\'" + copies + "';\nSET standard_conforming_strings = on;\n",
		"CREATE RULE r AS ON INSERT TO t DO ALSO ( SELECT 1;" + strings.ReplaceAll(copies, "\\.", "x") + ");\n",
		"\\connect COPY public.decoy (n) FROM stdin;\n",
		"COPY public.other (t) FROM stdin;\nCOPY public.decoy (n) FROM stdin;\n\\\\.\n x\\.\n\\.x\n\\.\n",
	}
}

func TestWhatOnlyLooksLikeRowsIsNotTakenForThem(t *testing.T) {
	t.Parallel()
	const after = "COPY public.real (n) FROM stdin;\n1\n\\.\n"
	for _, decoy := range decoys() {
		d := held(t, pgDump(decoy+after))
		if _, fooled := d["public.decoy"]; fooled || d["public.real"].Rows != 1 {
			t.Errorf("it finds %v in\n%s", d, decoy)
		}
	}
}

func TestOneByteATimeReadsLikeTheWhole(t *testing.T) {
	t.Parallel()
	text := pgDump(strings.Join(decoys(), "") + "COPY public.real (n) FROM stdin;\n1\n\n\\\\\n\\.\n")
	for name, read := range map[string]func(io.Reader) io.Reader{"bytes": iotest.OneByteReader, "halves": iotest.HalfReader, "late ends": iotest.DataErrReader} {
		d, err := compare.Postgres(read(strings.NewReader(text)), nil)
		if differ := compare.Diff(held(t, text), d); err != nil || len(differ) > 0 {
			t.Errorf("%s: %v %v", name, err, differ)
		}
	}
}

func TestATextThatIsCutShortIsAnErrorWhereverItIsCut(t *testing.T) {
	t.Parallel()
	text := pgDump(strings.Join(decoys(), "") + "COPY public.real (n) FROM stdin;\n1\n2\n\\.\nSELECT pg_catalog.setval('public.s', 7, true);\n")
	whole := strings.LastIndex(text, " dump complete") + len(" dump complete")
	for n := range whole {
		if _, err := compare.Postgres(strings.NewReader(text[:n]), nil); err == nil {
			t.Fatalf("cut after %d of %d bytes it passes for a whole", n, len(text))
		}
	}
	for cut, says := range map[string]string{
		pgDump("COPY public.t (n) FROM stdin;\n1\n"): "it ends among the rows of public.t",
		"SELECT 1":                               "within a statement",
		"SELECT 'x":                              "within a quote",
		"SELECT $$x":                             "within a dollar quote",
		"/* x":                                   "within a comment",
		"SELECT 1;\n":                            "it does not end with",
		pgDump("") + "CREATE TABLE t (n int);\n": "it does not end with",
		pgDump("")[:len(pgDump(""))-len("complete\n--\n\n\\unrestrict abc\n")]: "it does not end with",
	} {
		if _, err := compare.Postgres(strings.NewReader(cut), nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q gives %v, want %q", cut, err, says)
		}
	}
	broken := errors.New("broken pipe")
	if _, err := compare.Postgres(io.MultiReader(strings.NewReader(pgDump("COPY public.t (n) FROM stdin;\n1\n")), iotest.ErrReader(broken)), nil); !errors.Is(err, broken) {
		t.Errorf("a reader that fails gives %v", err)
	}
}

// pgRows gives a table with rows of a length, without holding it.
func pgRows(row string, count int) io.Reader {
	all := []io.Reader{strings.NewReader("COPY public.t (n) FROM stdin;\n")}
	for range count {
		all = append(all, strings.NewReader(row))
	}
	return io.MultiReader(append(all, strings.NewReader("\\.\n--\n-- PostgreSQL database dump complete\n--\n"))...)
}

func TestARowOfAnyLengthTakesNoMemory(t *testing.T) {
	block := strings.Repeat("x\\n", 1<<20)
	all := []io.Reader{strings.NewReader("COPY public.t (n) FROM stdin;\n")}
	for range 40 {
		all = append(all, strings.NewReader(block))
	}
	text := io.MultiReader(append(all, strings.NewReader("\n\\.\n-- PostgreSQL database dump complete\n"))...)
	var d compare.Digest
	allocated := testing.Benchmark(func(b *testing.B) {
		if b.N > 1 {
			return
		}
		var err error
		if d, err = compare.Postgres(text, nil); err != nil {
			b.Error(err)
		}
	}).MemBytes
	if got := d["public.t"]; got.Rows != 1 || got.Bytes != 40*3<<20+1 {
		t.Errorf("it counts %+v", got)
	}
	if allocated > 8<<20 {
		t.Errorf("a row of 120 MiB took %d bytes", allocated)
	}
}

func FuzzPostgres(f *testing.F) {
	for _, decoy := range decoys() {
		f.Add(pgDump(decoy))
	}
	f.Add(pgDump("COPY t (n) FROM stdin;\n1\n\\.\n"))
	f.Fuzz(func(t *testing.T, text string) {
		one, oneErr := compare.Postgres(strings.NewReader(text), nil)
		two, twoErr := compare.Postgres(iotest.OneByteReader(strings.NewReader(text)), nil)
		if fmt.Sprint(oneErr) != fmt.Sprint(twoErr) || len(compare.Diff(one, two)) > 0 {
			t.Errorf("read as a whole it gives %v %v, byte by byte %v %v", one, oneErr, two, twoErr)
		}
	})
}

func BenchmarkPostgres(b *testing.B) {
	var block bytes.Buffer
	for n := range 10000 {
		fmt.Fprintf(&block, "%d\t1\t0\t%84s\n", n, "")
	}
	const count = 50
	b.SetBytes(int64(block.Len() * count))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compare.Postgres(pgRows(block.String(), count), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheOrderOfRowsDoesNotCountAndTheirContentDoes(t *testing.T) {
	t.Parallel()
	rows := func(lines ...string) compare.Digest {
		return held(t, pgDump("COPY public.t (a, b) FROM stdin;\n"+strings.Join(lines, "\n")+"\n\\.\n"))
	}
	one := rows("1\tx", "2\ty", "2\ty")
	if differ := compare.Diff(one, rows("2\ty", "1\tx", "2\ty")); len(differ) > 0 {
		t.Errorf("another order differs: %v", differ)
	}
	for _, other := range [][]string{{"1\ty", "2\tx", "2\ty"}, {"1\tx", "1\tx", "2\ty"}, {"1\tx", "2\ty", "2\tz"}, {"1\tx2\t", "y", "2\ty"}} {
		if len(compare.Diff(one, rows(other...))) != 1 {
			t.Errorf("%q passes for the same", other)
		}
	}
}
