package generate

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// actions are those that a workflow uses, with the newest major version that
// actionlint knows.
func actions() []string {
	return []string{
		"actions/checkout@v6", "actions/setup-node@v6", "actions/setup-python@v6", "actions/setup-go@v6",
		"actions/cache/restore@v5", "actions/cache/save@v5", "actions/upload-artifact@v7", "actions/download-artifact@v8",
	}
}

// uses names an action, by commit where the options have one.
func (g github) uses(name string) noted {
	known := actions()
	action := known[slices.IndexFunc(known, func(a string) bool { return strings.HasPrefix(a, "actions/"+name+"@") })]
	if commit := g.Pins[action]; commit != "" {
		repository, version, _ := strings.Cut(action, "@")
		return noted{repository + "@" + commit, version}
	}
	return noted{text: action}
}

// checkout leaves no token behind for what runs later.
func (g github) checkout() entries {
	return entries{{"uses", g.uses("checkout")}, {"with", entries{{"persist-credentials", false}}}}
}

// prepare gets the project and the programs that its components want, those of
// the components that are built first first: the last one wins.
func (g github) prepare(own group) []entries {
	steps := []entries{g.checkout()}
	add := func(step entries) {
		same := func(other entries) bool { return fmt.Sprint(other) == fmt.Sprint(step) }
		if step != nil && !slices.ContainsFunc(steps, same) {
			steps = append(steps, step)
		}
	}
	add(g.toolkit())
	for _, component := range componentsOf(own.units) {
		tools := g.Tools[component]
		add(g.setup("node", tools.Node, tools))
		add(g.setup("python", tools.Python, tools))
		add(g.setup("go", tools.Go, tools))
	}
	return steps
}

// toolkit makes ready what Command needs.
func (g github) toolkit() entries {
	if g.Command[0] != "go" {
		return nil
	}
	at := func(name string) string { return harmless(path.Join(g.Dir, name)) }
	return entries{{"uses", g.uses("setup-go")}, {"with", entries{{"go-version-file", at("go.mod")}, {"cache-dependency-path", at("go.sum")}}}}
}

// setup gets a language in the version that the project's own file names. Its
// cache is keyed by the lock file; without one there is none.
func (g github) setup(language string, v Version, t Tools) entries {
	if v == (Version{}) {
		return nil
	}
	with := entries{}
	switch {
	case v.File != "":
		with = append(with, entry{language + "-version-file", harmless(v.File)})
	default:
		with = append(with, entry{language + "-version", harmless(v.Number)})
	}
	if t.Lock != "" && t.of() == language {
		with = append(with, entry{"cache", cacheOf(language, t.Manager)}, entry{"cache-dependency-path", harmless(t.Lock)})
	}
	return entries{{"uses", g.uses("setup-" + language)}, {"with", with}}
}

// cacheOf is what a setup action calls a manager's cache; setup-go has but one.
func cacheOf(language, manager string) string {
	if language == "go" {
		return ""
	}
	return manager
}

// key is of the contents of all that a job may read. The entries inside have keys
// of their own: a key here that says too little costs time, nothing else.
//
// before are prefixes of keys to fall back on, each on a line. A pull request has
// nothing of its own at first: it begins with what the trusted branch has made,
// which the store keeps apart from all that the pull request makes.
func (g github) key(own group, index string) (key, before string) {
	patterns := []string{literal(path.Join(g.Dir, "config/iact*.yaml"))}
	for _, dir := range dirsOf(own.units) {
		patterns = append(patterns, literal(dir+"/**"))
	}
	if slices.ContainsFunc(append(dirsOf(own.units), g.Dir+"/"), func(dir string) bool { return dir == "." || strings.Trim(dir, plainPath) != "" }) {
		patterns = []string{literal("**")}
	}
	of := func(trust string) string { return "iact-${{ runner.os }}-" + trust + "-" + own.id + "-" + index + "-" }
	prefix := of("${{ env." + TrustVariable + " }}")
	return prefix + "${{ hashFiles(" + strings.Join(patterns, ", ") + ") }}", prefix + "\n" + of("trusted")
}

// plainPath are the characters of a path that mean nothing in a pattern.
const plainPath = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/"

// restore brings in the cache of the job and of those that it needs.
func (g github) restore(own group, groups []group) []entries {
	step := func(id, key, before string) entries {
		return entries{
			{"uses", g.uses("cache/restore")},
			{"id", id},
			{"with", entries{{"path", g.at(Cache)}, {"key", key}, {"restore-keys", before}}},
		}
	}
	var steps []entries
	for _, other := range groups {
		for i := range other.units {
			if !slices.Contains(own.needs, other.id) {
				continue
			}
			key, before := g.key(other, fmt.Sprint(i))
			steps = append(steps, step("", key, before))
		}
	}
	key, before := g.key(own, own.index())
	return append(steps, step("cache", key, before))
}

// index tells the jobs of a matrix apart, without their names.
func (g group) index() string {
	if len(g.units) > 1 {
		return "${{ strategy.job-index }}"
	}
	return "0"
}

// keep saves the cache when the job went well, and what there is to tell always.
// Pull requests save under keys of their own.
func (g github) keep(own group) []entries {
	key, _ := g.key(own, own.index())
	return []entries{
		{
			{"uses", g.uses("cache/save")},
			{"if", "success() && steps.cache.outputs.cache-hit != 'true'"},
			{"with", entries{{"path", g.at(Cache)}, {"key", key}}},
		},
		g.upload("iact-"+own.id+"-"+own.index(), Outcomes),
	}
}

// upload keeps a directory of the toolkit's, whose name begins with a dot.
func (g github) upload(name, below string) entries {
	return entries{
		{"uses", g.uses("upload-artifact")},
		{"if", "always()"},
		{"with", entries{
			{"name", name}, {"path", g.at(below)}, {"include-hidden-files", true},
			{"if-no-files-found", "ignore"}, {"retention-days", 14},
		}},
	}
}

// report makes one report of what all jobs left, and is the one check that a
// branch has to require.
func (g github) report(groups []group) entries {
	var needs []string
	for _, each := range groups {
		needs = append(needs, each.id)
	}
	steps := []entries{g.checkout()}
	if toolkit := g.toolkit(); toolkit != nil {
		steps = append(steps, toolkit)
	}
	steps = append(steps,
		entries{{"uses", g.uses("download-artifact")}, {"with", entries{{"pattern", "iact-*"}, {"path", g.at(Outcomes)}, {"merge-multiple", true}}}},
		entries{{"name", "report"}, {"working-directory", g.directory()}, {"run", harmless(quoted(append(slices.Clone(g.Command), reporting()...)))}},
		g.upload("report", Report),
		entries{{"name", "up to date"}, {"if", "always()"}, {"working-directory", g.directory()}, {"run", harmless(quoted(append(slices.Clone(g.Command), upToDate(GitHub)...)))}},
		entries{
			{"name", "verdict"},
			{"if", "contains(needs.*.result, 'failure') || contains(needs.*.result, 'cancelled')"},
			{"run", "exit 1"},
		},
	)
	return entries{
		{"name", "report"}, {"needs", needs}, {"if", "always()"}, {"runs-on", harmless(g.Runner)},
		{"timeout-minutes", 15}, {"steps", steps},
	}
}

// reporting asks for one report of what several runners have done.
func reporting() []string { return []string{"ci:report", "-to=" + Report} }

// upToDate asks whether the file is still what the pipeline gives.
func upToDate(system System) []string {
	return []string{"ci:generate", "-for=" + string(system), "-check=true"}
}

// at is a path below the toolkit, as the project sees it.
func (g github) at(below string) string { return harmless(path.Join(g.Dir, below)) }
