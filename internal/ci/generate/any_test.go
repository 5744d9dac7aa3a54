package generate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"iact-infra/internal/ci/generate"
	"iact-infra/internal/ci/pipeline"
)

// hostile are names that would be syntax somewhere.
func hostile() []string {
	return []string{
		"a: b", "${{ secrets.X }}", "$(touch pwned)", "'; touch pwned; '", `"quoted" \ 'twice'`, "`id`", "# no comment", "- item", "*", "&a", "!t", "%", "on",
		"true", "null", "1e3", "-x", ".hidden", "{a, b}", "[a]", "}}", "${{", "$SECRET", "$$", `\u0027 + evil + \u0027`, "${env.X}", "ñandú", "a/b", "report", "💥",
		"matrix.variant }} ${{ github.token", "' || 'x", "\\", "a, b", "<!-- -->", "~", "=", "?", "|", ">",
	}
}

// anyPipeline is a valid pipeline and options that fit it, other ones for each
// seed. Jobs need only jobs that stand before them, whatever their stage.
func anyPipeline(seed uint64) (pipeline.Pipeline, generate.Options) {
	r := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // chance that can be repeated
	names := hostile()
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	pick := func() string { return names[r.IntN(len(names))] }
	var p pipeline.Pipeline
	o := generate.Options{Tools: map[string]generate.Tools{}, Services: []generate.Service{{Name: "db", Image: "mariadb:11", Env: map[string]string{"A": pick()}, Health: pick()}}}
	for i := range 1 + r.IntN(4) {
		kinds := pipeline.Kinds()
		c := pipeline.Component{Name: names[i], Dir: fmt.Sprintf("d%d/%s", i, []string{"x", "it's ${{ 1 }}", "*"}[r.IntN(3)]), Kind: kinds[r.IntN(len(kinds))]}
		p.Components = append(p.Components, c)
		v := generate.Version{File: c.Dir + "/.version", Number: "20"}
		o.Tools[c.Name] = []generate.Tools{{}, {Node: v, Lock: c.Dir + "/package-lock.json", Manager: "npm"}, {Python: v}, {Go: v, Lock: "go.sum", Manager: "go"}}[r.IntN(4)]
	}
	for range 1 + r.IntN(14) {
		c, stages := p.Components[r.IntN(len(p.Components))], pipeline.Stages()
		j := pipeline.Job{Component: c.Name, Stage: stages[r.IntN(len(stages))], Dir: c.Dir, Limit: time.Duration(r.IntN(3)) * time.Hour}
		if r.IntN(2) == 0 {
			j.Variant = pick()
		}
		if _, there := p.Job(j.Name()); there {
			continue
		}
		for _, earlier := range p.Jobs {
			if r.IntN(4) == 0 {
				j.Needs = append(j.Needs, earlier.Name())
			}
		}
		if r.IntN(3) == 0 {
			j.Services = []string{"db"}
		}
		j.Reports = pipeline.Reports{JUnit: []string{pick() + ".xml"}, Coverage: []string{"cover.xml"}}
		p.Jobs = append(p.Jobs, j)
	}
	o.Command = [][]string{nil, {"./iact"}, {"./it's iact", "${{ x }}"}}[r.IntN(3)]
	o.Dir = []string{"", "infra", "in fra/$X"}[r.IntN(3)]
	return p, o
}

func TestAnyPipelineHereIsValid(t *testing.T) {
	t.Parallel()
	seen := map[pipeline.Stage]bool{}
	for seed := range uint64(50) {
		p, _ := anyPipeline(seed)
		if err := p.Check(); err != nil {
			t.Errorf("pipeline %d: %v", seed, err)
		}
		for _, j := range p.Jobs {
			seen[j.Stage] = true
		}
	}
	if len(seen) != len(pipeline.Stages()) {
		t.Errorf("only the stages %v occur", seen)
	}
}
