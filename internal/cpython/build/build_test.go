package build_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/fault"
)

func TestWhatIsDoneIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	b := toy(t, works+"echo x >>configured\n", "all:\n\techo x >>../made\n")
	held(t, b)
	for range 2 {
		must(t, b.Configure(t.Context()))
		must(t, b.Make(t.Context()))
	}
	for _, counted := range []string{filepath.Join(b.Source(), "configured"), filepath.Join(b.Work, "made")} {
		if text, err := os.ReadFile(counted); err != nil || string(text) != "x\n" {
			t.Errorf("%s holds %q, %v", counted, text, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(b.Source(), "args")); err != nil || !strings.Contains(string(text), "--prefix="+b.Prefix+" ") || !strings.Contains(string(text), `LDFLAGS_NODIST=-Wl,-rpath,\$$ORIGIN/../lib`) {
		t.Errorf("configure got %s, %v", text, err)
	}
}

func TestOtherFlagsBeginWithFreshSources(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n\t: >left-over\n")
	held(t, b)
	must(t, b.Configure(t.Context()))
	must(t, b.Make(t.Context()))
	b.Optimized = true
	if b.Configured() || b.Compiled() {
		t.Error("a tree with other flags counts as configured")
	}
	must(t, b.Configure(t.Context()))
	if _, err := os.Stat(filepath.Join(b.Source(), "left-over")); err == nil {
		t.Error("what make made with other flags is still there")
	}
}

func TestAFailureShowsTheEndOfTheLogAndWhereItIs(t *testing.T) {
	t.Parallel()
	b := toy(t, "echo checking for gcc... no\necho 'configure: error: no acceptable C compiler found in $PATH' >&2\nexit 77\n", "")
	held(t, b)
	err := b.Configure(t.Context())
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Exit != 77 || !strings.Contains(failed.Stderr, "no acceptable C compiler") || !strings.Contains(fault.Hint(err), b.Log("configure")) {
		t.Errorf("got %v, hint %s", err, fault.Hint(err))
	}
	if b.Configured() {
		t.Error("it counts as configured")
	}
}

func TestAModuleThatMakeCallsMissingFailsTheBuildByNameUnlessItMayBe(t *testing.T) {
	t.Parallel()
	const says = `all:
	@echo 'The necessary bits to build these optional modules were not found:'
	@echo '_lzma                 _tkinter              readline'
	@echo 'To find the necessary bits, look in configure.ac and config.log.'
	@echo; echo 'Failed to build these modules:'; echo '_ctypes'; echo
`
	b := toy(t, works, says)
	held(t, b)
	b.Allowed = []string{"_tkinter"}
	must(t, b.Configure(t.Context()))
	err := b.Make(t.Context())
	if err == nil || err.Error() != "python 3.13.5 was built without _ctypes, _lzma, readline" || fault.Code(err) != fault.Invalid {
		t.Fatalf("got %v", err)
	}
	for _, wanted := range []string{"libffi-dev", "liblzma-dev", "libreadline-dev", "cpython:deps", "allow_missing"} {
		if !strings.Contains(fault.Hint(err), wanted) {
			t.Errorf("the hint lacks %s: %s", wanted, fault.Hint(err))
		}
	}
	b.Allowed = []string{"_tkinter", "_ctypes", "_lzma", "readline"}
	if err := b.Make(t.Context()); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

// TestMakeGoesOnAfterItWasCutOff: what was finished long before stays, and what
// may be half written is made again.
func TestMakeGoesOnAfterItWasCutOff(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all: old.o young.o last.o ;\n%.o:\n\techo gcc -c $@; echo whole >>$@; echo $@ >>../made; case $@ in last.o) [ -e ../go-on ] || { echo now >../there; exec sleep 60; };; esac\n")
	held(t, b)
	must(t, b.Configure(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(b.Work, "there")); err == nil {
				cancel()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if err := b.Make(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	before := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(b.Source(), "old.o"), before, before))
	put(t, filepath.Join(b.Work, "go-on"), "", 0o644)
	must(t, b.Make(t.Context()))
	text, err := os.ReadFile(filepath.Join(b.Work, "made"))
	must(t, err)
	if got := strings.Fields(string(text)); strings.Join(got, " ") != "old.o young.o last.o young.o last.o" {
		t.Errorf("made %v", got)
	}
}

func TestTwoBuildsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "")
	held(t, b)
	if _, err := b.Hold(); fault.Code(err) != fault.Locked {
		t.Errorf("got %v", err)
	}
}

func TestTheInterpreterHasToImportWhatWasPromised(t *testing.T) {
	t.Parallel()
	out, err := door().Text(t.Context(), command.Read("python3", "-c", "import sys; print(sys.version.split()[0])")).String()
	if err != nil {
		t.Skipf("no python3 here: %v", err) //nolint:forbidigo // the gate is also tested on what is built
	}
	b := &build.Build{Door: door(), Version: strings.TrimSpace(out), Modules: []string{"json", "no_such_module", "_tkinter_x"}}
	_, err = b.Imports(t.Context(), "python3")
	if err == nil || !strings.Contains(err.Error(), "import no_such_module: ModuleNotFoundError") || !strings.Contains(err.Error(), "_tkinter_x") || fault.Code(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	b.Modules = []string{"json", "zlib"}
	if said, err := b.Imports(t.Context(), "python3"); err != nil || !strings.Contains(said, "imports json, zlib") {
		t.Errorf("got %q, %v", said, err)
	}
	b.Version = "3.99.0"
	if _, err := b.Imports(t.Context(), "python3"); err == nil || !strings.Contains(err.Error(), "not 3.99.0") {
		t.Errorf("another version: %v", err)
	}
}

// altinstall is a make that installs an interpreter which passes the gate.
func altinstall(version string) string {
	script := strings.ReplaceAll(strings.ReplaceAll(interpreter(version), "\n", `\n`), "$", "$$")
	return "all:\naltinstall:\n\tmkdir -p $(DESTDIR)$$(sed 's/ .*//; s/--prefix=//' args)/bin\n" +
		"\tprintf '" + script + "' >$(DESTDIR)$$(sed 's/ .*//; s/--prefix=//' args)/bin/python3.13\n\tchmod +x $(DESTDIR)$$(sed 's/ .*//; s/--prefix=//' args)/bin/python3.13\n"
}

func ready(t *testing.T, version string) *build.Build {
	t.Helper()
	b := toy(t, works, altinstall(version))
	must(t, os.MkdirAll(filepath.Dir(b.Prefix), 0o755))
	held(t, b)
	must(t, b.Configure(t.Context()))
	must(t, b.Make(t.Context()))
	return b
}

func TestAnInterpreterThatDoesNotStartIsNotInstalled(t *testing.T) {
	t.Parallel()
	b := ready(t, "3.12.0")
	if _, err := b.Install(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "is python 3.12.0, not 3.13.5") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(b.Prefix)); err != nil || len(left) != 0 {
		t.Errorf("left is %v, %v", left, err)
	}
}

func TestThePrefixAppearsWholeAndIsReplacedWhole(t *testing.T) {
	t.Parallel()
	b := ready(t, "3.13.5")
	if _, err := b.Install(t.Context(), "date: today\n"); err != nil {
		t.Fatal(err)
	}
	if there, err := b.Installed(); err != nil || !there {
		t.Fatalf("installed: %v, %v", there, err)
	}
	for name, to := range map[string]string{"python3": "python3.13", "python": "python3", "pip3": "pip3.13"} {
		if is, err := os.Readlink(filepath.Join(b.Prefix, "bin", name)); err != nil || is != to {
			t.Errorf("%s leads to %q, %v", name, is, err)
		}
	}
	put(t, filepath.Join(b.Prefix, "old"), "", 0o644)
	put(t, filepath.Join(filepath.Dir(b.Prefix), ".python-3.13.5.partial-killed", "half"), "", 0o644)
	if _, err := b.Install(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(b.Prefix, "old")); err == nil {
		t.Error("the old interpreter is still there")
	}
	if left, err := os.ReadDir(filepath.Dir(b.Prefix)); err != nil || len(left) != 2 || left[0].Name() != ".python-3.13.5.replaced" {
		t.Errorf("left is %v, %v", left, err)
	}
	if back, err := b.PutBack(); err != nil || !back {
		t.Errorf("put back: %v, %v", back, err)
	}
	if _, err := os.Stat(filepath.Join(b.Prefix, "old")); err != nil {
		t.Errorf("the old interpreter is not back: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(b.Prefix)); err != nil || len(left) != 1 {
		t.Errorf("left is %v, %v", left, err)
	}
}

func TestAnInterpreterThatRunsIsNotReplaced(t *testing.T) {
	t.Parallel()
	b := ready(t, "3.13.5")
	if _, err := b.Install(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	sleep, err := os.ReadFile("/bin/sleep")
	must(t, err)
	put(t, filepath.Join(b.Prefix, "bin", "sleep"), string(sleep), 0o755)
	stream, err := door().Stream(t.Context(), command.Read("sh", "-c", `echo up; exec "$0" 60`, filepath.Join(b.Prefix, "bin", "sleep")))
	must(t, err)
	defer stream.Abort()
	for pid := 0; pid == 0; time.Sleep(5 * time.Millisecond) {
		pid, err = build.Running(b.Prefix)
		must(t, err)
	}
	if _, err := b.Install(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "runs from it") || fault.Code(err) != fault.Missing {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.Prefix, "bin", "sleep")); err != nil {
		t.Errorf("the old one is not whole: %v", err)
	}
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "")
	put(t, filepath.Join(b.Prefix, "bin", "python3"), "somebody else's", 0o755)
	if _, err := b.Installed(); err == nil || !strings.Contains(err.Error(), "was not made by this toolkit") {
		t.Errorf("got %v", err)
	}
	for _, prefix := range []string{"/usr", "/usr/local", "/", "/opt", "opt/python-3.13.5", "/opt/python-3.13.4", "/opt/x/../python-3.13.5"} {
		if err := build.CheckPrefix(prefix, "3.13.5"); fault.Code(err) != fault.Usage {
			t.Errorf("%s: %v", prefix, err)
		}
	}
	if err := build.CheckPrefix("/opt/python-3.13.5", "3.13.5"); err != nil {
		t.Error(err)
	}
}

func TestAPrefixThatTakesNothingIsToldInOneLine(t *testing.T) {
	t.Parallel()
	b := ready(t, "3.13.5")
	dir := filepath.Dir(b.Prefix)
	if os.Geteuid() != 0 {
		must(t, os.Chmod(dir, 0o500))
	} else {
		mount := command.Change("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", dir)
		if err := door().Run(t.Context(), mount); err != nil {
			t.Skipf("no mounts here: %v", err) //nolint:forbidigo // a container may not
		}
		t.Cleanup(func() { _ = door().Run(context.Background(), command.Change("umount", dir)) })
	}
	if _, err := b.Install(t.Context(), ""); fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "write to "+dir) {
		t.Errorf("got %v", err)
	}
}

func TestTheResultsOfTheSuiteDecideAndNotTheExitCode(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ cases, exit, want string }{
		"all pass":                    {`<testcase name="test.test_json.A.b"/><testcase name="test.test_json.A.c"><skipped/></testcase>`, "0", ""},
		"one fails":                   {`<testcase name="test.test_json.A.b"><failure/></testcase><testcase name="test.test_json.A.c"/>`, "2", "1 of 2 failed: test.test_json.A.b"},
		"one fails and make says not": {`<testcase name="test.test_json.A.b"><error/></testcase>`, "0", "1 of 1 failed"},
		"one that may":                {`<testcase name="test.test_gdb.test_x.A.b"><failure/></testcase><testcase name="test.test_json.A.c"/>`, "2", ""},
		"one fails and passes again":  {`<testcase name="test.test_json.A.b"><failure/></testcase><testcase name="test.test_json.A.b"/>`, "0", ""},
		"one fails in one run of two": {`<testcase name="test.test_json.A.b"/><testcase name="test.test_json.A.b"><failure/></testcase>`, "2", "no case failed, and still"},
		"a file dies":                 {`<testcase name="test.test_json.A.b"/>`, "2", "no case failed, and still: make: exit 2"},
		"none is run":                 {``, "0", "no test was run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := toy(t, works, "all:\ntest:\n\t@for o in $(TESTOPTS); do case $$o in --junit-xml=*) echo '<testsuites><testsuite>"+test.cases+"</testsuite></testsuites>' >$${o#*=};; esac; done; exit "+test.exit+"\n")
			held(t, b)
			must(t, b.Configure(t.Context()))
			must(t, b.Make(t.Context()))
			_, err := b.Test(t.Context(), []string{"test_json"})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if b.Tested([]string{"test_json"}) != (test.want == "") {
				t.Error("whether it counts as tested does not agree")
			}
		})
	}
}

func TestAModuleThatConfigureDoesNotFindIsToldBeforeHoursOfCompiling(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "MODULE__LZMA_STATE=missing\nMODULE__DBM_STATE=missing\nMODULE__SSL_STATE=yes\nall:\n")
	held(t, b)
	b.Allowed = []string{"_dbm"}
	if err := b.Configure(t.Context()); err == nil || err.Error() != "python 3.13.5 was built without _lzma" || !strings.Contains(fault.Hint(err), "liblzma-dev") {
		t.Errorf("got %v, hint %s", err, fault.Hint(err))
	}
	if b.Configured() {
		t.Error("it counts as configured")
	}
}

func TestATreeOfAMachineThatHasCrashedIsNotTrusted(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n\techo x >>../made\n")
	held(t, b)
	must(t, b.Configure(t.Context()))
	put(t, filepath.Join(b.Work, "done", "making"), "another boot", 0o644)
	put(t, filepath.Join(b.Source(), "empty.o"), "", 0o644)
	must(t, b.Make(t.Context()))
	if _, err := os.Stat(filepath.Join(b.Source(), "empty.o")); err == nil {
		t.Error("what the crash has left is still there")
	}
	if !b.Compiled() {
		t.Error("it is not compiled")
	}
}

func TestAnObjectThatIsNotWholeIsMadeAgain(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	b := toy(t, works, "all: whole.o torn.o ;\n%.o:\n\techo $@ >>../made; cp ../../whole $@\n")
	put(t, filepath.Join(filepath.Dir(b.Work), "whole"), string(program), 0o644)
	held(t, b)
	must(t, b.Configure(t.Context()))
	later := time.Now().Add(time.Minute)
	for name, content := range map[string]string{"whole.o": string(program), "torn.o": string(program[:len(program)/2]), "last.so": string(program)} {
		put(t, filepath.Join(b.Source(), name), content, 0o644)
		at := later
		if name == "last.so" {
			at = later.Add(time.Hour) // the others were finished long before the end
		}
		must(t, os.Chtimes(filepath.Join(b.Source(), name), at, at))
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	must(t, err)
	put(t, filepath.Join(b.Work, "done", "making"), strings.TrimSpace(string(boot)), 0o644)
	must(t, b.Make(t.Context()))
	if text, err := os.ReadFile(filepath.Join(b.Work, "made")); err != nil || string(text) != "torn.o\n" {
		t.Errorf("made again is %q, %v", text, err)
	}
}
