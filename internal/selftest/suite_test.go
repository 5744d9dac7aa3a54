package selftest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"iact-infra/internal/command"
)

func TestFormatNamesTheFilesThatGofmtWouldChange(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{
		"good.go":           {Data: []byte("package good\n")},
		"internal/bad.go":   {Data: []byte("package  bad\n")},
		"x/testdata/bad.go": {Data: []byte("not Go at all")},
		".iact/bad.go":      {Data: []byte("not Go either")},
	}
	var out bytes.Buffer
	if err := checkFormat(repo, &out); err == nil {
		t.Error("an unformatted file passes")
	}
	if got := out.String(); got != "internal/bad.go: not formatted: gofmt -w internal/bad.go\n" {
		t.Errorf("named %q", got)
	}
	delete(repo, "internal/bad.go")
	if err := checkFormat(repo, &out); err != nil {
		t.Errorf("formatted files: %v", err)
	}
}

func TestAStageThatFailsDoesNotHideTheNextOne(t *testing.T) {
	t.Parallel()
	s, out := scratch(t, nil)
	s.stage(t.Context(), "first", func(context.Context) error { return errors.New("it is broken") })
	s.stage(t.Context(), "second", func(context.Context) error { return nil })
	s.stage(t.Context(), "third", s.shown("sh", "-c", "echo said; echo also said >&2; exit 7"))
	err := s.verdict(t.Context())
	if err == nil || err.Error() != "test: failed: first, third" {
		t.Errorf("the verdict is %v", err)
	}
	for _, want := range []string{"s: it is broken\n", "== second\n   ok", "== third\nsaid\nalso said\n", "s: sh: exit 7\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestAfterCtrlCNoStageBeginsAndTheRunHasFailed(t *testing.T) {
	t.Parallel()
	s, _ := scratch(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	s.stage(ctx, "first", func(context.Context) error { cancel(); return nil })
	s.stage(ctx, "second", func(context.Context) error { t.Error("it began"); return nil })
	if err := s.verdict(ctx); err == nil {
		t.Error("a cancelled run is a success")
	}
}

// The go command of this machine is what the parser has to agree with.
func TestSlowModuleWithEveryOutcomeIsCountedAsItsAuthorWould(t *testing.T) {
	t.Parallel()
	test := func(body string) string { return "package p\n\nimport \"testing\"\n\n" + body }
	s, out := scratch(t, map[string]string{
		"good/x_test.go":  test("func TestA(t *testing.T) { t.Run(\"sub\", func(*testing.T) {}) }\nfunc TestSlowB(*testing.T) {}\n"),
		"bad/x_test.go":   test("func TestA(t *testing.T) { t.Error(\"seen in full\") }\nfunc TestB(*testing.T) {}\n"),
		"dies/x_test.go":  test("func TestA(*testing.T) { panic(\"at the disco\") }\n"),
		"skips/x_test.go": test("func TestA(t *testing.T) { t.Skip(\"for a reason\") }\n"),
		"wrong/x_test.go": test("func TestA(*testing.T) { undefined() }\n"),
		"none/x.go":       "package p\n",
	})
	if s.stage(t.Context(), "test", s.quick) {
		t.Error("the stage holds")
	}
	if err := s.verdict(t.Context()); err == nil {
		t.Error("the verdict is good")
	}
	for _, want := range []string{
		"seen in full\n", "panic: at the disco", "undefined: undefined", "TestA: x_test.go:5: for a reason\n",
		"failed: scratch/wrong\n", "\n3 passed, 3 failed, 1 skipped\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestSlowTestsRunOnceAndOthersUnderTheRaceDetector(t *testing.T) {
	t.Parallel()
	s, out := scratch(t, map[string]string{
		"p/x_test.go": "package p\n\nimport \"testing\"\n\n" +
			"func TestRaces(t *testing.T) {\n\tn, done := 0, make(chan bool)\n\tgo func() { n++; close(done) }()\n\tn++\n\t<-done\n}\n" +
			"func TestSlowRaces(t *testing.T) { TestRaces(t) }\nfunc TestRealRaces(t *testing.T) { TestRaces(t) }\n" +
			"func TestWholeIsForLater(t *testing.T) { t.Error(\"it runs\") }\n",
	})
	err := s.passes(t.Context(), nil)
	s.tested.summary()
	got := out.String()
	if strings.Contains(got, "without the race detector") {
		if err != nil || !strings.HasSuffix(got, "\n3 passed, 0 failed, 0 skipped\n") {
			t.Errorf("without a C compiler: %v\n%s", err, got)
		}
		return
	}
	if err == nil || !strings.Contains(got, "WARNING: DATA RACE") || !strings.HasSuffix(got, "\n2 passed, 1 failed, 0 skipped\n") {
		t.Errorf("got:\n%s", got)
	}
}

// The go command is killed after a test has failed, which excuses an exit code only.
func TestSlowRunOfTestsThatWasCutOffIsAnError(t *testing.T) {
	t.Parallel()
	s, out := scratch(t, map[string]string{
		"p/x_test.go": "package p\n\nimport (\n\t\"os\"\n\t\"syscall\"\n\t\"testing\"\n\t\"time\"\n)\n\n" +
			"func TestA(t *testing.T) { t.Error(\"bad\") }\n" +
			"func TestB(t *testing.T) { time.Sleep(time.Second); _ = syscall.Kill(os.Getppid(), syscall.SIGKILL) }\n",
	})
	if err := s.tests(t.Context(), nil, true, []string{"./..."}, "-count=1"); err == nil {
		t.Errorf("no error, and it said\n%s", out)
	}
}

// scratch is a suite over a module made of files.
func scratch(t *testing.T, files map[string]string) (*suite, *bytes.Buffer) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module scratch\n\ngo 1.25.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := &bytes.Buffer{}
	return &suite{door: command.NewDoor(command.Local()), root: root, out: out}, out
}

// flaky fails until it has left a file behind.
const flaky = "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestRealMoody(t *testing.T) {\n\tif _, err := os.Stat(\"been\"); err != nil {\n" +
	"\t\tos.WriteFile(\"been\", nil, 0o600)\n\t\tt.Run(\"first\", func(t *testing.T) { t.Fatal(\"a bad moment\") })\n\t}\n}\n"

func TestSlowTestOfAServiceThatPassesTheSecondTimeIsNamedFlaky(t *testing.T) {
	t.Parallel()
	s, out := scratch(t, map[string]string{"p/x_test.go": flaky + "func TestOther(*testing.T) {}\n"})
	err := s.passes(t.Context(), nil)
	s.tested.summary()
	if err != nil || !strings.Contains(out.String(), "a bad moment") ||
		!strings.HasSuffix(out.String(), "\nflaky: scratch/p TestRealMoody failed, and passed when it ran once more\n2 passed, 0 failed, 0 skipped\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSlowTestThatFailsTwiceOrNeedsNoServiceHasFailed(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"twice":                {"p/x_test.go": "package p\n\nimport \"testing\"\n\nfunc TestRealBroken(t *testing.T) { t.Error(\"broken\") }\n"},
		"no service":           {"p/x_test.go": strings.ReplaceAll(flaky, "TestReal", "Test")},
		"beside a broken test": {"p/x_test.go": flaky, "q/x_test.go": "package q\n\nimport \"testing\"\n\nfunc TestBroken(t *testing.T) { t.Error(\"broken\") }\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, out := scratch(t, files)
			err := s.passes(t.Context(), nil)
			s.tested.summary()
			if err == nil || strings.Contains(out.String(), "flaky:") || strings.HasSuffix(out.String(), " 0 failed, 0 skipped\n") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
