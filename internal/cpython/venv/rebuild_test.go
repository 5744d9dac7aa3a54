package venv_test

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/venv"
)

func TestSlowAnEnvironmentIsRebuiltWithTheSamePackagesAndGoneBackTo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0", "Provides-Extra: more", "Requires-Dist: beta>=2; extra == 'more'")
	r.wheel("beta", "2.0")
	env := r.env("my env", "alpha[more]")
	r.wheel("alpha", "1.1")
	before := tree(t, env.Dir)

	moved, err := r.Rebuild(t.Context(), env, newer())
	must(t, err)

	if want := []string{"alpha==1.0", "beta==2.0"}; !slices.Equal(moved.Requirements, want) {
		t.Errorf("requirements: %q, want %q", moved.Requirements, want)
	}
	if moved.From != env.Version || moved.Old != filepath.Join(r.dir, ".my env.old-"+env.Version+"-20260301T120000.000Z") {
		t.Errorf("moved: %+v", moved)
	}
	for script, want := range map[string]string{"alpha": "alpha 1.0", "beta": "beta 2.0"} {
		if got := r.says(env, script); got != want {
			t.Errorf("%s says %q, want %q", script, got, want)
		}
	}
	shell := r.run("sh", "-c", `. "$0/bin/activate"; echo "$VIRTUAL_ENV"; python -c 'import sys; print(sys.prefix)'`, env.Dir)
	if shell != env.Dir+"\n"+env.Dir {
		t.Errorf("activated: %q", shell)
	}
	for path, text := range tree(t, env.Dir) {
		if strings.Contains(text, ".new-") && !strings.HasSuffix(path, ".pyc") {
			t.Errorf("%s still holds the name that it was made under", path)
		}
	}
	// pip removes a package by what RECORD says of its files.
	r.run(filepath.Join(env.Dir, "bin", "python"), "-c", hashesHold, site(t, env.Dir))

	must(t, r.Back(t.Context(), moved))
	after := tree(t, env.Dir)
	if len(after) != len(before) {
		t.Errorf("%d files, before %d", len(after), len(before))
	}
	for path, text := range before {
		if after[path] != text {
			t.Errorf("%s is not what it was", path)
		}
	}
	if got := r.says(env, "alpha"); got != "alpha 1.0" {
		t.Errorf("alpha says %q", got)
	}
}

// hashesHold compares the files of an environment with its RECORDs.
const hashesHold = `
import base64, csv, glob, hashlib, os, sys
os.chdir(sys.argv[1])
seen = 0
for record in glob.glob("*.dist-info/RECORD"):
    for name, sum, size in csv.reader(open(record)):
        if sum.startswith("sha256="):
            data = open(name, "rb").read()
            assert base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode() == sum[7:], name
            assert len(data) == int(size), name
            seen += name.startswith("..")
assert seen >= 3, seen
`

// tree is what the files of a directory hold, but for what Python compiles.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) == ".pyc" {
			return err
		}
		if entry.Type()&os.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			files[path] = "-> " + to
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	}))
	return files
}

func TestWholeAnEnvironmentKeepsItsPromptItsModeAndTheSystemsPackages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0")
	env := r.bare(".venv", "--system-site-packages", "--prompt", "it's mine")
	r.install(env, "alpha", "1.0", "")
	must(t, os.Chmod(env.Dir, 0o750))
	_, err := r.Rebuild(t.Context(), env, newer())
	must(t, err)
	again, err := venv.Open(env.Dir)
	must(t, err)
	if !again.SystemSite || again.Prompt != "it's mine" {
		t.Errorf("rebuilt: %+v", again)
	}
	if got := r.says(env, "alpha"); got != "alpha 1.0" {
		t.Errorf("alpha says %q", got)
	}
	info, err := os.Stat(env.Dir)
	must(t, err)
	if info.Mode().Perm() != 0o750 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestWholeAnEnvironmentOfAnotherUserStaysThatUsers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, err := user.Current()
	must(t, err)
	who := me.Username
	if me.Uid == "0" { // only root works for others
		who = "nobody"
	}
	must(t, os.Chmod(filepath.Dir(r.dir), 0o755))
	r.wheel("alpha", "1.0")
	env := r.env("venv", "alpha")
	r.run("chown", "-R", who, env.Dir)
	_, err = r.Rebuild(t.Context(), env, system)
	must(t, err)
	foreign := r.run("find", env.Dir, "-not", "-user", who, "-not", "-name", venv.MarkFile)
	if foreign != "" {
		t.Errorf("not the user's: %s", foreign)
	}
	c := command.Read(filepath.Join(env.Dir, "bin", "alpha"))
	c.As = who
	said, err := r.Door.Text(t.Context(), c).String()
	must(t, err)
	if strings.TrimSpace(said) != "alpha 1.0" {
		t.Errorf("alpha says %q", said)
	}
}

func TestWholeADanglingEnvironmentWithoutPipIsRepaired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("alpha", "1.0")
	env := r.bare("venv")
	r.install(env, "alpha", "1.0", "")
	python := filepath.Join(env.Dir, "bin", "python3")
	must(t, os.Remove(python))
	must(t, os.Symlink("/opt/python-3.9.9/bin/python3", python))
	found, err := venv.Find(t.Context(), []string{r.dir}, nil)
	must(t, err)
	if len(found) != 1 || !found[0].Dangling {
		t.Fatalf("found: %+v", found)
	}
	_, err = r.Rebuild(t.Context(), found[0], newer())
	must(t, err)
	if got := r.says(env, "alpha"); got != "alpha 1.0" {
		t.Errorf("alpha says %q", got)
	}
	found, err = venv.Find(t.Context(), []string{r.dir}, nil)
	must(t, err)
	if len(found) != 1 || found[0].Dangling {
		t.Errorf("found: %+v", found)
	}
}
