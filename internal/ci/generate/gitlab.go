package generate

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
)

// gitlab writes a .gitlab-ci.yml.
type gitlab struct{ Options }

func (g gitlab) file(units []unit) (File, error) {
	root := entries{
		{"stages", append(g.stages(units), "report")},
		{"workflow", entries{{"rules", g.rules()}}},
		{"variables", entries{{TrustVariable, "untrusted"}}},
		{"default", entries{
			{"interruptible", true},
			// Not for jobs that failed: those are not run twice for nothing.
			{"retry", entries{{"max", 1}, {"when", []string{"runner_system_failure", "stuck_or_timeout_failure"}}}},
		}},
	}
	for _, u := range units {
		root = append(root, entry{u.id, g.job(u, units)})
	}
	body, err := document(append(root, entry{"report", g.report()}))
	return File{Path: ".gitlab-ci.yml", Text: append(head("#", GitLab), body...)}, err
}

// rules run a pipeline for merge requests and for branches that have none. Only
// the protected branch is trusted, and runs to its end.
func (g gitlab) rules() []entries {
	return []entries{
		{{"if", `$CI_PIPELINE_SOURCE == "merge_request_event"`}},
		{{"if", "$CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS"}, {"when", "never"}},
		{
			{"if", `$CI_COMMIT_BRANCH == "` + g.Branch + `" && $CI_COMMIT_REF_PROTECTED == "true"`},
			{"variables", entries{{TrustVariable, "trusted"}}},
			{"auto_cancel", entries{{"on_new_commit", "none"}}},
		},
		{{"if", "$CI_COMMIT_BRANCH"}},
	}
}

// stages are those of the procedure, unless a job needs one of a later stage:
// GitLab refuses that, and order then comes from needs alone.
func (g gitlab) stages(units []unit) []string {
	var stages []string
	for _, stage := range pipeline.Stages() {
		if slices.ContainsFunc(units, func(u unit) bool { return u.stage == stage }) {
			stages = append(stages, string(stage))
		}
	}
	if backwards(units) {
		return []string{"jobs"}
	}
	return stages
}

func backwards(units []unit) bool {
	at := func(u unit) int { return slices.Index(pipeline.Stages(), u.stage) }
	for _, u := range units {
		for _, other := range units {
			if slices.Contains(u.needs, other.id) && at(other) > at(u) {
				return true
			}
		}
	}
	return false
}

func (g gitlab) job(u unit, units []unit) entries {
	stage := string(u.stage)
	if backwards(units) {
		stage = "jobs"
	}
	image, services, variables := g.image(u)
	var names []string
	for _, s := range g.wanted([]unit{u}) {
		var env entries
		for _, name := range slices.Sorted(maps.Keys(s.Env)) {
			env = append(env, entry{name, unexpanded(s.Env[name])})
		}
		names = append(names, s.Name)
		services = append(services, entries{{"name", unexpanded(s.Image)}, {"alias", s.Name}, {"variables", env}})
	}
	variables = append(variables, entry{ServicesVariable, strings.Join(names, " ")})
	var needs any = empty{} // or it waits for the stage before
	if len(u.needs) > 0 {
		needs = u.needs
	}
	return entries{
		{"stage", stage},
		{"image", image},
		{"needs", needs},
		{"timeout", inWords(minutes(u.limit, 24*60))},
		{"services", services},
		{"variables", variables},
		{"cache", g.caches(u, units)},
		{"script", g.script(g.call(u)...)},
		{"artifacts", entries{
			{"when", "always"},
			{"expire_in", "2 weeks"},
			{"paths", []string{path.Join(g.Dir, Outcomes) + "/"}},
			{"reports", reports(u)},
		}},
	}
}

// call asks the toolkit for a unit, as one command.
func (o Options) call(u unit) []string {
	words := slices.Clone(o.Command)
	for _, target := range u.targets() {
		words = append(words, target, "-component="+u.component())
		if u.one {
			words = append(words, "-variant="+u.variant)
		}
	}
	return words
}

// script is one command, where the toolkit lies.
func (g gitlab) script(words ...string) []string {
	var lines []string
	if g.Dir != "." {
		lines = []string{"cd " + command.Quote("./"+g.Dir)}
	}
	return append(lines, quoted(words))
}

func quoted(words []string) string {
	var out []string
	for _, word := range words {
		out = append(out, command.Quote(word))
	}
	return strings.Join(out, " ")
}

// image is what a component of its kind runs in. Docker's own is not trusted with
// the runner's daemon: it has one beside it.
func (g gitlab) image(u unit) (image string, services []entries, variables entries) {
	t := g.Tools[u.component()]
	version := func(v Version, usual string) string {
		if v.Number == "" {
			return usual
		}
		return v.Number
	}
	switch u.kind {
	case pipeline.Node:
		image = "node:" + version(t.Node, "22")
	case pipeline.Python:
		image = "python:" + version(t.Python, "3.13")
	case pipeline.Go:
		image = "golang:" + version(t.Go, "1.25")
	case pipeline.Docker:
		image = "docker:28"
		services = []entries{{{"name", "docker:28-dind"}, {"alias", "docker"}}}
		variables = entries{
			{"DOCKER_HOST", "tcp://docker:2376"}, {"DOCKER_TLS_CERTDIR", "/certs"},
			{"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", "/certs/client"},
		}
	default:
		image = "buildpack-deps:stable"
	}
	if g.Image != "" {
		image = g.Image
	}
	return unexpanded(image), services, variables
}

// caches are its own, which it pushes, and those of the jobs that it needs; GitLab
// allows four. GitLab too keeps those of protected branches apart.
func (g gitlab) caches(u unit, units []unit) []entries {
	cache := func(of unit, policy string) entries {
		prefix := "iact-$" + TrustVariable + "-" + of.id
		var key any = prefix
		if lock := g.Tools[of.component()].Lock; lock != "" && !strings.ContainsAny(lock, "$*?[]{}") {
			key = entries{{"files", []string{lock}}, {"prefix", prefix}}
		}
		return entries{{"key", key}, {"paths", []string{path.Join(g.Dir, Cache) + "/"}}, {"policy", policy}}
	}
	const most = 4
	var caches []entries
	for _, other := range units {
		if slices.Contains(u.needs, other.id) && len(caches) < most-1 {
			caches = append(caches, cache(other, "pull"))
		}
	}
	return append(caches, cache(u, "pull-push"))
}

// reports are what GitLab shows in a merge request. It takes one coverage file a
// job, in Cobertura's form, and paths in which $ is a variable.
func reports(u unit) entries {
	var tests []string
	coverage := entries{}
	for _, j := range u.jobs {
		for _, name := range j.Reports.JUnit {
			if at := j.ReportPath(name); path.Ext(at) == ".xml" && !strings.Contains(at, "$") {
				tests = append(tests, at)
			}
		}
		for _, name := range j.Reports.Coverage {
			if at := j.ReportPath(name); len(coverage) == 0 && path.Ext(at) == ".xml" && !strings.Contains(at, "$") {
				coverage = entries{{"coverage_format", "cobertura"}, {"path", at}}
			}
		}
	}
	return entries{{"junit", tests}, {"coverage_report", coverage}}
}

// report makes one report of what all jobs left: without needs it is given all.
func (g gitlab) report() entries {
	image := g.Image
	if image == "" {
		image = "buildpack-deps:stable"
		if g.Command[0] == "go" {
			image = "golang:1.25"
		}
	}
	return entries{
		{"stage", "report"},
		{"image", unexpanded(image)},
		{"when", "always"},
		{"timeout", inWords(15)},
		{"script", append(g.script(append(slices.Clone(g.Command), reporting()...)...), quoted(append(slices.Clone(g.Command), upToDate(GitLab)...)))},
		{"artifacts", entries{
			{"when", "always"},
			{"expire_in", "2 weeks"},
			{"paths", []string{path.Join(g.Dir, Report) + "/"}},
			{"reports", entries{
				{"junit", []string{path.Join(g.Dir, Report, "junit.xml")}},
				{"codequality", path.Join(g.Dir, Report, "codequality.json")},
			}},
		}},
	}
}

// unexpanded keeps GitLab from taking a part of s for a variable.
func unexpanded(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// inWords is a duration as GitLab reads it.
func inWords(minutes int) string { return fmt.Sprintf("%d minutes", minutes) }
