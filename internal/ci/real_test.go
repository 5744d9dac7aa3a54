package ci_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed"
)

func TestRealAJobThatTheKernelEndedForLackOfMemorySaysSo(t *testing.T) {
	// Alone: the kernel counts for the whole machine, and other tests kill jobs themselves.
	enter := "echo $$ >" + testbed.SmallMemory(t, 16)
	for name, line := range map[string]string{"the shell": "exec tail /dev/zero", "a program of it": "tail /dev/zero", "behind a script": "sh -c 'tail /dev/zero; exit $?'"} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, job("unit", "", enter, line))
			r.bad("ci:unit", fault.Failed, "a:unit: run it: exit 137: the kernel ended a process for lack of memory", "ci: {jobs: 1}")
			if did := r.outcome("a:unit"); did.Exit != 137 && did.Exit != -1 {
				t.Errorf("exit %d", did.Exit)
			}
		})
	}
}

// client is a project like the client's, with the real programs: npm, Jest,
// ESLint and webpack for ui, pytest and Flake8 of this machine for api.
func client(t *testing.T) *rig {
	r := newRig(t)
	r.section = `  python: /usr/bin/python3
  components:
    - {name: ui, dir: ui, kind: node, jobs: [{stage: lint, variant: audit, run: []}]}
    - {name: api, dir: api, kind: python, jobs: [
        {stage: deps, run: ["/usr/bin/python3 -m venv --clear --system-site-packages --without-pip .venv"]},
      ]}
`
	must(t, os.RemoveAll(r.path("project")))
	must(t, os.CopyFS(r.path("project"), os.DirFS("testdata/client")))
	must(t, os.Rename(r.path("project/gitignore"), r.path("project/.gitignore")))
	r.commit(".")
	return r
}

// ended are the states of all jobs of the newest run.
func (r *rig) ended() map[string]outcome.State {
	r.t.Helper()
	var run outcome.Run
	must(r.t, json.Unmarshal([]byte(r.read(r.home()+"/run.json")), &run))
	states := map[string]outcome.State{}
	for _, job := range run.Jobs {
		states[job.Name] = job.State
	}
	return states
}

// busy is how long this process and those that it has waited for have kept a core
// busy: unlike the time on the wall, it is the same however many others run.
func busy(t *testing.T) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		must(t, syscall.Getrusage(who, &u))
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

func TestRealSlowAProjectLikeTheClientsIsRunOnceAndThenTakenFromTheCache(t *testing.T) {
	r := client(t) // alone: what it takes of the processors is measured
	p := r.good("ci:all")
	if got := fmt.Sprint(r.ended()); strings.Count(got, ":passed") != 10 {
		t.Errorf("the jobs ended %s\n%s", got, p.all())
	}
	tests, err := junit.ReadFile(r.path(r.home()+"/junit.xml"), place.Place{})
	if err != nil || tests.Passed != 3 || tests.Failed != 0 {
		t.Errorf("the tests are %+v, %v", tests, err)
	}
	page := r.read(r.home() + "/index.html")
	for _, want := range []string{"ui:unit", "ui:lint:eslint", "ui:build", "ui:artifacts", "api:unit", "api:lint:flake8", "./logs/ui-build.log"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	lines := r.read(r.home() + "/lcov.info")
	if !strings.Contains(lines, "SF:ui/src/sum.js") || !strings.Contains(lines, "SF:api/app/__init__.py") {
		t.Errorf("the coverage is\n%s", lines)
	}
	best := time.Hour
	for range 3 {
		begin := busy(t)
		p = r.good("ci:all")
		best = min(best, busy(t)-begin)
		for job, state := range r.ended() {
			if state != outcome.Restored && !strings.HasSuffix(job, ":env") {
				t.Errorf("%s: %s, although nothing has changed\n%s", job, state, p.all())
			}
		}
	}
	if best > time.Second {
		t.Errorf("it kept a core busy for %v, although nothing has changed", best)
	}
	r.put("project/api/app/__init__.py", "def double(n):\n    return n + n\n")
	p = r.good("ci:all")
	for job, state := range r.ended() {
		if want := strings.HasPrefix(job, "ui:") && job != "ui:env"; (state == outcome.Restored) != (want || job == "api:deps") {
			t.Errorf("%s: %s, after a change in api\n%s", job, state, p.all())
		}
	}
}
