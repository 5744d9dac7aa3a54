package defaults

import (
	"path"
	"regexp"
	"strings"

	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
)

// manager is how npm, pnpm and yarn are told the same things.
type manager struct {
	install, unlocked string // with and without a lock file
	separator         string // between a script and the flags that it is given
	run, exec         string
	audit             string
	tools             []string
	files             []string // that say what is installed, besides package.json
}

func managers() map[string]manager {
	return map[string]manager{
		"npm": {
			install: "npm ci --no-audit --no-fund", unlocked: "npm install --no-package-lock --no-audit --no-fund",
			run: "npm run", separator: "--", exec: "npx --no-install", audit: "npm audit --audit-level=high",
			tools: []string{"node --version", "npm --version"}, files: []string{"package-lock.json", "npm-shrinkwrap.json", ".npmrc"},
		},
		"pnpm": {
			install: "pnpm install --frozen-lockfile", unlocked: "pnpm install --no-lockfile",
			run: "pnpm run", exec: "pnpm exec", audit: "pnpm audit --audit-level high",
			tools: []string{"node --version", "pnpm --version"}, files: []string{"pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs"},
		},
		"yarn": {
			install: "yarn install --frozen-lockfile --non-interactive", unlocked: "yarn install --no-lockfile --non-interactive",
			run: "yarn run", exec: "yarn run --silent", audit: "yarn audit --level high",
			tools: []string{"node --version", "yarn --version"}, files: []string{"yarn.lock", ".npmrc", ".yarnrc"},
		},
		"berry": {
			install: "yarn install --immutable", unlocked: "yarn install --no-immutable",
			run: "yarn run", exec: "yarn run", audit: "yarn npm audit --severity high",
			tools: []string{"node --version", "yarn --version"}, files: []string{"yarn.lock", ".npmrc", ".yarnrc.yml"},
		},
	}
}

// script runs a script of package.json with more flags.
func (m manager) script(name string, flags ...string) string {
	if len(flags) == 0 {
		return m.run + " " + name
	}
	return in(append([]string{m.run, name, m.separator}, flags...)...)
}

// node are the jobs of a package.
func (m *maker) node(c detect.Component) []pipeline.Job {
	n := &node{c, c.Node, managers()[c.Node.Manager], m}
	var jobs []pipeline.Job
	for _, of := range []func() []pipeline.Job{n.deps, n.unit, n.lint, n.build, n.integration} {
		jobs = append(jobs, of()...)
	}
	for i := range jobs {
		jobs[i].Tools = append(jobs[i].Tools, n.manager.tools...)
		jobs[i].Env = append(jobs[i].Env, "NODE_ENV", "NODE_OPTIONS")
	}
	return jobs
}

type node struct {
	detect.Component
	is      *detect.Node
	manager manager
	maker   *maker
}

func (n *node) deps() []pipeline.Job {
	if n.is.Workspace != "" {
		return nil // the workspace installs for all its members
	}
	job := pipeline.Job{Stage: pipeline.Deps, Run: []string{n.manager.install}, Outputs: []string{"node_modules"}, Tools: []string{"uname -sm"},
		Inputs: append([]string{"package.json"}, n.manager.files...), Memory: 512 << 20}
	if n.is.Lock == "" {
		job.Run = []string{n.manager.unlocked}
	}
	if n.is.Manager == "berry" {
		job.Inputs = append(job.Inputs, ".yarn/releases/", ".yarn/patches/", ".yarn/plugins/")
	}
	for _, hook := range []string{"preinstall", "install", "postinstall", "prepare"} {
		if n.is.Scripts[hook] != "" {
			job.Inputs = nil // a script may read anything
		}
	}
	for _, member := range n.maker.chosen {
		if member.Node == nil || member.Node.Workspace != n.Dir {
			continue
		}
		below := strings.TrimPrefix(member.Dir, strings.TrimPrefix(n.Dir, ".")+"/")
		if n.Dir == "." {
			below = member.Dir
		}
		job.Outputs = append(job.Outputs, path.Join(below, "node_modules"))
		if job.Inputs != nil {
			job.Inputs = append(job.Inputs, path.Join(below, "package.json"))
		}
	}
	n.leaves(&job)
	return []pipeline.Job{job}
}

// leaves settles what an installation leaves behind. A directory in which there
// would be nothing is not made by all managers: that of a member whose packages
// lie with the workspace, and any of a package without dependencies.
func (n *node) leaves(job *pipeline.Job) {
	made := job.Outputs
	switch {
	case n.is.PnP: // .pnp.cjs leads to the packages, which go into the project to be kept with it
		made = []string{".yarn/cache", ".yarn/unplugged"}
		job.Outputs = append([]string{".pnp.*"}, made...)
		job.Run = append([]string{"export YARN_ENABLE_GLOBAL_CACHE=false"}, job.Run...)
	case len(made) == 1 && len(n.is.Required) > 0:
		return
	}
	line := "mkdir -p"
	for _, dir := range made {
		line += " " + quoted(dir)
	}
	job.Run = append(job.Run, line)
}

// unit runs the tests by the package's own script, with a report where the runner
// behind it can write one.
func (n *node) unit() []pipeline.Job {
	name, words := "test", []string(nil)
	if text := n.is.Scripts[name]; text == "" || strings.Contains(text, "no test specified") {
		name = ""
	} else {
		words = simple(text)
	}
	job := pipeline.Job{Stage: pipeline.Unit, Memory: 1 << 30}
	var flags []string
	direct := "" // when there is no script
	switch {
	case runs(words, "jest") || runs(words, "react-scripts", "test") || runs(words, "craco", "test"):
		flags = n.jest(&job, words)
	case runs(words, "vitest"):
		flags = n.vitest(&job)
	case name == "" && n.is.Requires("jest"):
		direct, flags = "jest", n.jest(&job, nil)
	case name == "" && n.is.Requires("vitest"):
		direct, flags = "vitest run", n.vitest(&job)
	case name == "" || n.is.Members != nil && everywhere(n.is.Scripts[name]):
		return nil // none, or those of the members, which have jobs of their own
	}
	line := n.manager.script(name, flags...)
	if direct != "" {
		line = in(append([]string{n.manager.exec, direct}, flags...)...)
	}
	job.Run = append(job.Run, line)
	return []pipeline.Job{job}
}

// everywhere says whether a script of a workspace runs those of its members.
func everywhere(script string) bool {
	return regexp.MustCompile(`workspace|(^|\s)(-ws|-r|--recursive)(\s|$)|(^|\s)(lerna|turbo|nx)\s`).MatchString(script)
}

func (n *node) jest(job *pipeline.Job, words []string) []string {
	flags := []string{"--ci", "--coverage", "--coverageDirectory=" + report("coverage"), "--coverageReporters=lcovonly", "--coverageReporters=text-summary"}
	if len(words) > 0 && !runs(words, "jest") {
		flags = append(flags, "--watchAll=false")
	}
	job.Reports.Coverage = []string{Reports + "coverage/lcov.info"}
	if n.is.Requires("jest-junit") {
		job.Reports.JUnit = []string{Reports + "junit.xml"}
		job.Run = []string{"export JEST_JUNIT_OUTPUT_FILE=" + report("junit.xml") + " JEST_JUNIT_ADD_FILE_ATTRIBUTE=true JEST_JUNIT_REPORT_TEST_SUITE_ERRORS=true"}
		return append(flags, "--reporters=default", "--reporters=jest-junit")
	}
	job.Reports.JUnit = []string{Reports + "jest.json"} // Jest's own form
	return append(flags, "--json", "--outputFile="+report("jest.json"), "--testLocationInResults")
}

func (n *node) vitest(job *pipeline.Job) []string {
	job.Reports.JUnit = []string{Reports + "junit.xml"}
	flags := []string{"--run", "--reporter=default", "--reporter=junit", "--outputFile.junit=" + report("junit.xml")}
	if n.is.Requires("@vitest/coverage-v8", "@vitest/coverage-istanbul") {
		job.Reports.Coverage = []string{Reports + "coverage/lcov.info"}
		flags = append(flags, "--coverage.enabled", "--coverage.reporter=lcovonly", "--coverage.reportsDirectory="+report("coverage"))
	}
	return flags
}

func (n *node) build() []pipeline.Job {
	if text := n.is.Scripts["build"]; text == "" || n.is.Members != nil && everywhere(text) {
		return nil
	}
	job := pipeline.Job{Stage: pipeline.Build, Run: []string{n.manager.script("build")}, Memory: 1 << 30}
	if n.is.Output == "" {
		n.maker.note(n.Component, "no-output", "package.json", "Where the build goes cannot be told: it is neither cached nor checked. Name it by outputs of a job of the stage build.",
			"No se sabe adónde va la construcción: ni se guarda ni se comprueba. Nómbrelo con outputs en un trabajo de la etapa build.")
	} else {
		job.Outputs = []string{n.is.Output}
	}
	return []pipeline.Job{job}
}

// integration runs the tests in a browser.
func (n *node) integration() []pipeline.Job {
	job := pipeline.Job{Stage: pipeline.Integration, Services: n.Images.Services, Memory: 1 << 30, Env: []string{"PLAYWRIGHT_BROWSERS_PATH"}}
	name := first(n.is.Scripts, "test:e2e", "e2e", "test:integration")
	words := simple(n.is.Scripts[name])
	flags := []string{"--reporter=line,junit", "--trace=retain-on-failure", "--output=" + report("traces")}
	reports := pipeline.Reports{JUnit: []string{Reports + "junit.xml"}, Keep: []string{Reports + "traces"}}
	export := "export PLAYWRIGHT_JUNIT_INCLUDE_RETRIES=1 PLAYWRIGHT_JUNIT_OUTPUT_NAME=" + report("junit.xml")
	switch {
	case runs(words, "playwright", "test"):
		job.Run, job.Reports = []string{export, n.manager.script(name, flags...)}, reports
	case name != "":
		job.Run = []string{n.manager.script(name)}
	case n.Has("playwright.config.*") && n.is.Requires("@playwright/test"):
		job.Run, job.Reports = []string{export, in(append([]string{n.manager.exec, "playwright test"}, flags...)...)}, reports
	default:
		return nil
	}
	return []pipeline.Job{job}
}
