package dotenv_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/verdict"
)

// repository is a new git repository with files; those that begin with + are
// committed.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := command.Change("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org"}, args...)...)
		must(t, command.NewDoor(command.Local()).Run(t.Context(), c))
	}
	run("init", "-q")
	for name, text := range files {
		path := filepath.Join(dir, strings.TrimPrefix(name, "+"))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if strings.HasPrefix(name, "+") {
			run("add", "-f", strings.TrimPrefix(name, "+"))
		}
	}
	run("commit", "-q", "--allow-empty", "-m", "x")
	return dir
}

func readOnly(t *testing.T) *command.Door {
	return command.NewDoor(commandtest.ReadOnly(t, command.Local()))
}

func TestAFileThatGitWouldTakeIsAFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"ignored":     {map[string]string{"+.gitignore": ".env\n", ".env": "A=1\n"}, ""},
		"not ignored": {map[string]string{".env": "A=1\n"}, "fail CI-ENV-011 .env: not ignored by git"},
		"tracked":     {map[string]string{"+.gitignore": ".env\n", "+.env": "A=1\n"}, "fail CI-ENV-011 .env: tracked by git"},
		"missing":     {map[string]string{}, "fail CI-ENV-001 FILE: missing"},
	} {
		dir := repository(t, c.files)
		file := filepath.Join(dir, ".env")
		found, err := dotenv.Look(t.Context(), readOnly(t), dotenv.Pair{File: file})
		if got := strings.ReplaceAll(strings.Join(said(found), "|"), file, "FILE"); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestSecretsThatOthersCanReadAreTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	must(t, os.WriteFile(file, []byte("SECRET_KEY="+strong+"\n"), 0o600))
	must(t, os.Chmod(file, 0o644))
	found, err := dotenv.Look(t.Context(), readOnly(t), dotenv.Pair{File: file})
	if got := strings.Join(said(found), "|"); err != nil || got != "warn CI-ENV-010 .env: 0644" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTemplatesAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".env.example", "env.example", ".env.local.template", "environment.example", ".env", ".env.production"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	pairs, err := dotenv.Find(dir)
	var got []string
	for _, p := range pairs {
		got = append(got, filepath.Base(p.File)+"<"+filepath.Base(p.Template))
	}
	if want := ".env<.env.example .env.local<.env.local.template env<env.example"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("pairs = %v, %v, want %s", got, err, want)
	}
	alone := t.TempDir()
	must(t, os.WriteFile(filepath.Join(alone, ".env"), nil, 0o600))
	if pairs, err := dotenv.Find(alone); err != nil || !slices.Equal(pairs, []dotenv.Pair{{File: filepath.Join(alone, ".env")}}) {
		t.Errorf("alone: %v, %v", pairs, err)
	}
}

func TestTokensInTrackedFilesAreFoundAndNotShown(t *testing.T) {
	t.Parallel()
	token := "ghp_" + strings.Repeat("a1B2", 9)
	dir := repository(t, map[string]string{
		"+src/a b.js": "one\nconst t = '" + token + "'\n", "+key.pem": "-----BEGIN RSA PRIVATE " + "KEY-----\n", "+api/.env": "A=1\n", "+.env.example": "A=1\n", "+env/lib.py": "x",
		"untracked.txt": token, "+ok.txt": "ghp_short",
	})
	found, err := dotenv.Leaks(t.Context(), readOnly(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "warn CI-ENV-012 key.pem:1: private key|warn CI-ENV-012 src/a b.js:2: token of GitHub|warn CI-ENV-013 api/.env: in the history of git"
	if got := strings.Join(said(found), "|"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if strings.Contains(fmt.Sprint(found), token) {
		t.Error("the token is shown")
	}
	empty := t.TempDir()
	must(t, command.NewDoor(command.Local()).Run(t.Context(), command.Change("git", "init", "-q", empty)))
	if found, err := dotenv.Leaks(t.Context(), readOnly(t), empty); err != nil || verdict.Worst(found) != verdict.OK {
		t.Errorf("before the first commit: %v, %v", found, err)
	}
	clean, err := dotenv.Leaks(t.Context(), readOnly(t), repository(t, nil))
	if err != nil || verdict.Worst(clean) != verdict.OK || len(clean) != 1 {
		t.Errorf("a clean repository: %v, %v", clean, err)
	}
}
