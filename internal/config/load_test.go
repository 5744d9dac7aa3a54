package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

// checkout makes a root with these files: name, content, name, content.
func checkout(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(root, files[i])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// env is an environment of NAME, value, NAME, value.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func mustLoad(t *testing.T, root string, pairs ...string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Options{Root: root, Getenv: env(pairs...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryKeyHasADefaultSoThatNothingHasToBeConfigured(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":                   "",
		"comments":                "# nothing\n\n# at all\n",
		"an empty document":       "---\n",
		"a mark of byte order":    "\ufeff# nothing\n",
		"sections without a key":  "backup:\n  keep:\n",
		"null":                    "~\n",
		"Windows line ends":       "# nothing\r\nbackup:\r\n",
		"the end of the document": "---\nbackup:\n...\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := checkout(t, "config/iact.yaml", content)
			c := mustLoad(t, root)
			if c.Root != root || c.Project != root {
				t.Errorf("root %s, project %s; want both %s", c.Root, c.Project, root)
			}
			want := config.Backup{
				Store:      filepath.Join(root, "backups/sets"),
				Auto:       true,
				Retired:    []string{},
				Keep:       config.Keep{Last: 3, Daily: 7, Weekly: 5, Monthly: 12, Tags: []string{}},
				Level:      "fast",
				Exclude:    []string{"node_modules/", "venv/", ".venv/", "__pycache__/", "dist/", "build/", "coverage/", ".git/"},
				Volumes:    config.Volumes{Match: []string{"*"}, Except: []string{}, Mode: "live"},
				ScrubAfter: 30 * 24 * time.Hour,
				Margin:     10,
			}
			if !reflect.DeepEqual(c.Backup, want) {
				t.Errorf("got  %+v\nwant %+v", c.Backup, want)
			}
		})
	}
	if c := mustLoad(t, t.TempDir()); !c.Backup.Auto {
		t.Error("without any file the sources are not auto")
	}
}

func TestSourcesAreReadWithTheDefaultsOfTheirKind(t *testing.T) {
	t.Parallel()
	root := checkout(t, "secret", "hunter2\n", "config/iact.yaml", `
backup:
  sources:
    - {name: app, kind: postgres}
    - name: far
      kind: postgres
      database: Ventas 2024
      host: db.example
      port: 5433
      user: backup
      password_file: secret
      as: postgres
      via: ssh:backup@db.example:2222
      timeout: 1h30m
      before: [echo one, "echo two"]
      after: ["echo : three"]
    - {path: ~/docs, exclude: [tmp/, "!tmp/keep"], kind: files, name: docs}
    - {name: ivr, kind: mariadb}
    - {name: ivr2, kind: mariadb, database: ivr, socket: run/s, lock: true, user: root}
  retired: [old]
`)
	c := mustLoad(t, root, "HOME", "/home/ana")
	want := []config.Source{
		{Name: "app", Kind: "postgres", Database: "app", Host: "/var/run/postgresql", Port: 5432, Via: "local", Retries: 1,
			Before: []string{}, After: []string{}, Origin: "config/iact.yaml:4"},
		{Name: "far", Kind: "postgres", Database: "Ventas 2024", Host: "db.example", Port: 5433, User: "backup",
			PasswordFile: filepath.Join(root, "secret"), As: "postgres", Via: "ssh:backup@db.example:2222", Retries: 1, Timeout: 90 * time.Minute,
			Before: []string{"echo one", "echo two"}, After: []string{"echo : three"}, Origin: "config/iact.yaml:5"},
		{Name: "docs", Kind: "files", Path: "/home/ana/docs", Exclude: []string{"tmp/", "!tmp/keep"}, Via: "local", Retries: 1,
			Before: []string{}, After: []string{}, Origin: "config/iact.yaml:17"},
		{Name: "ivr", Kind: "mariadb", Database: "ivr", Port: 3306, Via: "local", Retries: 1,
			Before: []string{}, After: []string{}, Origin: "config/iact.yaml:18"},
		{Name: "ivr2", Kind: "mariadb", Database: "ivr", Port: 3306, Via: "local", Retries: 1, Socket: filepath.Join(root, "run/s"), Lock: true, User: "root",
			Before: []string{}, After: []string{}, Origin: "config/iact.yaml:19"},
	}
	if c.Backup.Auto {
		t.Error("a list of sources is taken for auto")
	}
	if !reflect.DeepEqual(c.Backup.Sources, want) {
		t.Errorf("got  %+v\nwant %+v", c.Backup.Sources, want)
	}
}

func TestTheLocalFileReplacesSingleKeysAndWholeLists(t *testing.T) {
	t.Parallel()
	root := checkout(t,
		"config/iact.yaml", "backup:\n  store: /srv/a\n  level: best\n  keep: {last: 9, daily: 1}\n  exclude: [a, b]\n"+
			"  sources:\n    - {name: one, kind: files, path: one}\n    - {name: two, kind: files, path: two}\n",
		"config/iact.local.yaml", "backup:\n  store: b\n  keep: {daily: 2}\n  exclude: [c]\n"+
			"  sources:\n    - {name: three, kind: files, path: three}\n")
	b := mustLoad(t, root).Backup
	if b.Store != filepath.Join(root, "b") || b.Level != "best" {
		t.Errorf("store %s, level %s", b.Store, b.Level)
	}
	if want := (config.Keep{Daily: 2, Tags: []string{}}); !reflect.DeepEqual(b.Keep, want) {
		t.Errorf("keep %+v, want %+v: the rules belong together", b.Keep, want)
	}
	if len(b.Exclude) != 1 || b.Exclude[0] != "c" || len(b.Sources) != 1 || b.Sources[0].Name != "three" {
		t.Errorf("exclude %v, sources %+v", b.Exclude, b.Sources)
	}
}

func TestTheLocalFileCanGoBackToAuto(t *testing.T) {
	t.Parallel()
	root := checkout(t,
		"config/iact.yaml", "backup: {sources: [{name: one, kind: files, path: one}]}",
		"config/iact.local.yaml", "backup: {sources: auto}")
	if b := mustLoad(t, root).Backup; !b.Auto || len(b.Sources) != 0 {
		t.Errorf("auto %t, sources %+v", b.Auto, b.Sources)
	}
}

func TestTheFileOfTheEnvironmentStandsAloneAndItsPathsCountFromItsFolder(t *testing.T) {
	t.Parallel()
	root := checkout(t, "config/iact.yaml", "backup: {level: best}", "config/iact.local.yaml", "backup: {level: better}")
	other := checkout(t, "mine.yaml", "project: app\nbackup: {sources: [{name: c, kind: files, path: ../c}]}")
	c := mustLoad(t, root, "IACT_CONFIG", filepath.Join(other, "mine.yaml"))
	if c.Backup.Level != "fast" {
		t.Errorf("level %s comes from a file that does not count", c.Backup.Level)
	}
	if c.Project != filepath.Join(other, "app") || c.Backup.Sources[0].Path != filepath.Join(filepath.Dir(other), "c") {
		t.Errorf("project %s, source %s", c.Project, c.Backup.Sources[0].Path)
	}
	if c.Backup.Store != filepath.Join(root, "backups/sets") {
		t.Errorf("the default store %s moved away from the checkout", c.Backup.Store)
	}
}

func TestTheFileOfTheEnvironmentHasToExist(t *testing.T) {
	t.Parallel()
	for _, name := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		_, err := config.Load(config.Options{Root: t.TempDir(), Getenv: env("IACT_CONFIG", name)})
		if err == nil || !strings.Contains(err.Error(), "IACT_CONFIG="+name) {
			t.Fatalf("got %v, want an error that names %s", err, name)
		}
		if fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("code %d, hint %q", fault.Code(err), fault.Hint(err))
		}
	}
}

func TestAFileThatCannotBeReadIsAnErrorAndNotAnEmptyFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "config/iact.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(config.Options{Root: root, Getenv: env()})
	if err == nil || !strings.Contains(err.Error(), "config/iact.yaml") || fault.Code(err) != fault.Usage {
		t.Errorf("got %v", err)
	}
}

func TestAllProblemsOfAllFilesComeTogetherInOrder(t *testing.T) {
	t.Parallel()
	root := checkout(t,
		"config/iact.yaml", "backup:\n  retired: [b]\n  levl: fast\n  sources: [{name: a, kind: files, path: ., port: 1}]\nvmx: {}\n",
		"config/iact.local.yaml", "backup: {level: none, sources: [{name: b, kind: files, path: .}]}\n")
	_, err := config.Load(config.Options{Root: root, Getenv: env()})
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	if fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
		t.Errorf("code %d, hint %q", fault.Code(err), fault.Hint(err))
	}
	want := []string{
		"config/iact.yaml:2:13: backup.retired[0]: ",
		"config/iact.yaml:3:3: backup.levl: ",
		"config/iact.yaml:4:45: backup.sources[0].port: ",
		"config/iact.yaml:5:1: vmx: ",
		"config/iact.local.yaml:1:17: backup.level: ",
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) || len(problems) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got  %s\nwant %s…", lines[i], want[i])
		}
	}
}
