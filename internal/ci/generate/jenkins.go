package generate

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// jenkins writes a declarative Jenkinsfile. Jenkins knows no needs: stages run by
// levels, those of one level at once, and each asks whether what it needs has
// passed. So a failure ends what depends on it and not the rest.
//
// Each stage has an agent and so a workspace of its own, whose cache stays there
// between builds; branches have workspaces of their own as well.
type jenkins struct{ Options }

func (g jenkins) file(units []unit) File {
	w := &groovy{}
	w.line("def passed = []")
	w.line("def stashed = []")
	w.line("")
	w.open("pipeline")
	w.line("agent none")
	w.open("options")
	w.line("skipDefaultCheckout()")
	w.line("buildDiscarder(logRotator(numToKeepStr: '30'))")
	w.line("disableConcurrentBuilds()")
	w.close()
	w.open("environment")
	w.line(TrustVariable + ` = "${env.BRANCH_NAME == ` + single(g.Branch) + ` ? 'trusted' : 'untrusted'}"`)
	w.close()
	w.open("stages")
	for level := 0; ; level++ {
		var row []unit
		for _, u := range units {
			if u.level == level {
				row = append(row, u)
			}
		}
		if len(row) == 0 {
			break
		}
		w.open(fmt.Sprintf("stage('level %d')", level+1))
		w.open("parallel")
		for _, u := range row {
			g.stage(w, u)
		}
		w.close()
		w.close()
	}
	g.report(w)
	w.close()
	w.close()
	return File{Path: "Jenkinsfile", Text: append(head("//", Jenkins), w.text.String()...)}
}

func (g jenkins) agent(w *groovy) {
	if g.Agent == "" {
		w.line("agent any")
		return
	}
	w.line("agent { label " + single(g.Agent) + " }")
}

func (g jenkins) stage(w *groovy, u unit) {
	w.open("stage(" + single(u.label()) + ")")
	if len(u.needs) > 0 {
		var needs []string
		for _, need := range u.needs {
			needs = append(needs, single(need))
		}
		w.open("when")
		w.line("beforeAgent true")
		w.line("expression { passed.containsAll([" + strings.Join(needs, ", ") + "]) }")
		w.close()
	}
	g.agent(w)
	w.line(fmt.Sprintf("options { timeout(time: %d, unit: 'MINUTES') }", minutes(u.limit, 24*60)))
	if secrets := given([]unit{u}, g.Secrets); len(secrets) > 0 {
		w.open("environment")
		for _, name := range secrets {
			w.line(name + " = credentials(" + single(name) + ")")
		}
		w.close()
	}
	w.open("steps")
	w.line("checkout scm")
	w.line("sh " + single("rm -rf "+command.Quote("./"+path.Join(g.Dir, Outcomes)))) // of builds before
	w.open("catchError(stageResult: 'FAILURE')")
	w.line("sh " + g.shell(g.call(u)))
	w.line("script { passed << " + single(u.id) + " }")
	w.close()
	w.close()
	w.open("post")
	w.open("always")
	if tests := strings.Join(junitOf(u), ","); tests != "" {
		w.line("junit testResults: " + single(tests) + ", allowEmptyResults: true")
	}
	g.archive(w)
	w.line("stash name: " + single(u.id) + ", includes: " + single(path.Join(g.Dir, Outcomes)+"/**") + ", allowEmpty: true")
	w.line("script { stashed << " + single(u.id) + " }")
	w.close()
	w.close()
	w.close()
}

// junitOf lists patterns of test reports. Jenkins parts them by commas.
func junitOf(u unit) []string {
	var tests []string
	for _, j := range u.jobs {
		for _, name := range j.Reports.JUnit {
			if at := j.ReportPath(name); path.Ext(at) == ".xml" && !strings.Contains(at, ",") {
				tests = append(tests, at)
			}
		}
	}
	return tests
}

// shell is a command, where the toolkit lies.
func (g jenkins) shell(words []string) string {
	line := quoted(words)
	if g.Dir != "." {
		line = "cd " + command.Quote("./"+g.Dir) + " && " + line
	}
	return single(line)
}

func (g jenkins) archive(w *groovy) {
	w.line("archiveArtifacts artifacts: " + single(path.Join(g.Dir, Outcomes)+"/**") + ", allowEmptyArchive: true")
}

// report makes one report of what all stages left.
func (g jenkins) report(w *groovy) {
	w.open("stage('report')")
	g.agent(w)
	w.line("options { timeout(time: 15, unit: 'MINUTES') }")
	w.open("steps")
	w.line("checkout scm")
	w.line("sh " + single("rm -rf "+command.Quote("./"+path.Join(g.Dir, Outcomes))))
	w.line("script { stashed.each { unstash it } }")
	w.line("sh " + g.shell(append(slices.Clone(g.Command), reporting()...)))
	w.line("sh " + g.shell(append(slices.Clone(g.Command), upToDate(Jenkins)...)))
	w.close()
	w.open("post")
	w.open("always")
	g.archive(w)
	w.close()
	w.close()
	w.close()
}
