package endtoend_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"iact-infra/internal/testbed"
)

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts(program(t), "testdata"))
}

// TestRealScripts runs the scripts that need a PostgreSQL server. Each has a
// checkout whose source iact is a database of its own with a table calls.
func TestRealScripts(t *testing.T) {
	t.Parallel()
	server := testbed.Postgres(t)
	params := scripts(program(t), "testdata/postgres")
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		database := server.CreateDatabase(t)
		server.SQL(t, database, "CREATE TABLE calls AS SELECT n, md5(n::text) AS what FROM generate_series(1, 20000) AS n")
		env.Vars = append(append(env.Vars, server.Client()...), "DATABASE="+database)
		env.Setenv("PATH", server.Bin+string(os.PathListSeparator)+env.Getenv("PATH"))
		sources := fmt.Sprintf(`backup:
  sources:
    - {name: config, kind: files, path: settings}
    - {name: iact, kind: postgres, database: %s, host: %s, port: %d, user: %s}
`, database, server.Host, server.Port, server.User)
		file := filepath.Join(env.WorkDir, "checkout", "config", "iact.yaml")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(sources), 0o600); err != nil {
			return err
		}
		return setup(env)
	}
	testscript.Run(t, params)
}

// scripts are those of a directory, run with the program in PATH.
func scripts(iact, dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			path := env.Getenv("PATH")
			if path == "" {
				path = os.Getenv("PATH")
			}
			env.Setenv("PATH", filepath.Dir(iact)+string(os.PathListSeparator)+path)
			env.Setenv("IACT", iact)
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"tree": tree, "shape": shape},
		// A promise that names an exit code is checked with it.
		RequireExplicitExec: true,
	}
}

// shape replaces the JSON document on standard output by the paths of its
// keys, sorted: [].sources[].name.
func shape(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: shape")
	}
	var document any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &document))
	seen := map[string]bool{}
	keys(document, "", seen)
	for _, path := range slices.Sorted(maps.Keys(seen)) {
		_, err := fmt.Fprintln(ts.Stdout(), path)
		ts.Check(err)
	}
}

func keys(value any, at string, seen map[string]bool) {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			keys(one, at+"[]", seen)
		}
	case map[string]any:
		for key, one := range value {
			keys(one, at+"."+key, seen)
		}
	default:
		seen[at] = true
	}
}

// tree writes one line for each file below a directory to standard output: its
// name, mode, time of change and content's hash.
func tree(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: tree DIR")
	}
	dir := ts.MkAbs(args[0])
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		var content []byte
		if d.Type().IsRegular() {
			if content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(ts.Stdout(), "%s %v %d %x\n", name, info.Mode(), info.ModTime().UnixNano(), sha256.Sum256(content))
		return err
	})
	ts.Check(err)
}
