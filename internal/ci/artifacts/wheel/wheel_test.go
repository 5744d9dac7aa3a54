package wheel_test

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/artifacts/wheel"
	"iact-infra/internal/command"
)

// built is a wheel of the name own with the given files, made by hand.
func built(t *testing.T, dir, needs string, files map[string]string) string {
	t.Helper()
	file := filepath.Join(dir, "own-1.0-py3-none-any.whl")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	all := map[string]string{
		"own-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n" + needs,
		"own-1.0.dist-info/WHEEL":    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
		"own-1.0.dist-info/RECORD":   "",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return file
}

func door() *command.Door { return command.NewDoor(command.Local()) }

func TestAWheelNamesItsModules(t *testing.T) {
	t.Parallel()
	file := built(t, t.TempDir(), "", map[string]string{
		"app/__init__.py": "", "app/deep/__init__.py": "", "single.py": "", "fast.cpython-311-x86_64-linux-gnu.so": "",
		"own-1.0.data/scripts/run.py": "", "data/file.txt": "",
	})
	if got, err := wheel.Modules(file); err != nil || !slices.Equal(got, []string{"app", "fast", "single"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTheNewestOfSeveralWheelsIsMeant(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"z-1.whl": time.Hour, "a-2.whl": 0} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, time.Time{}, time.Now().Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := wheel.Newest(dir); err != nil || filepath.Base(got) != "a-2.whl" {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := wheel.Newest(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a wheel: %v", err)
	}
}

func TestAnEmptyWheelIsNoWheel(t *testing.T) {
	t.Parallel()
	if _, err := wheel.Try(t.Context(), door(), built(t, t.TempDir(), "", nil), wheel.Options{}); err == nil || !strings.Contains(err.Error(), "holds no module") {
		t.Errorf("got %v", err)
	}
}

// The component's venv is made for real, and holds one dependency.
func TestSlowAWheelIsInstalledAndImportedFromWhatIsHere(t *testing.T) {
	t.Parallel()
	venv, dir := filepath.Join(t.TempDir(), "venv"), t.TempDir()
	if err := door().Run(t.Context(), command.Change("/usr/bin/python3", "-m", "venv", venv)); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(venv, "lib/python3*/site-packages"))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	// The sources lie in the venv, too, as an editable installation has them.
	for name, text := range map[string]string{"needed.py": "", "app.py": "raise SystemExit('the sources, not the wheel')"} {
		if err := os.WriteFile(filepath.Join(packages[0], name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := built(t, dir, "Requires-Dist: needed\n", map[string]string{"app/__init__.py": "import needed\n"})
	if got, err := wheel.Try(t.Context(), door(), good, wheel.Options{Venv: venv}); err != nil || !slices.Equal(got, []string{"app"}) {
		t.Errorf("got %v, %v", got, err)
	}
	for name, test := range map[string]struct {
		needs   string
		module  string
		imports []string
		venv    string
		want    string
	}{
		"a missing subpackage": {"", "from app import models\n", nil, venv, "cannot import name 'models'"},
		"a missing import":     {"", "", []string{"app.urls"}, venv, "No module named 'app.urls'"},
		"a missing dependency": {"Requires-Dist: never-published\n", "", nil, "", "never-published"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := built(t, t.TempDir(), test.needs, map[string]string{"app/__init__.py": test.module})
			_, err := wheel.Try(t.Context(), door(), file, wheel.Options{Venv: test.venv, Imports: test.imports})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
