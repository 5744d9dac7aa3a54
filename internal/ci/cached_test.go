package ci_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/ci"
	"iact-infra/internal/engine"
)

// chain are jobs of four stages: each but the lint makes something of what the
// one before has made.
func chain() []string {
	return []string{
		job("deps", "inputs: [lock], outputs: [lib]", `mkdir -p lib; cp lock lib/installed`),
		job("unit", "", `test -f lib/installed`, `grep -q . src.txt`),
		job("lint", "inputs: [src.txt]", `grep -q . src.txt`),
		job("build", "outputs: [dist]", `mkdir -p dist; cat lib/installed src.txt >dist/app`),
	}
}

func chained(t *testing.T) *rig {
	r := newRig(t, chain()...)
	r.put("project/a/lock", "1\n")
	return r
}

func TestASecondRunTakesAllFromTheCacheAndRunsNothing(t *testing.T) {
	t.Parallel()
	r := chained(t)
	r.good("ci:all")
	r.runs("build deps lint unit")
	r.states("a:deps=passed", "a:unit=passed", "a:lint=passed", "a:build=passed")
	p := r.good("ci:all")
	r.runs("")
	r.states("a:deps=restored", "a:unit=restored", "a:lint=restored", "a:build=restored")
	if !strings.Contains(p.said.String(), "a:build: unchanged, from the cache") {
		t.Errorf("it does not say so:\n%s", p.said.String())
	}
}

func TestWhatJobsMadeIsPutBack(t *testing.T) {
	t.Parallel()
	r := chained(t)
	r.good("ci:build")
	r.ran()
	for _, made := range []string{"lib", "dist"} {
		must(t, os.RemoveAll(r.path("project/a/"+made)))
	}
	r.good("ci:build")
	r.runs("")
	if got := r.read("project/a/dist/app"); got != "1\none\n" {
		t.Errorf("the build is %q", got)
	}
}

func TestAChangeRunsOnlyWhatItReaches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*rig)
		ran    string
		why    string
	}{
		"a source":         {func(r *rig) { r.put("project/a/src.txt", "two\n") }, "build lint unit", "src.txt"},
		"the lock file":    {func(r *rig) { r.put("project/a/lock", "2\n") }, "build deps lint unit", "lock"},
		"a file of no job": {func(r *rig) { r.put("project/other.txt", "2\n") }, "", ""},
		"another new file": {func(r *rig) { r.put("project/a/new.txt", "2\n") }, "build unit", "new.txt"},
		"the command":      {func(r *rig) { r.section = strings.Replace(r.section, "cat lib", "cat  lib", 1) }, "build", ""},
		"only the time":    {func(r *rig) { r.put("project/a/src.txt", "one\n") }, "", ""},
		"what a job made":  {func(r *rig) { r.put("project/a/dist/app", "edited") }, "", ""},
		"a file that went": {func(r *rig) { must(r.t, os.Remove(r.path("project/a/extra"))) }, "build unit", "extra"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := chained(t)
			r.put("project/a/extra", "")
			r.good("ci:all")
			r.ran()
			c.change(r)
			p := r.good("ci:all")
			r.runs(c.ran)
			if !strings.Contains(p.said.String(), c.why) {
				t.Errorf("it does not say that %s has changed:\n%s", c.why, p.said.String())
			}
			r.good("ci:all")
			r.runs("")
			if name == "what a job made" && r.read("project/a/dist/app") != "1\none\n" {
				t.Error("the edited build stays")
			}
		})
	}
}

func TestFreshRunsEveryJobAndKeepsWhatItMakes(t *testing.T) {
	t.Parallel()
	r := chained(t)
	r.good("ci:all")
	r.ran()
	_, err := r.run(ci.Selection{Fresh: true}, "ci:all")
	must(t, err)
	r.runs("build deps lint unit")
	r.good("ci:all")
	r.runs("")
}

func TestAJobThatIsAlwaysFreshRunsEachTimeAndItsNeedersDoNot(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("deps", "fresh: true"), job("unit", ""))
	r.good("ci:unit")
	r.runs("deps unit")
	r.good("ci:unit")
	r.runs("deps")
}

func TestASingleStageRemembersWhatItHashed(t *testing.T) {
	t.Parallel()
	r := chained(t)
	r.good("ci:unit") // the files may be too new to be known by their times
	r.good("ci:unit")
	if index := r.read("checkout/.iact/ci/index"); !strings.Contains(index, "a/src.txt") {
		t.Errorf("the index is %q", index)
	}
}

func TestAVariableThatIsDeclaredCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, job("unit", "env: [COLOUR]", `test "$COLOUR" = red -o "$COLOUR" = blue`))
	r.environ = []string{"COLOUR=red", "OTHER=1"}
	r.good("ci:unit")
	r.ran()
	r.environ = []string{"COLOUR=red", "OTHER=2"}
	r.good("ci:unit")
	r.runs("")
	r.environ = []string{"COLOUR=blue", "OTHER=2"}
	p := r.good("ci:unit")
	r.runs("unit")
	if !strings.Contains(p.said.String(), "COLOUR") {
		t.Errorf("it does not say why:\n%s", p.said.String())
	}
}

func TestASelectionRunsItAndWhatItNeeds(t *testing.T) {
	t.Parallel()
	two := func(t *testing.T) *rig {
		r := newRig(t)
		r.section = component("a", "", job("deps", ""), job("unit", "variant: x"), job("unit", "")) + component("b", "", job("lint", ""))
		r.put("project/b/src.txt", "one\n")
		return r
	}
	for name, c := range map[string]struct {
		pick   ci.Selection
		target string
		ran    string
	}{
		"a component":       {ci.Selection{Components: []string{"b"}}, "ci:all", "lint"},
		"another component": {ci.Selection{Components: []string{"a"}}, "ci:all", "deps unit unit"},
		"a job":             {ci.Selection{Job: "a:unit:x"}, "ci:unit", "deps unit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := two(t)
			p, err := r.run(c.pick, c.target)
			if err != nil {
				t.Fatalf("%v\n%s", err, p.all())
			}
			r.runs(c.ran)
		})
	}
	r := two(t)
	for what, pick := range map[string]ci.Selection{"the components are a, b": {Components: []string{"c"}}, "ci:jobs lists them": {Job: "a:build"}} {
		_, err := r.run(pick, "ci:unit")
		if err == nil || !strings.Contains(fmt.Sprintf("%+v", engine.NewFailure("en", err)), what) {
			t.Errorf("%+v does not say %s", err, what)
		}
	}
	r.runs("")
}
