package generate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// github writes a workflow.
type github struct{ Options }

// group is a job of the workflow: one unit, or a matrix of variants of a stage.
type group struct {
	id    string
	units []unit
	needs []string
}

func (g github) file(units []unit) (File, error) {
	groups := merged(units)
	var jobs entries
	for _, each := range groups {
		jobs = append(jobs, entry{each.id, g.job(each, groups)})
	}
	jobs = append(jobs, entry{"report", g.report(groups)})
	body, err := document(entries{
		{"name", "iact"},
		{"on", entries{
			{"push", entries{{"branches", []string{g.Branch}}}},
			{"pull_request", entries{{"branches", []string{g.Branch}}}},
			{"workflow_dispatch", blank{}},
		}},
		{"permissions", entries{{"contents", "read"}}},
		{"concurrency", entries{
			{"group", "iact-${{ github.ref }}"},
			{"cancel-in-progress", "${{ github.event_name == 'pull_request' }}"},
		}},
		// A pull request has a ref of its own, from a fork as well.
		{"env", entries{{TrustVariable, "${{ github.ref == " + literal("refs/heads/"+g.Branch) + " && 'trusted' || 'untrusted' }}"}}},
		{"jobs", jobs},
	})
	return File{Path: ".github/workflows/iact.yml", Text: append(head("#", GitHub), body...)}, err
}

// merged makes a matrix of the units that differ by nothing but their variant.
// Since they need the same, no two matrices can come to need each other.
func merged(units []unit) []group {
	var groups []group
	ids, at := map[string]bool{}, map[string]int{}
	for _, u := range units {
		ids[strings.ToLower(u.id)] = true
	}
	names := map[string]string{} // of groups, by the ids of their units
	for _, u := range units {
		key := fmt.Sprintf("%q %s %s", u.component(), u.stage, u.needs)
		index, there := at[key]
		if !there || !u.one {
			index = len(groups)
			groups = append(groups, group{id: u.id})
		}
		if u.one {
			at[key] = index
		}
		own := &groups[index]
		own.units = append(own.units, u)
		if len(own.units) == 2 {
			own.id = unique(ids, u.component(), string(u.stage))
		}
		for _, each := range own.units {
			names[each.id] = own.id
		}
	}
	for i := range groups {
		for _, need := range groups[i].units[0].needs {
			if name := names[need]; !slices.Contains(groups[i].needs, name) {
				groups[i].needs = append(groups[i].needs, name)
			}
		}
	}
	return groups
}

func (g github) job(own group, groups []group) entries {
	first := own.units[0]
	name, variant := harmless(first.label()), harmless(first.variant)
	var matrix entries
	if len(own.units) > 1 {
		var variants []string
		for _, u := range own.units {
			variants = append(variants, harmless(u.variant))
		}
		matrix = entries{{"fail-fast", false}, {"matrix", entries{{"variant", variants}}}}
		variant = "${{ matrix.variant }}"
		name = harmless(first.component()+": "+string(first.stage)) + " " + variant
	}
	services, started := g.services(own)
	env := entries{{"IACT_COMPONENT", harmless(first.component())}}
	if first.one {
		env = append(env, entry{"IACT_VARIANT", noted{text: variant}}) // written when it is empty as well
	}
	env = append(env, entry{ServicesVariable, started})
	for _, name := range given(own.units, g.Variables) {
		env = append(env, entry{name, "${{ vars." + name + " }}"})
	}
	for _, name := range given(own.units, g.Secrets) {
		env = append(env, entry{name, "${{ secrets." + name + " }}"})
	}
	var limit time.Duration
	for _, u := range own.units {
		limit = max(limit, u.limit)
	}
	steps := append(g.prepare(own), g.restore(own, groups)...)
	steps = append(steps, entries{
		{"name", string(first.stage)},
		{"working-directory", g.directory()},
		{"env", env},
		{"run", g.call(first)},
	})
	return entries{
		{"name", name},
		{"needs", own.needs},
		{"runs-on", harmless(g.Runner)},
		{"timeout-minutes", minutes(limit, 360)},
		{"strategy", matrix},
		{"services", services},
		{"steps", append(steps, g.keep(own)...)},
	}
}

// call asks the toolkit for a unit. Names come from the environment.
func (g github) call(u unit) string {
	var words []string
	for _, word := range g.Command {
		words = append(words, command.Quote(word))
	}
	for _, target := range u.targets() {
		words = append(words, target, `-component="$IACT_COMPONENT"`)
		if u.one {
			words = append(words, `-variant="$IACT_VARIANT"`)
		}
	}
	return harmless(strings.Join(words, " "))
}

// services are those that jobs name and the options know, on ports of the runner.
func (g github) services(own group) (services entries, started string) {
	var names []string
	for _, s := range g.wanted(own.units) {
		var env entries
		for _, name := range slices.Sorted(maps.Keys(s.Env)) {
			env = append(env, entry{name, harmless(s.Env[name])})
		}
		var ports []string
		if s.Port > 0 {
			ports = []string{fmt.Sprintf("%d:%d", s.Port, s.Port)}
		}
		health := ""
		if s.Health != "" {
			health = harmless("--health-cmd " + strconv.Quote(s.Health) + " --health-interval 5s --health-timeout 5s --health-retries 20")
		}
		names = append(names, s.Name)
		services = append(services, entry{s.Name, entries{{"image", harmless(s.Image)}, {"env", env}, {"ports", ports}, {"options", health}}})
	}
	return services, strings.Join(names, " ")
}

// directory is where the toolkit is called; "" is where the checkout lies.
func (o Options) directory() string {
	if o.Dir == "." {
		return ""
	}
	return harmless("./" + o.Dir)
}

// harmless keeps GitHub from taking a part of s for an expression: what an
// expression gives is not looked at again.
func harmless(s string) string { return strings.ReplaceAll(s, "${{", "${{ '$' }}{{") }

// literal is s in an expression.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// minutes leaves a runner time to start and to save what it made.
func minutes(limit time.Duration, most int) int {
	return min(int((limit+time.Minute-1)/time.Minute)+10, most)
}
