package venv_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/cpython/venv/venvtest"
)

// system is the distribution's interpreter: both the old one and the new one,
// unless IACT_TEST_PYTHON names another.
const system = "/usr/bin/python3"

func newer() string {
	if python := os.Getenv("IACT_TEST_PYTHON"); python != "" {
		return python
	}
	return system
}

// rig is a project with environments, and wheels that stand for an index.
type rig struct {
	t *testing.T
	*venv.Mover
	dir string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	if err := command.NewDoor(command.Local()).Run(t.Context(), command.Read(system, "-c", "import ensurepip")); err != nil {
		t.Fatalf("%s cannot make environments: apt-get install python3-venv: %v", system, err)
	}
	return rigIn(t, dir)
}

func rigIn(t *testing.T, dir string) *rig {
	t.Helper()
	r := &rig{t: t, dir: dir, Mover: mover(dir)}
	must(t, os.MkdirAll(r.Wheels, 0o755))
	return r
}

// mover works offline in dir, as a child of the test does, too.
func mover(dir string, options ...command.Option) *venv.Mover {
	return &venv.Mover{
		Door:   command.NewDoor(command.Local(), options...),
		Wheels: filepath.Join(dir, "wheels"),
		Now:    func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	}
}

// wheel writes a wheel where the rig installs from.
func (r *rig) wheel(name, version string, lines ...string) string {
	r.t.Helper()
	return venvtest.Wheel(r.t, r.Wheels, name, version, lines...)
}

// env makes an environment with the system's interpreter.
func (r *rig) env(name string, requirements ...string) venv.Env {
	r.t.Helper()
	dir := filepath.Join(r.dir, name)
	r.run(system, "-m", "venv", dir)
	if len(requirements) > 0 {
		r.run(filepath.Join(dir, "bin", "pip"), append([]string{"install", "--disable-pip-version-check", "--no-index", "--find-links", r.Wheels}, requirements...)...)
	}
	env, err := venv.Open(dir)
	must(r.t, err)
	return env
}

// bare makes an environment without pip, which is quick.
func (r *rig) bare(name string, args ...string) venv.Env {
	r.t.Helper()
	dir := filepath.Join(r.dir, name)
	r.run(system, append(append([]string{"-m", "venv", "--without-pip"}, args...), dir)...)
	env, err := venv.Open(dir)
	must(r.t, err)
	return env
}

// install writes down that a distribution is installed, as pip would.
func (r *rig) install(env venv.Env, name, version, direct string) string {
	r.t.Helper()
	dir := filepath.Join(site(r.t, env.Dir), name+"-"+version+".dist-info")
	must(r.t, os.MkdirAll(dir, 0o755))
	must(r.t, os.WriteFile(filepath.Join(dir, "METADATA"), []byte("Metadata-Version: 2.1\nName: "+name+"\nVersion: "+version+"\n\nVersion: of the text\n"), 0o644))
	if direct != "" {
		must(r.t, os.WriteFile(filepath.Join(dir, "direct_url.json"), []byte(direct), 0o644))
	}
	return dir
}

func site(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "lib", "python*", "site-packages"))
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("site-packages of %s: %v", dir, found)
	}
	return found[0]
}

func (r *rig) run(program string, args ...string) string {
	r.t.Helper()
	out, err := r.Door.Text(r.t.Context(), command.Change(program, args...)).String()
	must(r.t, err)
	return strings.TrimSpace(out)
}

// says runs a script of an environment.
func (r *rig) says(env venv.Env, script string) string {
	r.t.Helper()
	return r.run(filepath.Join(env.Dir, "bin", script))
}

// names are the names in the project, but for the wheels.
func (r *rig) names() []string {
	r.t.Helper()
	entries, err := os.ReadDir(r.dir)
	must(r.t, err)
	var names []string
	for _, entry := range entries {
		if entry.Name() != "wheels" {
			names = append(names, entry.Name())
		}
	}
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
