package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/config"
)

func TestComponentsAndJobsAreReadWithTheKeysThatWereGiven(t *testing.T) {
	t.Parallel()
	root := checkout(t, "config/iact.yaml", `
ci:
  cache_limit: 512MiB
  stages:
    unit: {limit: 10m}
    integration: {needs: [deps], optional: true}
  components:
    - name: ui
      size: 5MB
      jobs:
        - {stage: unit, run: []}
        - {stage: lint, variant: eslint, fresh: false, limit: 2m, memory: 1GiB, findings: ["eslint:$IACT_REPORTS/e.json"]}
    - {name: api, dir: backend/api, kind: python, needs: [ui], coverage: 0}
`, "config/iact.local.yaml", "ci: {stages: {unit: {optional: true}}}")
	ci := mustLoad(t, root).CI
	want := []config.Component{
		{Name: "ui", Dir: "ui", Kind: "auto", Needs: []string{}, Size: 5_000_000, Given: []string{"name", "size", "jobs"}, Origin: "config/iact.yaml:8", Jobs: []config.Job{
			{Stage: "unit", Run: []string{}, Given: []string{"stage", "run"}, Origin: "config/iact.yaml:11"},
			{Stage: "lint", Variant: "eslint", Limit: 2 * time.Minute, Memory: 1 << 30, Findings: []string{"eslint:$IACT_REPORTS/e.json"},
				Given: []string{"stage", "variant", "fresh", "limit", "memory", "findings"}, Origin: "config/iact.yaml:12"},
		}},
		{Name: "api", Dir: "backend/api", Kind: "python", Needs: []string{"ui"}, Given: []string{"name", "dir", "kind", "needs", "coverage"}, Origin: "config/iact.yaml:13"},
	}
	if ci.Auto || !reflect.DeepEqual(ci.Components, want) {
		t.Errorf("got  %+v\nwant %+v", ci.Components, want)
	}
	if unit := *ci.Stages["unit"]; unit.Limit != 10*time.Minute || !unit.Optional || !reflect.DeepEqual(unit.Needs, []string{"deps", "env"}) {
		t.Errorf("unit: %+v", unit)
	}
	if last := *ci.Stages["integration"]; !last.Optional || !reflect.DeepEqual(last.Needs, []string{"deps"}) || ci.CacheLimit != 512<<20 {
		t.Errorf("integration: %+v, cache limit %d", last, ci.CacheLimit)
	}
	if again := mustLoad(t, checkout(t, "config/iact.yaml", "ci: {components: [{name: a}]}", "config/iact.local.yaml", "ci: {components: auto}")).CI; !again.Auto || again.Components != nil {
		t.Errorf("auto does not take the list away: %+v", again)
	}
}

func TestAFaultOfThePipelineIsFoundWhereItStands(t *testing.T) {
	t.Parallel()
	one := func(keys string) string { return "ci: {components: [{name: a, " + keys + "}]}" }
	for content, want := range map[string]string{
		"ci: {components: none}":                                 "1:18: ci.components: got the text \"none\"; wants auto or a list of components",
		"ci: {components: []}":                                   "1:18: ci.components: an empty list; remove the key",
		"ci: {components: [a]}":                                  "1:19: ci.components[0]: got the text \"a\"; wants keys and values (",
		"ci: {components: [null]}":                               "1:19: ci.components[0]: got no value; wants keys and values (",
		"ci: {components: [{dir: x}]}":                           "1:19: ci.components[0]: no name; give name",
		"ci: {components: [{name: A}]}":                          "1:26: ci.components[0].name: got \"A\"; a component is named",
		"ci: {components: [{name: a},\n {name: a}]}":             "2:9: ci.components[1].name: the name \"a\" is taken by the entry in line 1",
		"ci: {components: [{name: api},{name: b,needs: [apj]}]}": "1:48: ci.components[1].needs[0]: got \"apj\"; did you mean api?",
		one("needs: [a]"):                                        "1:37: ci.components[0].needs[0]: got \"a\"; the components are a",
		one("dir: ../b"):                                         "1:34: ci.components[0].dir: got \"../b\"; a directory of the project is wanted",
		one("kind: nod"):                                         "1:35: ci.components[0].kind: unknown kind \"nod\"; did you mean node?",
		one("size: 5"):                                           "1:35: ci.components[0].size: got the number 5; wants a size such as 5MB or 512MiB",
		one("size: 5 MB"):                                        "1:35: ci.components[0].size: got the text \"5 MB\"; wants a size",
		one("coverage: 101"):                                     "1:39: ci.components[0].coverage: got the number 101; wants a whole number from 0 to 100",
		one("jobs: auto"):                                        "1:35: ci.components[0].jobs: got the text \"auto\"; wants a list of jobs",
		one("jobs: [{run: [x]}]"):                                "1:36: ci.components[0].jobs[0]: no stage; give stage: one of deps, env",
		one("jobs: [{stage: test}]"):                             "1:44: ci.components[0].jobs[0].stage: unknown stage \"test\"; ",
		one("jobs: [{stage: unit, runs: [x]}]"):                  "1:50: ci.components[0].jobs[0].runs: unknown key runs; did you mean run?",
		one("jobs: [{stage: unit, needs: [biuld]}]"):             "1:58: ci.components[0].jobs[0].needs[0]: got \"biuld\"; did you mean build?",
		one("jobs: [{stage: unit, needs: [\"b:tests\"]}]"):       "1:58: ci.components[0].jobs[0].needs[0]: got \"b:tests\"; ",
		one("jobs: [{stage: lint, findings: [\"eslnt:x\"]}]"):    "1:61: ci.components[0].jobs[0].findings[0]: got \"eslnt:x\"; write FORMAT:PATH",
		one("jobs: [{stage: unit, env: [\"A=b\"]}]"):             "1:56: ci.components[0].jobs[0].env[0]: got \"A=b\"; the name of a variable",
		one("jobs: [{stage: unit}, {stage: unit}]"):              "ci.components[0].jobs[1]: a second job of the stage unit; give one of them another variant",
		"ci: {stages: {tests: {}}}":                              "1:15: ci.stages.tests: unknown key tests; ",
		"ci: {stages: {unit: {needs: [dep]}}}":                   "1:30: ci.stages.unit.needs[0]: got \"dep\"; did you mean deps?",
		"ci: {cache_limit: lots}":                                "1:19: ci.cache_limit: got the text \"lots\"; wants a size",
		"ci: {python: \"python3; rm -rf x\"}":                    "1:14: ci.python: got \"python3; rm -rf x\"; a name such as python3.12",
		"ci: {repository: \"https://ana:hunter2@host/x\"}":       "a login does not belong into the address",
	} {
		have := loadError(t, content)
		if !strings.Contains(have, want) || strings.Contains(have, "hunter2") || strings.Count(have, "\n") > 0 {
			t.Errorf("%s\ngot  %s\nwant %s", content, have, want)
		}
	}
}

func TestASizeIsShownAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0B", "1B", "999B", "5MB", "10GB", "512MiB", "3TiB", "1kB", "1001B"} {
		c := mustLoad(t, checkout(t, "config/iact.yaml", "ci: {cache_limit: "+text+"}"))
		if have := config.FormatSize(c.CI.CacheLimit); have != text {
			t.Errorf("%s is shown as %s", text, have)
		}
	}
}
