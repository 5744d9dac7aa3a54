package audit

import (
	"cmp"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/pipeline"
)

// The rules that a remark may belong to.
const (
	RuleInput   = "undeclared-input"  // read, and no part of the key
	RuleNeed    = "missing-need"      // read, and made by a job that it does not need
	RuleOutput  = "undeclared-output" // written, and not put back from the cache
	RuleOutside = "outside-input"     // read, and not in the project
	RuleAsked   = "absent-input"      // asked for: if it appears, nothing is run again
	RuleStale   = "own-output"        // read, and left by a run of the job before
)

// judgement sorts what was done.
type judgement struct {
	b       *book
	o       Options
	tools   []string        // directories of tools
	needed  map[string]bool // names of jobs whose outputs may be read
	groups  map[group][]string
	project string
}

// group is what one remark is about.
type group struct {
	rule  string
	where string // a path or directory, as it is shown
}

func judge(b *book, o Options) []Remark {
	j := &judgement{b: b, o: o, tools: b.prefixes(o.Home), needed: map[string]bool{}, groups: map[group][]string{}, project: o.Project}
	if jobs, err := o.Pipeline.Closure([]string{o.Job.Name()}); err == nil {
		for _, job := range jobs {
			j.needed[job.Name()] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.read)) {
		j.reading(name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.asked)) {
		j.asking(name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.written)) {
		j.writing(name)
	}
	for _, name := range slices.Sorted(maps.Keys(b.removed)) {
		if rel, in := j.rel(name); in && !isThere(name) && !j.output(o.Job, rel) && !noise(rel) {
			j.add(RuleOutput, rel, rel)
		}
	}
	var remarks []Remark
	for g, files := range j.groups {
		remarks = append(remarks, j.remark(g, files))
	}
	weight := []findings.Level{findings.Error, findings.Warning, findings.Note}
	slices.SortFunc(remarks, func(a, b Remark) int {
		return cmp.Or(slices.Index(weight, a.Level)-slices.Index(weight, b.Level), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Path, b.Path))
	})
	return remarks
}

func (j *judgement) add(rule, where, file string) {
	g := group{rule, where}
	j.groups[g] = append(j.groups[g], file)
}

// rel is a path below the project, and whether it is one.
func (j *judgement) rel(name string) (string, bool) {
	if name == j.project || !below(name, j.project) {
		return "", false
	}
	return name[len(strings.TrimSuffix(j.project, "/"))+1:], true
}

func (j *judgement) reading(name string) {
	rel, in := j.rel(name)
	if !in {
		if !j.system(name) && isFile(name) {
			j.add(RuleOutside, j.home(name), j.home(name))
		}
		return
	}
	if below(rel, ".git") {
		j.add(RuleInput, ".git", rel)
		return
	}
	if maker, made := j.maker(rel); made {
		switch {
		case maker == j.o.Job.Name():
			j.add(RuleStale, j.o.Job.Dir, rel)
		case !j.needed[maker]:
			j.add(RuleNeed, maker, rel)
		}
		return
	}
	if !j.o.Input(rel) && !noise(rel) && !isDir(name) {
		j.add(RuleInput, j.folded(rel), rel)
	}
}

// asking takes what was not there. Where modules are looked for in each directory
// upwards, and programs along PATH, it means nothing.
func (j *judgement) asking(name string) {
	rel, in := j.rel(name)
	switch {
	case slices.Contains([]string{"bin", "sbin", "shims"}, path.Base(path.Dir(name))):
	case !in:
		if dot, is := strings.CutPrefix(name, j.o.Home+"/."); is && j.o.Home != "" && !j.system(name) && !strings.Contains(dot, "node_modules") {
			j.add(RuleAsked, "~", j.home(name))
		}
	case noise(rel), strings.Contains("/"+rel+"/", "/node_modules/"), below(rel, ".git"), j.o.Input(rel), isThere(name):
	default:
		if _, made := j.maker(rel); !made {
			j.add(RuleAsked, path.Dir(rel), rel)
		}
	}
}

func (j *judgement) writing(name string) {
	rel, in := j.rel(name)
	if !in || !isThere(name) || isDir(name) && !j.b.made[name] || j.output(j.o.Job, rel) || noise(rel) {
		return
	}
	if top, in := j.rel(j.b.top(name)); in && !j.output(j.o.Job, top) {
		// A directory of its own is told instead of all that is in it, unless an
		// output lies there.
		if !slices.ContainsFunc(outputs(j.o.Job), func(out string) bool { return below(out, top) }) {
			j.add(RuleOutput, top, rel)
			return
		}
	}
	j.add(RuleOutput, rel, rel)
}

// maker is the job that declares a path as its output; the job itself first.
func (j *judgement) maker(rel string) (string, bool) {
	if j.output(j.o.Job, rel) {
		return j.o.Job.Name(), true
	}
	found := ""
	for _, job := range j.o.Pipeline.Jobs {
		if j.output(job, rel) {
			if found = job.Name(); j.needed[found] {
				break
			}
		}
	}
	return found, found != ""
}

func (j *judgement) output(job pipeline.Job, rel string) bool {
	return slices.ContainsFunc(outputs(job), func(out string) bool { return matches(out, rel) })
}

// outputs are all that a job declares that it writes, below the project.
func outputs(job pipeline.Job) []string {
	all := slices.Concat(job.Outputs, job.Reports.JUnit, job.Reports.Coverage, job.Reports.Keep)
	for _, f := range job.Reports.Findings {
		if f.Path != "-" {
			all = append(all, f.Path)
		}
	}
	for i, out := range all {
		all[i] = path.Join(job.Dir, out)
	}
	return all
}

// matches holds a path against a declared one: that itself, what is below it, or
// what its wildcards fit.
func matches(declared, rel string) bool {
	if below(rel, declared) {
		return true
	}
	depth := strings.Count(declared, "/") + 1
	parts := strings.Split(rel, "/")
	if len(parts) < depth {
		return false
	}
	fits, err := path.Match(declared, strings.Join(parts[:depth], "/"))
	return err == nil && fits
}

func isThere(name string) bool { _, err := os.Lstat(name); return err == nil }

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
