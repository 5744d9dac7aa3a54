package ci_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/ci"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// hang is a line that starts a child, notes it and itself, and waits for ever.
const hang = `sleep 600 & echo $! >../../child; echo waiting; echo $$ >../../shell; sleep 600`

// gone makes sure that no process of a number runs.
func (r *rig) gone(files ...string) {
	r.t.Helper()
	for _, file := range files {
		pid, err := strconv.Atoi(strings.TrimSpace(r.read(file)))
		must(r.t, err)
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			r.t.Errorf("the process of %s still runs", file)
		}
	}
}

func TestSlowAJobThatHangsIsEndedWithAllThatItStarted(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "limit: 1s", `trap "" TERM`, hang))
	r.bad("ci:unit", fault.Failed, "a:unit: run it: it was ended after 1s, with all that it had started", "limit of the job")
	r.gone("child", "shell")
	if log := r.read(r.home() + "/logs/a-unit.log"); !strings.Contains(log, "waiting") {
		t.Errorf("the log is %q", log)
	}
}

func TestSlowAnInterruptLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "", hang), job("lint", ""), job("build", "needs: [unit]"))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(r.path("shell")); err == nil {
				cancel()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	p, err := r.runIn(ctx, ci.Selection{}, "ci:all")
	if err == nil {
		t.Fatalf("it ended well:\n%s", p.all())
	}
	r.gone("child", "shell")
	r.states("a:unit=cancelled")
	if got := r.ran(); strings.Contains(got, "build") {
		t.Errorf("these ran: %s", got)
	}
	r.section = component("a", "", job("unit", ""), job("lint", ""), job("build", "needs: [unit]"))
	r.good("ci:all")
}

func TestWhatAJobLeavesBehindIsEndedAndNamed(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"in a session of its own": "setsid", "a daemon without an environment": "env -i setsid"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, job("unit", "", `(`+begin+` sh -c 'echo $$ >../../child; exec sleep 4711' &)`, `while test ! -s ../../child; do sleep 0.01; done`))
			p := r.good("ci:unit")
			r.gone("child")
			did := r.outcome("a:unit")
			if len(did.Left) != 1 || !strings.Contains(did.Left[0], "sleep 4711") || !strings.Contains(p.said.String(), "left processes behind, which were ended: "+did.Left[0]) {
				t.Errorf("it tells of %q:\n%s", did.Left, p.said.String())
			}
		})
	}
}

// everything is all text that a run left or printed, archives unpacked.
func (r *rig) everything(p *process, dirs ...string) map[string]string {
	r.t.Helper()
	all := map[string]string{"standard output": p.out.String(), "standard error": p.said.String() + p.noted.String()}
	for _, dir := range dirs {
		must(r.t, filepath.WalkDir(r.path(dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(name)
			if strings.HasSuffix(name, ".zst") && err == nil {
				var d *zstd.Decoder
				if d, err = zstd.NewReader(bytes.NewReader(text)); err == nil {
					defer d.Close()
					var b bytes.Buffer
					_, err = b.ReadFrom(d)
					text = b.Bytes()
				}
			}
			all[name] = string(text)
			return err
		}))
	}
	return all
}

func TestSecretsAndRawBytesAreNowhere(t *testing.T) {
	t.Parallel()
	const inFile, inEnvironment = "Kq7tV0zLw2", "Hx9rB4mNc8"
	r := newRig(t,
		job("lint", "env: [DEPLOY_TOKEN]", `. ./.env; printf '\033[31mred\033[0m \377 %s %s\n' "$API_PASSWORD" "$DEPLOY_TOKEN"`),
		job("unit", junitXML+", retries: 0", `. ./.env; echo "$DEPLOY_TOKEN"`, `echo "<testsuite><testcase name='$API_PASSWORD'><failure message='$DEPLOY_TOKEN'>trace $API_PASSWORD</failure></testcase></testsuite>" >"$IACT_REPORTS/junit.xml"`,
			`printf '\033]0;title\007 bad \377 %s\n' "$API_PASSWORD"; exit 1`),
		job("build", "outputs: [dist]", `mkdir -p dist; echo app >dist/app; . ./.env; echo "$API_PASSWORD $DEPLOY_TOKEN" | tee "$IACT_REPORTS/notes.txt"`))
	r.environ = []string{"DEPLOY_TOKEN=" + inEnvironment}
	r.put("project/a/.env", "API_PASSWORD="+inFile+"\n")
	p := r.bad("ci:all", fault.Failed, "1 of 1 tests failed", "bad")
	r.ran()
	for name, text := range r.everything(p, "checkout/.iact", "cache", "project/.iact-ci") {
		for _, secret := range []string{inFile, inEnvironment} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s:\n%.3000s", name, secret, text)
			}
		}
		shown := strings.HasPrefix(name, "standard") || strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".md")
		if shown && (strings.Contains(text, "\x1b") || strings.Contains(text, "\xff")) {
			t.Errorf("%s shows raw bytes:\n%q", name, text)
		}
	}
	if got := r.read(r.home() + "/logs/a-lint.log"); got != "\x1b[31mred\x1b[0m \xff *** ***\n" {
		t.Errorf("the log is %q", got)
	}
	if got := r.read("project/.iact-ci/a-build/notes.txt"); got != "*** ***\n" {
		t.Errorf("the report is %q", got)
	}
}

func TestASecondPipelineIsRefusedWhileTheFirstIsAtWork(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "", "touch ../../begun; while test ! -e ../../go; do sleep 0.01; done"))
	ended := make(chan error, 1)
	go func() {
		_, err := r.run(ci.Selection{}, "ci:unit")
		ended <- err
	}()
	for {
		if _, err := os.Stat(r.path("begun")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.bad("ci:unit", fault.Locked, "another run (process "+strconv.Itoa(os.Getpid())+") is at work", "wait until it has ended")
	r.bad("ci:checkout", fault.Locked, "is at work", "wait until it has ended") // it would change files under the jobs
	r.put("go", "")
	must(t, <-ended)
	r.runs("unit")
	r.good("ci:unit")
	r.runs("")
}

func TestCleaningAndRunningGoInOneInvocation(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("build", "outputs: [out]", "echo made >out"))
	r.put("project/.gitignore", "out\n")
	p := r.process(false, nil, "ci:clean", "ci:build")
	defer p.close(r)
	must(t, p.room.Select(ci.Selection{}))
	for range 2 {
		if _, _, err := p.room.Clean(t.Context(), command.NewDoor(command.Local()), "en", ci.Cleaning{}); err != nil {
			t.Fatal(err)
		}
	}
	must(t, p.engine.Target(t.Context(), "ci:build"))
	r.runs("build")
}

func TestABrokenEntryOfTheCacheIsToldAndTheJobRuns(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{".zst", ".json"} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, job("build", "outputs: [dist]", `mkdir dist; echo good >dist/app`))
			r.good("ci:build")
			r.ran()
			must(t, os.RemoveAll(r.path("project/a/dist")))
			broken := 0
			must(t, filepath.WalkDir(r.path("cache"), func(name string, d fs.DirEntry, err error) error {
				if err != nil || !strings.HasSuffix(name, ending) {
					return err
				}
				text, err := os.ReadFile(name)
				must(t, err)
				text[len(text)/2] ^= 0x55
				broken++
				return errors.Join(os.Remove(name), os.WriteFile(name, text, 0o644))
			}))
			p := r.good("ci:build")
			r.runs("build")
			if broken != 1 || !strings.Contains(p.said.String(), "a:build: entry ") || r.outcome("a:build").Note == "" {
				t.Errorf("%d files were broken, and it tells nothing:\n%s", broken, p.said.String())
			}
			if got := r.read("project/a/dist/app"); got != "good\n" {
				t.Errorf("the build is %q", got)
			}
			r.good("ci:build")
			r.runs("")
		})
	}
}

func TestAResultIsNotKeptWhenItsInputsChangedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "", "echo more >>src.txt"))
	p := r.good("ci:unit")
	if !strings.Contains(p.said.String(), "a/src.txt changed while it ran: its result is not kept") {
		t.Errorf("it is not told:\n%s", p.said.String())
	}
	r.ran()
	r.good("ci:unit")
	r.runs("unit")
}

func TestACacheThatCannotBeWrittenLosesTheEntryAndNotTheResult(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", ""))
	r.put("cache/local", "a file where a directory is wanted\n")
	p := r.good("ci:unit")
	if !strings.Contains(p.said.String(), "its result is not in the cache") {
		t.Errorf("it is not told:\n%s", p.said.String())
	}
	must(t, os.Remove(r.path("cache/local")))
	r.ran()
	r.good("ci:unit")
	r.good("ci:unit")
	r.runs("unit")
}

func TestAPlanPrintsTheLinesAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := chained(t)
	before := r.listing()
	p := r.process(true, nil, "ci:all")
	defer p.close(r)
	if err := p.engine.Target(t.Context(), "ci:all"); err != nil {
		t.Fatalf("%v\n%s", err, p.all())
	}
	for _, line := range []string{"cp lock lib/installed", "test -f lib/installed", "cat lib/installed src.txt >dist/app"} {
		if !strings.Contains(p.out.String(), line) {
			t.Errorf("%s is not planned:\n%s", line, p.all())
		}
	}
	if after := r.listing(); after != before {
		t.Errorf("it left\n%s\nand there was\n%s", after, before)
	}
	r.runs("")
}

// listing are all files of the rig but the configuration.
func (r *rig) listing() string {
	r.t.Helper()
	var b strings.Builder
	must(r.t, filepath.WalkDir(r.root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Base(name) != "iact.yaml" {
			fmt.Fprintln(&b, name)
		}
		return err
	}))
	return b.String()
}

func TestInsideOfGitHubItIsToldThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", junitXML+", retries: 0", `echo '<testsuite><testcase name="one" file="src.txt" line="3"><failure message="no &amp; 100%"/></testcase></testsuite>' >"$IACT_REPORTS/junit.xml"`, "exit 1"))
	r.environ = []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + r.path("summary.md"), "GITHUB_REF_PROTECTED=false", "GITHUB_EVENT_NAME=push", "GITHUB_REF=refs/heads/x"}
	p := r.bad("ci:all", fault.Failed)
	if !strings.Contains(p.noted.String(), "::error ") || !strings.Contains(p.noted.String(), "file=a/src.txt") || !strings.Contains(p.noted.String(), "100%25") {
		t.Errorf("these are no annotations: %q", p.noted.String())
	}
	if strings.Contains(p.out.String(), "::") {
		t.Errorf("standard output has marks: %q", p.out.String())
	}
	if summary := r.read("summary.md"); !strings.Contains(summary, "a:unit") {
		t.Errorf("the summary is %q", summary)
	}
}

func TestVariablesAreFilledInAndTakenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", ""))
	r.put("project/a/.env.example", "# what it needs\nLOG_LEVEL=INFO\nSECRET_KEY=change-me\n")
	r.put("project/a/.env", "LOG_LEVEL=DEBUG\n")
	p := r.good("ci:env")
	filled := r.read("project/a/.env")
	if !strings.Contains(filled, "LOG_LEVEL=DEBUG\n") || !strings.Contains(filled, "SECRET_KEY=") || strings.Contains(filled, "change-me") {
		t.Fatalf("it became %q", filled)
	}
	_, secret, _ := strings.Cut(filled, "SECRET_KEY=")
	if secret = strings.Trim(secret, "\n\"'"); strings.Contains(p.all(), secret) {
		t.Errorf("the secret is shown:\n%s", p.all())
	}
	back := r.process(false, nil)
	defer back.close(r)
	if err := back.engine.Rollback(t.Context(), r.newest(), false); err != nil {
		t.Fatalf("%v\n%s", err, back.all())
	}
	if got := r.read("project/a/.env"); got != "LOG_LEVEL=DEBUG\n" {
		t.Errorf("undone it is %q", got)
	}
}

// newest is the run that wrote its journal last.
func (r *rig) newest() string {
	r.t.Helper()
	journals, err := filepath.Glob(r.path("checkout/.iact/journal/*.jsonl"))
	must(r.t, err)
	if len(journals) == 0 {
		r.t.Fatal("there is no journal")
	}
	newest, at := "", time.Time{}
	for _, one := range journals {
		info, err := os.Stat(one)
		must(r.t, err)
		if info.ModTime().After(at) {
			newest, at = one, info.ModTime()
		}
	}
	return strings.TrimSuffix(filepath.Base(newest), ".jsonl")
}

func TestTheArtefactsOfABuildAreWeighed(t *testing.T) {
	t.Parallel()
	build := func(bytes int) string {
		return job("build", "outputs: [dist]", fmt.Sprintf("mkdir -p dist; head -c %d /dev/zero | tr '\\0' x >dist/app", bytes))
	}
	r := newRig(t)
	r.section = component("a", ", size: 1kB", build(900), "stage: artifacts")
	r.good("ci:artifacts")
	if did := r.outcome("a:artifacts"); len(did.Artifacts) != 1 || did.Artifacts[0].SizeBytes != 900 || did.State != outcome.Passed {
		t.Errorf("it is remembered as %+v", did)
	}
	r.section = component("a", ", size: 1kB", build(1100), "stage: artifacts")
	r.bad("ci:artifacts", fault.Invalid, "1", "a/dist")
}
