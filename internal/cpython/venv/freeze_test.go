package venv_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/cpython/venv/venvtest"
	"iact-infra/internal/fault"
)

// editable writes a project that builds itself without anything from an index.
func (r *rig) editable(name string) string {
	r.t.Helper()
	dir := filepath.Join(r.t.TempDir(), name)
	must(r.t, os.MkdirAll(dir, 0o755))
	must(r.t, os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte("[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"), 0o644))
	must(r.t, os.WriteFile(filepath.Join(dir, name+".py"), []byte("where = __file__\n"), 0o644))
	must(r.t, os.WriteFile(filepath.Join(dir, "backend.py"), []byte(strings.ReplaceAll(backend, "NAME", name)), 0o644))
	return dir
}

// backend builds an editable wheel by hand (PEP 660).
const backend = `
import os, zipfile
def build_editable(directory, config_settings=None, metadata_directory=None):
    wheel = "NAME-0.1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as z:
        z.writestr("NAME.pth", os.getcwd() + "\n")
        z.writestr("NAME-0.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: NAME\nVersion: 0.1\n")
        z.writestr("NAME-0.1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr("NAME-0.1.dist-info/RECORD", "NAME.pth,,\nNAME-0.1.dist-info/METADATA,,\nNAME-0.1.dist-info/WHEEL,,\nNAME-0.1.dist-info/RECORD,,\n")
    return wheel
`

func TestWholeWhatCameFromElsewhereComesFromThereAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.wheel("beta", "2.0")
	r.wheel("pinned", "1.0")
	alpha := venvtest.Wheel(t, t.TempDir(), "alpha", "1.0", "Provides-Extra: more", "Requires-Dist: beta>=2; extra == 'more'")
	mine := r.editable("mine")
	env := r.env("venv", "pinned", "alpha[more] @ file://"+alpha, "-e", mine)

	got, err := venv.Freeze(env.Dir)
	must(t, err)
	if len(got) != 4 || !strings.HasPrefix(got[0], "alpha @ file://"+alpha) || got[1] != "beta==2.0" || got[2] != "-e file://"+mine || got[3] != "pinned==1.0" {
		t.Fatalf("frozen: %q", got)
	}
	moved, err := r.Rebuild(t.Context(), env, newer())
	must(t, err)
	if !slices.Equal(moved.Requirements, got) {
		t.Errorf("requirements: %q", moved.Requirements)
	}
	again, err := venv.Freeze(env.Dir)
	must(t, err)
	again[0], _, _ = strings.Cut(again[0], "#") // a newer pip notes the hash
	if !slices.Equal(again, got) {
		t.Errorf("frozen again: %q, before %q", again, got)
	}
	if where := r.run(filepath.Join(env.Dir, "bin", "python"), "-c", "import mine; print(mine.where)"); where != filepath.Join(mine, "mine.py") {
		t.Errorf("mine is imported from %s", where)
	}
	must(t, r.Back(t.Context(), moved))

	must(t, os.Remove(alpha))
	_, err = r.Rebuild(t.Context(), env, system)
	if err == nil || !strings.Contains(err.Error(), "alpha @ file://"+alpha) {
		t.Errorf("without the wheel: %v", err)
	}
	if said := r.says(env, "alpha"); said != "alpha 1.0" {
		t.Errorf("alpha says %q", said)
	}
}

func TestAFreezeReadsAllKindsOfRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	env := r.bare("venv")
	r.install(env, "Zope.Interface", "5.0", "")
	r.install(env, "local", "1.0+deb.1", "")
	for _, name := range []string{"pip", "setuptools", "wheel"} {
		r.install(env, name, "9.9", "")
	}
	r.install(env, "vcs", "1.0", `{"url": "https://host/r.git", "subdirectory": "py", "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "abc"}}`)
	r.install(env, "arc", "1.0", `{"url": "https://host/arc.tar.gz", "archive_info": {"hash": "md5=1", "hashes": {"sha256": "aa"}}}`)
	r.install(env, "older", "1.0", `{"url": "https://host/o.zip", "archive_info": {"hash": "sha512=bb"}}`)
	r.install(env, "folder", "1.0", `{"url": "file:///src/folder", "dir_info": {}}`)
	packages := site(t, env.Dir)
	must(t, os.Rename(r.install(env, "torn", "1", ""), filepath.Join(packages, "~orn-1.dist-info")))
	must(t, os.WriteFile(filepath.Join(packages, "legacy-1.2.egg-info"), []byte("Name: legacy\nVersion: 1.2\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(packages, "Dev.egg-link"), []byte("/src/dev\n.."), 0o644))
	got, err := venv.Freeze(env.Dir)
	must(t, err)
	want := []string{
		"arc @ https://host/arc.tar.gz#sha256=aa",
		"-e /src/dev",
		"folder @ file:///src/folder",
		"legacy==1.2",
		"local==1.0+deb.1",
		"older @ https://host/o.zip#sha512=bb",
		"vcs @ git+https://host/r.git@abc#subdirectory=py",
		"Zope.Interface==5.0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("frozen %q\nwant   %q", got, want)
	}
}

func TestAFreezeRefusesWhatItCannotPin(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(r *rig, env venv.Env){
		"is there twice": func(r *rig, env venv.Env) {
			r.install(env, "a-b", "1.0", "")
			r.install(env, "A_B", "2.0", "")
		},
		"METADATA": func(r *rig, env venv.Env) {
			must(r.t, os.Remove(filepath.Join(r.install(env, "half", "1", ""), "METADATA")))
		},
		"names no distribution": func(r *rig, env venv.Env) {
			dir := r.install(env, "evil", "1", "")
			must(r.t, os.WriteFile(filepath.Join(dir, "METADATA"), []byte("Name: --index-url\nVersion: 1\n"), 0o644))
		},
		"direct_url.json": func(r *rig, env venv.Env) {
			r.install(env, "evil", "1", `{"url": "https://host/x\n--pre", "archive_info": {}}`)
		},
		"holds blanks": func(r *rig, env venv.Env) {
			r.install(env, "evil", "1", `{"url": "https://host/x", "vcs_info": {"vcs": "git", "commit_id": "a\n--pre"}}`)
		},
		"inside the environment": func(r *rig, env venv.Env) {
			r.install(env, "src", "1", `{"url": "file://`+env.Dir+`/src/x", "dir_info": {"editable": true}}`)
		},
	} {
		r := newRig(t)
		env := r.bare("venv")
		spoil(r, env)
		got, err := venv.Freeze(env.Dir)
		if err == nil || !strings.Contains(err.Error(), what) || fault.Hint(err) == "" {
			t.Errorf("%s: frozen %q, %v", what, got, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	f.Add(`{"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}`)
	f.Add(`{"url": "file:///src", "subdirectory": "a b", "dir_info": {"editable": true}}`)
	f.Add(`{"url": "https://host/x", "archive_info": {"hash": "sha256=a\n-r x"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := venv.Reference("/srv/venv", "name", []byte(text))
		if err != nil {
			return
		}
		rest, editable := strings.CutPrefix(got, "-e ")
		if !editable {
			var named bool
			if rest, named = strings.CutPrefix(got, "name @ "); !named {
				t.Errorf("%q: %q", text, got)
			}
		}
		// One word: neither another line nor an option of pip.
		if rest == "" || len(strings.Fields(rest)) != 1 || strings.TrimSpace(rest) != rest {
			t.Errorf("%q: %q", text, got)
		}
	})
}
