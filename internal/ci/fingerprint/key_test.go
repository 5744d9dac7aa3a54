package fingerprint_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/fingerprint"
)

func listing(files ...fingerprint.File) fingerprint.Listing {
	digest := ""
	for _, f := range files {
		digest += f.Path + f.Hash
	}
	return fingerprint.Listing{Digest: digest, Files: files}
}

func plain(path, hash string) fingerprint.File {
	return fingerprint.File{Path: path, Kind: fingerprint.Plain, Hash: hash}
}

// ordinary is a key as a job has it.
func ordinary() fingerprint.Key {
	return fingerprint.NewKey(listing(plain("ui/a.js", "1"), plain("ui/b.js", "2"))).
		With(fingerprint.Command, "", "npm ci").With(fingerprint.Command, "", "npm test").
		With(fingerprint.Tool, "node --version", "v22.1.0\n").
		With(fingerprint.Env, "API_URL", "http://localhost").
		WithEnv("TOKEN", "", false).
		With(fingerprint.Need, "ui:deps", "abc")
}

func TestEachPartMakesAnotherKeyAndIsNamedInTheExplanation(t *testing.T) {
	t.Parallel()
	base := func() fingerprint.Key { return fingerprint.NewKey(ordinary().Inputs) }
	was := ordinary()
	seen := map[string]string{was.ID(): "the key itself"}
	for _, test := range []struct {
		name   string
		key    fingerprint.Key
		en, es string
	}{
		{"a file", ordinaryOf(listing(plain("ui/a.js", "1"), plain("ui/b.js", "3"))), "ui/b.js changed", "ui/b.js cambió"},
		{"a new file", ordinaryOf(listing(plain("ui/a.js", "1"), plain("ui/b.js", "2"), plain("ui/c.js", "4"))), "ui/c.js is new", "ui/c.js es nuevo"},
		{"a file less", ordinaryOf(listing(plain("ui/a.js", "1"))), "ui/b.js is gone", "ui/b.js ya no está"},
		{"a command more", was.With(fingerprint.Command, "", "npm run x"), "the command changed", "el comando cambió"},
		{"the order of commands", base().With(fingerprint.Command, "", "npm test").With(fingerprint.Command, "", "npm ci").
			With(fingerprint.Tool, "node --version", "v22.1.0\n").With(fingerprint.Env, "API_URL", "http://localhost").WithEnv("TOKEN", "", false).
			With(fingerprint.Need, "ui:deps", "abc"), "the command changed", "el comando cambió"},
		{"a tool", with(fingerprint.Tool, "node --version", "v24.0.0"), `the version of 'node --version' changed: "v22.1.0" → "v24.0.0"`, `la versión de «node --version» cambió: "v22.1.0" → "v24.0.0"`},
		{"a variable", with(fingerprint.Env, "API_URL", "http://other"), "the variable API_URL changed", "la variable API_URL cambió"},
		{"a variable that is empty, not unset", with(fingerprint.Env, "TOKEN", ""), "the variable TOKEN changed", "la variable TOKEN cambió"},
		{"a job that is needed", with(fingerprint.Need, "ui:deps", "def"), "the job ui:deps changed", "el trabajo ui:deps cambió"},
		{"a place", was.With(fingerprint.Place, "", "/home/a/api"), "the directory is new", "el directorio es nuevo"},
		{"an output", was.With(fingerprint.Output, "dist", ""), "what the job makes is new", "lo que el trabajo produce es nuevo"},
	} {
		if id := test.key.ID(); seen[id] != "" {
			t.Errorf("%s: its key is that of %s", test.name, seen[id])
		} else {
			seen[id] = test.name
		}
		reasons := fingerprint.Explain(was, test.key)
		if len(reasons) != 1 || reasons[0].Text().EN != test.en || reasons[0].Text().ES != test.es {
			t.Errorf("%s: got %+v", test.name, reasons)
		}
	}
	if reasons := fingerprint.Explain(was, ordinary()); len(reasons) > 0 || ordinary().ID() != was.ID() {
		t.Errorf("the same key differs: %v", reasons)
	}
}

// with is the ordinary key with another value for a part that it has.
func with(label fingerprint.Label, name, value string) fingerprint.Key {
	k := fingerprint.NewKey(ordinary().Inputs)
	for _, p := range ordinary().Parts {
		switch {
		case p.Label == label && p.Name == name:
			k = k.With(label, name, value)
		case p.Label == fingerprint.Env && p.Value == "unset":
			k = k.WithEnv(p.Name, "", false)
		case p.Label == fingerprint.Env:
			k = k.WithEnv(p.Name, "http://localhost", true)
		case p.Label != fingerprint.Schema:
			k = k.With(p.Label, p.Name, p.Value)
		}
	}
	return k
}

func ordinaryOf(l fingerprint.Listing) fingerprint.Key {
	k := ordinary()
	k.Inputs = l
	return k
}

func TestTheOrderInWhichOtherPartsAreAddedDoesNotCount(t *testing.T) {
	t.Parallel()
	l := listing()
	a := fingerprint.NewKey(l).With(fingerprint.Tool, "node", "1").With(fingerprint.Env, "B", "2").With(fingerprint.Env, "A", "1")
	b := fingerprint.NewKey(l).With(fingerprint.Env, "A", "1").With(fingerprint.Env, "B", "2").With(fingerprint.Tool, "node", "1")
	if a.ID() != b.ID() {
		t.Error("the order counts")
	}
}

func TestPartsCantBeMovedIntoOneAnother(t *testing.T) {
	t.Parallel()
	a := fingerprint.NewKey(listing()).With(fingerprint.Tool, "node", "1").With(fingerprint.Tool, "npm", "2")
	b := fingerprint.NewKey(listing()).With(fingerprint.Tool, "node", "1npm2").With(fingerprint.Tool, "", "")
	c := fingerprint.NewKey(listing()).With(fingerprint.Tool, "node1", "").With(fingerprint.Tool, "npm", "2")
	if a.ID() == b.ID() || a.ID() == c.ID() {
		t.Error("different parts make one key")
	}
}

func TestATrustLevelHasNamesOfItsOwn(t *testing.T) {
	t.Parallel()
	k := ordinary()
	if k.For("trusted") == k.For("untrusted") || k.For("trusted") == k.ID() {
		t.Error("two levels share a name")
	}
}

func TestAValueOfAVariableIsNowhere(t *testing.T) {
	t.Parallel()
	k := ordinary().With(fingerprint.Env, "PASSWORD", "s3cr3t-value")
	last := fingerprint.Last{Dir: filepath.Join(t.TempDir(), "last")}
	if err := last.Save("ui:unit", k); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(last.Dir, "ui%3Aunit.json"))
	if err != nil || bytes.Contains(text, []byte("s3cr3t")) || !bytes.Contains(text, []byte("PASSWORD")) {
		t.Errorf("got %s, %v", text, err)
	}
	shared, err := json.Marshal(k.Shared())
	if err != nil || !bytes.Contains(shared, []byte("PASSWORD")) {
		t.Errorf("got %s, %v", shared, err)
	}
	for _, p := range k.Parts {
		if p.Label == fingerprint.Env && p.Value != "unset" && bytes.Contains(shared, []byte(p.Value)) {
			t.Errorf("others may read the hash of %s", p.Name)
		}
	}
}

func TestTheLastKeyOfAJobComesBackWhole(t *testing.T) {
	t.Parallel()
	last := fingerprint.Last{Dir: filepath.Join(t.TempDir(), "last")}
	if _, there := last.Load("ui:unit"); there {
		t.Fatal("a key that nobody saved")
	}
	odd := []fingerprint.File{plain("a b", "1"), plain("new\nline", "2"), plain("\xff", "3"), plain(`"quoted"`, "4"), {Path: "ñ", Kind: fingerprint.Link, Hash: "5"}}
	k := ordinaryOf(listing(odd...))
	for _, job := range []string{"ui:unit", "../../escape", "a/b:c"} {
		if err := last.Save(job, k); err != nil {
			t.Fatal(err)
		}
		got, there := last.Load(job)
		if !there || len(fingerprint.Explain(k, got)) > 0 {
			t.Errorf("%s: got %+v", job, fingerprint.Explain(k, got))
		}
	}
	files, err := os.ReadDir(last.Dir)
	if err != nil || len(files) != 3 {
		t.Errorf("got %v, %v: a name left the directory", files, err)
	}
	if err := os.WriteFile(filepath.Join(last.Dir, "ui%3Aunit.json"), []byte(`{"parts":[{]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, there := last.Load("ui:unit"); there {
		t.Error("a broken file is a key")
	}
}

func FuzzAListingComesBackOrIsRefused(f *testing.F) {
	for _, text := range []string{"f abc path", `l 00 "a\n"`, `x  `, "f", `f a "`, `f a "\q"`, "f a \xff", strings.Repeat(" ", 9)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var one, again fingerprint.File
		if one.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := one.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalText(written); err != nil || again != one {
			t.Fatalf("%q: %q came back as %q, %v", text, one, again, err)
		}
	})
}
