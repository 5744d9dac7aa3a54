package generate_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"mvdan.cc/sh/v3/shell"

	"iact-infra/internal/ci/generate"
	"iact-infra/internal/ci/pipeline"
)

// work is what one generated job asks the toolkit for, read back from the file
// as the system would.
type work struct {
	needs    []string
	commands [][]string // the toolkit's arguments, for each variant
}

// does tells whether it runs a job of the pipeline because it was asked to.
func (w work) does(j pipeline.Job) bool {
	return slices.ContainsFunc(w.commands, func(words []string) bool {
		component, variant, one, stage := "", "", false, false
		for _, word := range words {
			stage = stage || word == "ci:"+string(j.Stage)
			if value, is := strings.CutPrefix(word, "-component="); is {
				component = value
			}
			if value, is := strings.CutPrefix(word, "-variant="); is {
				variant, one = value, true
			}
		}
		return stage && component == j.Component && (!one || variant == j.Variant)
	})
}

type githubJob struct {
	Needs    []string
	Strategy struct{ Matrix struct{ Variant []string } }
	Steps    []struct {
		Name, Run, Uses, If string
		Env, With           map[string]string
	}
}

// given is a string of a workflow as GitHub gives it: the only expressions in what
// comes from a project are those that stand for a dollar sign.
func given(s string) string { return strings.ReplaceAll(s, "${{ '$' }}", "$") }

func readGitHub(t testing.TB, f generate.File) map[string]work {
	t.Helper()
	var file struct{ Jobs map[string]githubJob }
	if err := yaml.Unmarshal(f.Text, &file); err != nil {
		t.Fatalf("%v\n%s", err, f.Text)
	}
	all := map[string]work{}
	for id, j := range file.Jobs {
		w := work{needs: j.Needs}
		variants := append([]string{}, j.Strategy.Matrix.Variant...)
		if len(variants) == 0 {
			variants = []string{""}
		}
		for _, s := range j.Steps {
			if s.Env["IACT_COMPONENT"] == "" {
				continue
			}
			for _, variant := range variants {
				w.commands = append(w.commands, fields(t, given(s.Run), func(name string) string {
					if s.Env[name] == "${{ matrix.variant }}" {
						return given(variant)
					}
					return given(s.Env[name])
				}))
			}
		}
		all[id] = w
	}
	return all
}

// fields are the words that a shell makes of a line. What a line would run besides
// is an error.
func fields(t testing.TB, line string, env func(string) string) []string {
	t.Helper()
	words, err := shell.Fields(line, env)
	if err != nil {
		t.Fatalf("the line %s: %v", line, err)
	}
	return words
}

func none(string) string { return "EXPANDED" }

func readGitLab(t testing.TB, f generate.File) map[string]work {
	t.Helper()
	var file map[string]yaml.Node
	if err := yaml.Unmarshal(f.Text, &file); err != nil {
		t.Fatalf("%v\n%s", err, f.Text)
	}
	all := map[string]work{}
	for id, n := range file {
		var job struct{ Script, Needs []string }
		if n.Kind != yaml.MappingNode || n.Decode(&job) != nil || len(job.Script) == 0 {
			continue
		}
		all[id] = work{needs: job.Needs, commands: [][]string{fields(t, job.Script[len(job.Script)-1], none)}}
	}
	return all
}

func readJenkins(t testing.TB, f generate.File) map[string]work {
	t.Helper()
	all := map[string]work{}
	for _, s := range blocks(t, string(f.Text)) {
		w, id := work{}, ""
		for _, line := range s {
			if line, is := strings.CutPrefix(line, "sh "); is {
				w.commands = append(w.commands, fields(t, strings.ReplaceAll(unquoted(t, line)[0], " && ", " "), none))
			}
			if line, is := strings.CutPrefix(line, "expression "); is {
				w.needs = unquoted(t, line)
			}
			if line, is := strings.CutPrefix(line, "script { passed << "); is {
				id = unquoted(t, line)[0]
			}
		}
		if id == "" {
			id = "report"
		}
		all[id] = w
	}
	return all
}

// TestNeedsAreThoseOfThePipeline reads files back: each job of a pipeline is asked
// for, and what it needs is done before, or by the same runner.
func TestNeedsAreThoseOfThePipeline(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		p, o := anyPipeline(seed)
		for system, read := range map[generate.System]func(testing.TB, generate.File) map[string]work{
			generate.GitHub: readGitHub, generate.GitLab: readGitLab, generate.Jenkins: readJenkins,
		} {
			all := read(t, made(t, system, p, o))
			for _, problem := range broken(p, all) {
				t.Errorf("pipeline %d for %s: %s", seed, system, problem)
			}
		}
	}
}

func broken(p pipeline.Pipeline, all map[string]work) (problems []string) {
	before := map[string]map[string]bool{} // with all that is needed, by whatever way
	var collect func(id string, way []string) map[string]bool
	collect = func(id string, way []string) map[string]bool {
		if before[id] != nil {
			return before[id]
		}
		found := map[string]bool{}
		for _, need := range all[id].needs {
			if slices.Contains(way, need) {
				problems = append(problems, "the jobs need each other: "+fmt.Sprint(way, need))
				continue
			}
			found[need] = true
			maps.Copy(found, collect(need, append(way, need)))
		}
		before[id] = found
		return found
	}
	for id := range all {
		collect(id, []string{id})
	}
	for _, j := range p.Jobs {
		var doing []string
		for id, w := range all {
			if w.does(j) {
				doing = append(doing, id)
			}
		}
		early := j.Stage == pipeline.Deps || j.Stage == pipeline.Env
		if len(doing) == 0 && !early {
			problems = append(problems, "nobody is asked for "+j.Name())
		}
		closure, _ := p.Closure([]string{j.Name()})
		for _, id := range doing {
			for _, need := range closure {
				other := need.Stage == pipeline.Deps || need.Stage == pipeline.Env || all[id].does(need)
				if !other && !slices.ContainsFunc(slices.Collect(maps.Keys(before[id])), func(earlier string) bool { return all[earlier].does(need) }) {
					problems = append(problems, id+" does "+j.Name()+" but does not wait for "+need.Name())
				}
			}
		}
	}
	return problems
}

// TestExpressionsAreOnlyOurOwn holds whatever the names are.
func TestExpressionsAreOnlyOurOwn(t *testing.T) {
	t.Parallel()
	own := regexp.MustCompile(`^\$\{\{ ('\$'|matrix\.variant|strategy\.job-index|runner\.os|env\.IACT_CI_TRUST|github\.ref|github\.event_name == 'pull_request'|github\.ref == 'refs/heads/main' && 'trusted' \|\| 'untrusted'|hashFiles\([^{}]*\)) \}\}`)
	for seed := range uint64(100) {
		p, o := anyPipeline(seed)
		text := string(made(t, generate.GitHub, p, o).Text)
		// In single quotes YAML doubles a quote.
		text = strings.ReplaceAll(text, "''", "'")
		for at := strings.Index(text, "${{"); at >= 0; {
			if !own.MatchString(text[at:]) {
				t.Fatalf("pipeline %d: an expression that is not ours: %.80s", seed, text[at:])
			}
			next := strings.Index(text[at+3:], "${{")
			if next < 0 {
				break
			}
			at += 3 + next
		}
	}
}

func FuzzNamesStayNames(f *testing.F) {
	for _, name := range hostile() {
		f.Add(name, "x")
		f.Add("x", name)
	}
	f.Fuzz(func(t *testing.T, component, variant string) {
		p := pipeline.Pipeline{
			Components: []pipeline.Component{{Name: component, Dir: "."}},
			Jobs: []pipeline.Job{
				{Component: component, Stage: pipeline.Unit, Variant: variant, Dir: "."},
				{Component: component, Stage: pipeline.Unit, Variant: "second", Dir: "."},
			},
		}
		for system, read := range map[generate.System]func(testing.TB, generate.File) map[string]work{
			generate.GitHub: readGitHub, generate.GitLab: readGitLab, generate.Jenkins: readJenkins,
		} {
			made, err := generate.Make(system, p, generate.Options{})
			if err != nil {
				return
			}
			all := read(t, made)
			for _, problem := range broken(p, all) {
				t.Error(problem)
			}
			asked := []string{"go", "tool", "mage", "ci:unit", "-component=" + component}
			for id, w := range all {
				for _, words := range w.commands {
					ours := id == "report" || words[0] == "rm" || slices.Equal(words, asked)
					if !ours && !slices.Equal(words, append(asked, "-variant="+variant)) && !slices.Equal(words, append(asked, "-variant=second")) {
						t.Errorf("%s: the toolkit gets %q", system, words)
					}
				}
			}
		}
	})
}
