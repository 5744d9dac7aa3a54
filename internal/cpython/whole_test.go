package cpython_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/release/releasetest"
)

// TestWholeABuildWithAProfilePassesItsOwnSuite is what cpython:all does with its
// defaults, which takes over an hour on two cores: test:slow runs it.
func TestWholeABuildWithAProfilePassesItsOwnSuite(t *testing.T) {
	r := newRig(t)
	r.need, r.file, r.more = nil, "", ", optimizations: true"
	must(t, os.Symlink(releasetest.Debian(t), r.path("src")))
	p := r.process("cpython:all")
	defer p.room.Close()
	if err := p.engine.Target(t.Context(), "cpython:test"); err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	results, err := os.ReadFile(r.path("work/build/" + releasetest.New + "/log/test.xml"))
	must(t, err)
	if n := strings.Count(string(results), "<testcase "); n < 30_000 {
		t.Errorf("only %d tests were run", n)
	}
	if err := p.engine.Target(t.Context(), "cpython:all"); err != nil {
		t.Fatalf("%v\n%s", err, p.said.String())
	}
	out, err := command.NewDoor(command.Local()).Text(t.Context(), command.Read(r.path("opt/python/bin/python3"), "-c",
		"import sysconfig; print(sysconfig.get_config_var('PGO_PROF_USE_FLAG'), sysconfig.get_config_var('CONFIG_ARGS'))")).String()
	must(t, err)
	for _, want := range []string{"-fprofile-use", "--enable-optimizations", "--with-lto"} {
		if !strings.Contains(out, want) {
			t.Errorf("the interpreter was built with %s, without %s", out, want)
		}
	}
	if archives, _ := filepath.Glob(r.path("cache/*.tar.zst")); len(archives) != 1 {
		t.Errorf("the cache holds %q", archives)
	}
}
