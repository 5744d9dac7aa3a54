package compat_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/compat"
)

// system is the distribution's interpreter; IACT_TEST_PYTHON names another one
// for the new side.
const system = "/usr/bin/python3"

func newer() string {
	if python := os.Getenv("IACT_TEST_PYTHON"); python != "" {
		return python
	}
	return system
}

// rig is a project with an environment on each side.
type rig struct {
	t *testing.T
	compat.Checker
	old, new compat.Side
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	r := &rig{t: t, Checker: compat.Checker{Door: command.NewDoor(command.Local()), Project: filepath.Join(dir, "project"), Timeout: 20 * time.Second, Smoke: []string{"true"}}}
	must(t, os.Mkdir(r.Project, 0o755))
	// The old one stands where a move leaves it.
	r.old = compat.Side{Name: "old", Env: r.bare(system, "project/.venv.old-3.11.2-20260301T120000.000Z")}
	r.new = compat.Side{Name: "new", Env: r.bare(newer(), "project/venv")}
	return r
}

// bare makes an environment without pip, which is quick.
func (r *rig) bare(python, name string) string {
	r.t.Helper()
	dir := filepath.Join(filepath.Dir(r.Project), name)
	must(r.t, r.Door.Run(r.t.Context(), command.Change(python, "-m", "venv", "--without-pip", dir)))
	return dir
}

// write writes a file of the project.
func (r *rig) write(name, text string) string {
	r.t.Helper()
	path := filepath.Join(r.Project, name)
	must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(r.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// install writes a distribution into an environment, as pip would; files are
// pairs of name and text.
func (r *rig) install(side compat.Side, name, version string, files ...string) {
	r.t.Helper()
	r.installed(side, name, version, "", files...)
}

func (r *rig) installed(side compat.Side, name, version, header string, files ...string) {
	r.t.Helper()
	info := strings.ReplaceAll(name, "-", "_") + "-" + version + ".dist-info/"
	files = append(files, info+"METADATA", "Metadata-Version: 2.1\nName: "+name+"\nVersion: "+version+"\n"+header+"\n")
	record := info + "RECORD,,\n"
	for i := 0; i < len(files); i += 2 {
		record += files[i] + ",,\n"
	}
	files = append(files, info+"RECORD", record)
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(site(r.t, side.Env), files[i])
		must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(r.t, os.WriteFile(path, []byte(files[i+1]), 0o644))
	}
}

// both installs the same on both sides.
func (r *rig) both(name, version string, files ...string) {
	r.t.Helper()
	r.install(r.old, name, version, files...)
	r.install(r.new, name, version, files...)
}

func (r *rig) check() *compat.Report {
	r.t.Helper()
	report, err := r.Check(r.t.Context(), r.old, r.new)
	must(r.t, err)
	return report
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

// row is a row of the table as old → new: verdict (level).
func row(t *testing.T, report *compat.Report, name string) string {
	t.Helper()
	i := slices.IndexFunc(report.Rows, func(r compat.Row) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no row %s in %+v", name, report.Rows)
	}
	one := report.Rows[i]
	return one.Old + " → " + one.New + ": " + one.Verdict + " (" + one.Level + ")"
}

// finding is the one finding about a module, or a file.
func finding(t *testing.T, report *compat.Report, about string) compat.Finding {
	t.Helper()
	var all []compat.Finding
	for _, f := range report.Findings {
		if f.Module == about || f.File == about {
			all = append(all, f)
		}
	}
	if len(all) != 1 {
		t.Fatalf("findings about %s: %+v\nof %+v", about, all, report.Findings)
	}
	if f := all[0]; f.Title == "" || f.Evidence == "" || f.Cause == "" || f.Fix == "" || f.Verdict == "" {
		t.Errorf("a finding says what, why and what to do: %+v", f)
	}
	return all[0]
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
