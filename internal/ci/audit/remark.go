package audit

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/procedure"
)

// Remark is one thing that a job does and does not declare.
type Remark struct {
	Rule  string
	Level findings.Level
	Path  string   // below the project, ~/… or absolute; the job that makes it for a missing need
	Files []string // what it stands for, in order
	What  procedure.Text
	// Add is the line that declares it, for the job in the configuration; empty
	// where none does.
	Add string
}

func (j *judgement) remark(g group, files []string) Remark {
	slices.Sort(files)
	files = slices.Compact(files)
	r := Remark{Rule: g.rule, Path: g.where, Files: files}
	some := shown(files)
	switch g.rule {
	case RuleInput:
		r.Level, r.Add = findings.Error, j.inputs(g.where, files)
		r.What = procedure.Text{ES: "lee " + some + ", que no declara: un cambio ahí no lo vuelve a ejecutar", EN: "it reads " + some + " and does not declare that: a change there does not run it again"}
		if g.where == ".git" {
			r.Add = "fresh: true"
			r.What = procedure.Text{ES: "lee " + some + ": su resultado depende del commit", EN: "it reads " + some + ": its result depends on the commit"}
		}
	case RuleNeed:
		r.Level, r.Add = findings.Error, "needs: "+list(append(slices.Clone(j.o.Job.Needs), g.where))
		r.What = procedure.Text{ES: fmt.Sprintf("lee %s, que hace %s, y no lo necesita: el orden es casualidad", some, g.where), EN: fmt.Sprintf("it reads %s, which %s makes, and does not need that: their order is chance", some, g.where)}
	case RuleOutput:
		out := j.inDir(g.where)
		r.Level = findings.Warning
		if !strings.HasPrefix(out, "../") {
			r.Add = "outputs: " + list(append(slices.Clone(j.o.Job.Outputs), out))
		}
		r.What = procedure.Text{ES: "escribe o borra " + some + ", que no declara: la caché no lo repone", EN: "it writes or removes " + some + " and does not declare that: the cache does not put it back"}
	case RuleOutside:
		r.Level, r.Add = findings.Warning, "tools: "+list(append(slices.Clone(j.o.Job.Tools), "sha256sum "+g.where))
		r.What = procedure.Text{ES: "lee " + some + ", fuera del proyecto: otra máquina tiene otro", EN: "it reads " + some + ", outside of the project: another machine has another one"}
	case RuleAsked:
		r.Level = findings.Note
		r.What = procedure.Text{ES: "pregunta por " + some + ", que no hay: si aparece, no se vuelve a ejecutar", EN: "it asks for " + some + ", which is not there: if it appears, nothing is run again"}
	case RuleStale:
		r.Level = findings.Note
		r.What = procedure.Text{ES: "lee " + some + ", que dejó una ejecución anterior suya: bórrelo al empezar si influye", EN: "it reads " + some + ", which a run of it before has left: remove that first if it matters"}
	}
	return r
}

// shown names the first files and counts the others.
func shown(files []string) string {
	if len(files) <= few {
		return strings.Join(files, ", ")
	}
	return fmt.Sprintf("%s … (%d)", strings.Join(files[:few], ", "), len(files))
}

// inputs is the line that declares inputs besides those that are. None declared
// means everything below the directory, which has to be said then.
func (j *judgement) inputs(where string, files []string) string {
	patterns := slices.Clone(j.o.Job.Inputs)
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	pattern := escape(j.inDir(where))
	if strings.HasPrefix(pattern, "../") {
		pattern = "//" + escape(where)
	} else {
		pattern = "/" + pattern
	}
	if len(files) > 1 {
		pattern += "/"
	}
	return "inputs: " + list(append(patterns, pattern))
}

// inDir is a path of the project, from the job's directory.
func (j *judgement) inDir(rel string) string {
	dir := path.Clean(j.o.Job.Dir)
	switch {
	case dir == ".":
		return rel
	case rel != dir && below(rel, dir):
		return rel[len(dir)+1:]
	}
	return "../" + rel
}

// escape takes their meaning from the characters of gitignore's patterns.
func escape(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// list is a YAML list in one line.
func list(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = strconv.Quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// Findings are the remarks as those of a linter.
func (r Report) Findings(lang string) []findings.Finding {
	var all []findings.Finding
	for _, m := range r.Remarks {
		f := findings.Finding{Tool: "ci:audit", Rule: m.Rule, Level: m.Level, Message: r.Job + ": " + m.What.In(lang), Print: strings.Join([]string{"audit", r.Job, m.Rule, m.Path}, " ")}
		if m.Add != "" {
			f.Message += " — " + m.Add
		}
		if m.Rule == RuleInput || m.Rule == RuleOutput {
			f.Path = m.Path
		}
		all = append(all, f)
	}
	return all
}
