package defaults

import (
	"slices"
	"strings"

	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
)

// interpreter is that of the environment which the stage deps makes.
const interpreter = ".venv/bin/python"

// python are the jobs of a Python project.
func (m *maker) python(c detect.Component) []pipeline.Job {
	p := &python{c, c.Python, m}
	return slices.Concat(p.deps(), p.unit(), p.lint(), p.build(), p.integration())
}

type python struct {
	detect.Component
	is    *detect.Python
	maker *maker
}

// module is a line that runs a module of the environment.
func module(words ...string) string { return in(append([]string{interpreter, "-m"}, words...)...) }

func (p *python) base() string {
	if p.maker.CI.Python != "" {
		return p.maker.CI.Python
	}
	return "python3"
}

// lock is the program that the lock file belongs to; "" is pip, also where that
// program is not on this machine.
func (p *python) lock() string {
	if p.is.Lock != "" && p.maker.Has != nil && !p.maker.Has(p.is.Lock) {
		return ""
	}
	return p.is.Lock
}

// offline lets pip, and the builds that it starts, install from a directory.
func (p *python) offline() string {
	line := "export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1"
	if p.maker.CI.Wheels != "" {
		line += " PIP_NO_INDEX=1 PIP_FIND_LINKS=" + quoted(p.maker.CI.Wheels)
	}
	return line
}

func (p *python) deps() []pipeline.Job {
	job := pipeline.Job{Stage: pipeline.Deps, Outputs: []string{".venv"}, Placed: true, Memory: 512 << 20, Tools: []string{p.base() + " --version", "uname -sm"},
		Inputs: append([]string{"pyproject.toml", "setup.py", "setup.cfg"}, p.is.Read...), Env: []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}}
	lock := p.lock()
	if lock != p.is.Lock {
		lock := p.is.Lock
		p.maker.note(p.Component, "lock-not-used", lock+".lock", lock+" is not installed: pip installs what pyproject.toml and the requirements say, not what "+lock+".lock says.",
			lock+" no está instalado: pip instala lo que dicen pyproject.toml y los requisitos, no lo que dice "+lock+".lock.")
	}
	switch lock {
	case "uv":
		job.Run = []string{"uv sync --locked --all-extras --python " + p.base()}
		job.Inputs, job.Tools = append(job.Inputs, "uv.lock"), append(job.Tools, "uv --version")
	case "poetry":
		job.Run = []string{"export POETRY_VIRTUALENVS_IN_PROJECT=1", "poetry env use " + p.base(), "poetry install --no-interaction"}
		job.Inputs, job.Tools = append(job.Inputs, "poetry.lock"), append(job.Tools, "poetry --version")
	default:
		job.Run = append([]string{p.base() + " -m venv --clear .venv"}, p.pip()...)
	}
	return []pipeline.Job{job}
}

// pip are the lines that fill an environment. Files with hashes go by themselves:
// with one hash, pip wants all.
func (p *python) pip() []string {
	var plain, hashed []string
	for _, file := range p.is.Files {
		if file.Hashed {
			hashed = append(hashed, "-r "+quoted(file.Path))
		} else {
			plain = append(plain, "-r "+quoted(file.Path))
		}
	}
	lines := []string{p.offline()}
	if len(hashed) > 0 {
		lines = append(lines, module(append([]string{"pip install --require-hashes"}, hashed...)...))
	}
	if len(plain) > 0 {
		lines = append(lines, module(append([]string{"pip install"}, plain...)...))
	}
	if p.is.Package && !p.is.Base {
		itself := "."
		if len(p.is.Extras) > 0 {
			itself = "'.[" + strings.Join(p.is.Extras, ",") + "]'"
		}
		lines = append(lines, module("pip install -e", itself))
	}
	return append(lines, module("pip check"))
}

func (p *python) unit() []pipeline.Job {
	job := pipeline.Job{Stage: pipeline.Unit, Memory: 512 << 20}
	switch {
	case p.is.Requires("pytest") || p.is.Configures("pytest"):
		p.pytest(&job)
		if p.is.Integration != "" && !strings.HasSuffix(p.is.Integration, ".ini") {
			job.Run[len(job.Run)-1] += " --ignore=" + p.is.Integration
		} else if p.is.Integration != "" {
			job.Run[len(job.Run)-1] += " --ignore=tests/integration"
		}
	case p.is.Manage:
		job.Run = []string{interpreter + " manage.py test --noinput"}
	case p.is.Tests:
		job.Run = []string{module("unittest discover")}
	default:
		return nil
	}
	return []pipeline.Job{job}
}

func (p *python) pytest(job *pipeline.Job, flags ...string) {
	words := append([]string{"pytest"}, append(flags, "--junitxml="+report("junit.xml"))...)
	job.Reports.JUnit = []string{Reports + "junit.xml"}
	if p.is.Requires("pytest-cov") {
		if !p.is.OwnCoverage { // a second --cov would widen what the project measures
			words = append(words, "--cov")
		}
		words = append(words, "--cov-report=xml:"+report("coverage.xml"))
		job.Run = []string{"export COVERAGE_FILE=" + report(".coverage")}
		job.Reports.Coverage = []string{Reports + "coverage.xml"}
	}
	job.Run = append(job.Run, module(words...))
}

// lint runs the tools that the environment holds. One that is only configured may
// be run by an editor, and is noted.
func (p *python) lint() []pipeline.Job {
	const others = ".venv,venv,env,node_modules,build,dist"
	var jobs []pipeline.Job
	for _, tool := range []struct {
		name, run string
		reports   pipeline.Reports
		optional  bool
	}{
		{"flake8", module("flake8 --extend-exclude="+others, "--tee --output-file="+report("flake8.txt"), "."), findings("flake8", "flake8.txt"), false},
		{"ruff", module("ruff check --output-format=json --output-file="+report("ruff.json"), "."), findings("ruff", "ruff.json"), false},
		{"black", module("black --check ."), pipeline.Reports{}, false},
		{"isort", module("isort --check-only --skip-gitignore ."), pipeline.Reports{}, false},
		{"mypy", p.mypy(), pipeline.Reports{Findings: []pipeline.Findings{{Format: "mypy", Path: "-"}}}, false},
		{"pip-audit", module("pip_audit --local"), pipeline.Reports{}, true},
	} {
		if !p.is.Requires(tool.name) {
			if p.is.Configures(tool.name) {
				p.maker.note(p.Component, "not-required", "", tool.name+" is configured but in no requirements: it is not run.", tool.name+" está configurado pero no está en los requisitos: no se ejecuta.")
			}
			continue
		}
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Lint, Variant: tool.name, Run: []string{tool.run}, Reports: tool.reports, Optional: tool.optional, Daily: tool.optional, Memory: 256 << 20})
	}
	return jobs
}

func findings(format, file string) pipeline.Reports {
	return pipeline.Reports{Findings: []pipeline.Findings{{Format: format, Path: Reports + file}}}
}

func (p *python) mypy() string {
	if p.is.MypyHasFiles {
		return module("mypy")
	}
	return module(`mypy --exclude '(^|/)(\.venv|venv|env|node_modules|build|dist)/' .`)
}

func (p *python) build() []pipeline.Job {
	var jobs []pipeline.Job
	if p.is.Package {
		wheel := module("pip wheel --no-deps --wheel-dir dist .")
		switch lock := p.lock(); { // an environment of uv or poetry has no pip
		case lock == "uv":
			wheel = "uv build --out-dir dist"
		case lock == "poetry":
			wheel = "poetry build"
		case p.is.Requires("build"):
			wheel = module("build --outdir dist .")
		}
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Build, Run: []string{p.offline(), wheel}, Outputs: []string{"dist"}})
	}
	if p.is.Static != "" {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Build, Variant: "static", Run: []string{interpreter + " manage.py collectstatic --noinput"}, Outputs: []string{p.is.Static}})
	}
	return jobs
}

func (p *python) integration() []pipeline.Job {
	if p.is.Integration == "" || !p.is.Requires("pytest") && !p.is.Configures("pytest") {
		return nil
	}
	job := pipeline.Job{Stage: pipeline.Integration, Services: p.Images.Services, Memory: 512 << 20}
	flags := p.is.Integration
	if strings.HasSuffix(flags, ".ini") {
		flags = "-c " + flags
	}
	job.Run = []string{module("pytest", flags, "--junitxml="+report("junit.xml"))}
	job.Reports.JUnit = []string{Reports + "junit.xml"}
	return []pipeline.Job{job}
}
