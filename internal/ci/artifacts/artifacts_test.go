package artifacts_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/artifacts"
	"iact-infra/internal/command"
)

func door() *command.Door { return command.NewDoor(command.Local()) }

// project has the given files; a name that ends in / is a directory.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o700)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(file, 0o700)
		} else if err == nil {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEachProblemOfEachArtefactIsTold(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"ui/dist/index.html": `<script src="/app.js"></script>`, "ui/dist/app.js": "1",
		"torn/index.html": `<script src="/gone.js"></script>`, "blank/index.html": "",
		"none/sub/": "", "empty.bin": "", "fat.bin": strings.Repeat("x", 2500), "bad.whl": "no zip",
	})
	got, problems, err := artifacts.Examine(t.Context(), door(), dir, []artifacts.Wanted{
		{Name: "ui/dist", Job: "ui:build", BudgetBytes: 5_000_000},
		{Name: "torn"},
		{Name: "blank"},
		{Name: "none", Job: "api:build"},
		{Name: "empty.bin"},
		{Name: "fat.bin", BudgetBytes: 2000},
		{Name: "bad.whl"},
		{Name: "away", Job: "ui:build"},
	}, artifacts.Options{Before: map[string]int64{"fat.bin": 1250, "ui/dist": 30}})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, p := range problems {
		line := fmt.Sprintf("%s %v %s", p.Artifact, p.Warning, p.What.EN)
		if p.What.ES == "" || p.Fix.ES == "" || p.Fix.EN == "" {
			t.Errorf("%s: no Spanish or no way out", line)
		}
		told = append(told, line)
	}
	want := []string{
		"torn false served, it does not give /gone.js, which / asks for: answered 404 Not Found",
		"blank false it is empty: 0 bytes",
		"none false it holds no file",
		"empty.bin false it is empty: 0 bytes",
		"fat.bin false it takes 2.4 KiB; its budget is 2.0 KiB",
		"fat.bin true it has grown by 100 %, from 1.2 KiB to 2.4 KiB; more than 10 % is told",
		"bad.whl false it does not work: read wheel: zip: not a valid zip file",
		"away false it is not there: ui:build makes it",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if len(got) != 7 || got[0].Kind != "directory" || got[0].SizeBytes != 32 || got[0].BeforeBytes != 30 || len(got[0].SHA256) != 64 {
		t.Errorf("artefacts: %+v", got)
	}
}

func TestTheHashesAndTheArchiveHoldWhatWasExamined(t *testing.T) {
	t.Parallel()
	dir, out := project(t, map[string]string{"ui/dist/a.js": "1", "ui/dist/b/c.js": "2", "api/x.tar.gz": "3", "other": "4"}), t.TempDir()
	o := artifacts.Options{Sums: filepath.Join(out, "SHA256SUMS"), Archive: filepath.Join(out, "all.tar.zst")}
	wanted := []artifacts.Wanted{{Name: "ui/dist"}, {Name: "api/x.tar.gz"}}
	first, problems, err := artifacts.Examine(t.Context(), door(), dir, wanted, o)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	c := command.Read("sh", "-c", `cd "$1" && sha256sum -c --strict "$2/SHA256SUMS" && zstd -dc "$2/all.tar.zst" | tar t`, "sh", dir, out)
	listed, err := door().Text(t.Context(), c).String()
	if want := "ui/dist/a.js: OK\nui/dist/b/c.js: OK\napi/x.tar.gz: OK\nui/dist/\nui/dist/a.js\nui/dist/b/\nui/dist/b/c.js\napi/x.tar.gz\n"; err != nil || listed != want {
		t.Errorf("got %q, %v", listed, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ui/dist/a.js"), []byte("9"), 0o600); err != nil {
		t.Fatal(err)
	}
	second, _, err := artifacts.Examine(t.Context(), door(), dir, wanted, artifacts.Options{})
	if err != nil || first[0].SHA256 == second[0].SHA256 || first[1].SHA256 != second[1].SHA256 {
		t.Errorf("a changed file gives %+v after %+v, %v", second, first, err)
	}
}

func TestAStoppedExaminationIsNoGoodOne(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := artifacts.Examine(ctx, door(), project(t, map[string]string{"a": "1"}), []artifacts.Wanted{{Name: "a"}}, artifacts.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTheBillListsWhatItCanAndTellsWhatItCannot(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{
		"package-lock.json": `{"lockfileVersion": 3, "packages": {"node_modules/react": {"version": "18.3.1"}}}`,
	})
	file := filepath.Join(dir, "sbom.cdx.json")
	n, err := artifacts.Bill(file, "iact", "1.0", artifacts.Sources{Locks: []string{filepath.Join(dir, "package-lock.json")}, Venvs: []string{filepath.Join(dir, "venv")}})
	text, readErr := os.ReadFile(file)
	if n != 1 || err == nil || !strings.Contains(err.Error(), "list packages of") || readErr != nil || !strings.Contains(string(text), "pkg:npm/react@18.3.1") {
		t.Errorf("%d packages, %v, %v\n%s", n, err, readErr, text)
	}
}
