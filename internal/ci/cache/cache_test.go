package cache_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

func TestOutputsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	h := r.save(1)
	want := r.seen()
	o := r.other()
	o.put("ui/reports/kept.txt", "no output")
	got := o.restored(1)
	o.looks("on a machine that has nothing", want)
	if got.Untouched || len(got.Broken) > 0 || got.Header.Duration != meta().Duration || got.Header.Job != "ui:build" || !got.Header.Created.Equal(meta().Created) {
		t.Errorf("got %+v", got)
	}
	if text, err := os.ReadFile(o.at("restored.log")); err != nil || string(text) != "log of 1\n" {
		t.Errorf("log: %q, %v", text, err)
	}
	var sizes int64
	for _, out := range h.Outputs {
		sizes += out.SizeBytes
	}
	if len(h.Outputs) != 3 || h.Outputs[0].Kind != "directory" || h.Outputs[0].Files != 7 || sizes < 4000 || h.Outputs[1].Path != "ui/reports/junit.xml" {
		t.Errorf("outputs: %+v", h.Outputs)
	}
	r.clean()
	o.clean()
}

func TestAnArchiveIsReadableWithoutThisProgram(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	h := r.save(1)
	archives, err := filepath.Glob(filepath.Join(r.store.Dir, "local", "*", "*."+h.Archive.SHA256+".tar.zst"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("got %q, %v", archives, err)
	}
	door := command.NewDoor(command.Local())
	r.must(door.Run(t.Context(), command.Change("tar", "--zstd", "-xf", archives[0], "-C", r.root)))
	r.must(door.Run(t.Context(), command.Read("diff", "-r", "--no-dereference", r.at("out/ui/dist"), r.at("ui/dist"))))
	sum, err := door.Text(t.Context(), command.Read("sha256sum", archives[0])).String()
	if err != nil || !strings.HasPrefix(sum, h.Archive.SHA256) {
		t.Errorf("sha256sum: %q, %v", sum, err)
	}
}

func TestTwoSavesOfTheSameAreTheSameBytes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	if a, b := r.save(1), r.save(2); a.Archive != b.Archive && a.Log == b.Log {
		t.Errorf("%+v is not %+v", a.Archive, b.Archive)
	}
	r.must(os.WriteFile(r.at("job.log"), nil, 0o600))
	m := meta()
	a, err := r.cache.Save(context.Background(), key(3), r.job, m, r.root)
	r.must(err)
	b, err := r.cache.Save(context.Background(), key(4), r.job, m, r.root)
	r.must(err)
	if a.Archive != b.Archive {
		t.Errorf("%+v is not %+v", a.Archive, b.Archive)
	}
}

func TestWhatIsInPlaceIsNotUnpackedAndWhatWasTouchedIsPutBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	want := r.seen()
	for _, test := range []struct {
		name      string
		touch     func()
		untouched bool
	}{
		{"nothing since the save, which followed at once", func() {}, true},
		{"nothing since the restore", func() {}, true},
		{"what tools keep for themselves", func() { r.put("ui/dist/.cache/babel/x.json", "{}"); r.put("ui/dist/js/__pycache__/x.pyc", "") }, true},
		{"an edit", func() { r.put("ui/dist/index.html", "<html>two") }, false},
		{"an edit of the same size and time", func() { r.put("ui/dist/index.html", "<html>eno") }, false},
		{"a file more", func() { r.put("ui/dist/more.js", "") }, false},
		{"a file less", func() { r.must(os.Remove(r.at("ui/dist/js/app.js"))) }, false},
		{"a mode", func() { r.must(os.Chmod(r.at("ui/dist/bin/run"), 0o644)) }, false},
		{"a link", func() { r.link("other.js", "ui/dist/js/main.js") }, false},
		{"an empty directory", func() { r.must(os.Remove(r.at("ui/dist/empty"))) }, false},
		{"an output that is gone", func() { r.must(os.RemoveAll(r.at("ui/dist"))) }, false},
		{"an output that became a file", func() { r.must(os.RemoveAll(r.at("ui/dist"))); r.put("ui/dist", "file") }, false},
		{"a file that became a directory", func() { r.must(os.Remove(r.at("ui/version.txt"))); r.put("ui/version.txt/x", "file") }, false},
		{"an output more", func() { r.put("ui/reports/old.xml", "of another run") }, false},
		{"an output that became a link", func() { r.must(os.Remove(r.at("ui/version.txt"))); r.link("reports/kept.txt", "ui/version.txt") }, false},
	} {
		test.touch()
		got := r.restored(1)
		if got.Untouched != test.untouched {
			t.Errorf("%s: untouched is %v", test.name, got.Untouched)
		}
		if !test.untouched {
			r.looks(test.name, want)
			if !r.restored(1).Untouched {
				t.Errorf("%s: unpacked again", test.name)
			}
		}
		if text, err := os.ReadFile(r.at("restored.log")); err != nil || string(text) != "log of 1\n" {
			t.Errorf("%s: log: %q, %v", test.name, text, err)
		}
	}
	r.clean()
}

func TestAJobWithoutOutputsHasItsLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.job.Outputs = nil
	r.save(1)
	for range 2 {
		r.restored(1)
		if text, err := os.ReadFile(r.at("restored.log")); err != nil || string(text) != "log of 1\n" {
			t.Errorf("log: %q, %v", text, err)
		}
		r.must(os.Remove(r.at("restored.log")))
	}
}

func TestAnotherKeyIsAMiss(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	want := r.seen()
	_, err := r.restore(2)
	var miss *cache.MissError
	if !errors.Is(err, cache.ErrMiss) || !errors.As(err, &miss) || len(miss.Broken) > 0 {
		t.Errorf("got %v", err)
	}
	r.looks("after a miss", want)
}

func TestOutputsThatNoEntryCanHoldAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		make       func(r *rig)
	}{
		{"a socket", "ui/dist/s: it is a socket", func(r *rig) {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: r.at("ui/dist/s"), Net: "unix"})
			r.must(err)
			t.Cleanup(func() { _ = l.Close() })
		}},
		{"an absolute link", "ui/dist/l: the link to /etc/passwd leaves the project", func(r *rig) { r.link("/etc/passwd", "ui/dist/l") }},
		{"a link out of the project", "ui/dist/l: the link to ../../../x leaves the project", func(r *rig) { r.link("../../../x", "ui/dist/l") }},
		{"a link that hides where it leads", "ui/dist/l: the link to js/../../x goes up after it went down", func(r *rig) { r.link("js/../../x", "ui/dist/l") }},
	} {
		r := newRig(t)
		r.build("one")
		test.make(r)
		_, err := r.cache.Save(context.Background(), key(1), r.job, meta(), r.root)
		if !errors.Is(err, cache.ErrRefused) || !strings.Contains(err.Error(), test.want) || fault.Hint(err) == "" {
			t.Errorf("%s: got %v", test.name, err)
		}
		if _, err := r.restore(1); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%s: an entry was made: %v", test.name, err)
		}
		r.clean()
	}
}

func TestAVenvKeepsItsLinkToTheInterpreter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.job = cache.Job{Name: "api:deps", Outputs: []string{"ui/venv"}, Placed: true}
	python := filepath.Join(t.TempDir(), "python3")
	r.must(os.WriteFile(python, nil, 0o755))
	r.link(python, "ui/venv/bin/python3")
	r.save(1)
	o := r.other()
	o.restored(1)
	if to, err := os.Readlink(o.at("ui/venv/bin/python3")); err != nil || to != python {
		t.Errorf("got %q, %v", to, err)
	}
	r.must(os.Remove(python))
	o.must(os.RemoveAll(o.at("ui/venv")))
	if _, err := o.restore(1); !errors.Is(err, cache.ErrMiss) || !strings.Contains(err.Error(), "leads nowhere on this machine") {
		t.Errorf("without the interpreter: %v", err)
	}
	o.job.Placed = false
	if _, err := o.restore(1); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("for another kind of job: %v", err)
	}
}

func TestAnOutputOutsideTheProjectIsRefused(t *testing.T) {
	t.Parallel()
	for _, out := range []string{"..", "../x", "/etc", ".", ".git", ".git/hooks", ".iact/ci", "a/../../b"} {
		r := newRig(t)
		r.job.Outputs = []string{out}
		if _, err := r.cache.Save(context.Background(), key(1), r.job, meta(), r.root); fault.Code(err) != fault.Usage {
			t.Errorf("%s: got %v", out, err)
		}
	}
}

func TestAProjectsLinkOutOfItIsNotFollowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.save(1)
	o := r.other()
	outside := t.TempDir()
	o.must(os.RemoveAll(o.at("ui")))
	o.must(os.Symlink(outside, o.at("ui")))
	if _, err := o.restore(1); err == nil {
		t.Error("restored through a link")
	}
	left, err := os.ReadDir(outside)
	if err != nil || len(left) > 0 {
		t.Errorf("made outside of the project: %v, %v", left, err)
	}
}
