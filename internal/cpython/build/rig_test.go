package build_test

import (
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/build"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), mode))
}

// door runs programs here.
func door() *command.Door { return command.NewDoor(command.Local()) }

// toy is a build whose sources are a script called configure and a Makefile:
// what the real ones do to the file system, in milliseconds. lines are the
// recipe of make.
func toy(t *testing.T, configure, makefile string) *build.Build {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "Python-3.13.5/configure"), "#!/bin/sh\necho \"$@\" >args\n"+configure, 0o755)
	put(t, filepath.Join(dir, "Python-3.13.5/Makefile.in"), makefile, 0o644)
	tarball := filepath.Join(dir, "Python-3.13.5.tgz")
	must(t, door().Run(t.Context(), command.Change("tar", "-C", dir, "-czf", tarball, "Python-3.13.5")))
	return &build.Build{
		Door: door(), Version: "3.13.5", Tarball: tarball, Work: filepath.Join(dir, "work"),
		Prefix: filepath.Join(dir, "opt", "python-3.13.5"), Jobs: 1, Modules: []string{"json"},
	}
}

// works is a configure that ends well.
const works = "cp Makefile.in Makefile; : >pyconfig.h\n"

// interpreter is a script that passes for the python of a version: it says what
// the import gate asks for.
func interpreter(version string) string {
	return "#!/bin/sh\necho " + version + "\necho /prefix\necho\n"
}

func held(t *testing.T, b *build.Build) {
	t.Helper()
	release, err := b.Hold()
	must(t, err)
	t.Cleanup(release)
}
