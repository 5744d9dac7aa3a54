package bench

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

//go:embed all:testdata/ci
var projectFiles embed.FS

// modules is how many modules with tests the component has that is written in the
// language of a file: enough for several seconds, and about as many in both.
func modules(extension string) int {
	if extension == ".py" {
		return 1000
	}
	return 150
}

// prepare makes the project, the programs of the peers and what they run.
func (p *pipeline) prepare(ctx context.Context) error {
	began := time.Now()
	var err error
	if p.cpus, p.toolchain.jobs, err = someCores(); err != nil {
		return err
	}
	for _, dir := range []string{"checkout/config", "peer", "project"} {
		if err := os.MkdirAll(p.path(dir), 0o755); err != nil {
			return err
		}
	}
	if err := errors.Join(
		os.WriteFile(p.path("checkout/go.mod"), []byte("module iact-infra\n"), 0o600),
		os.WriteFile(p.path("checkout/config/iact.yaml"), nil, 0o600),
		p.configure(0), p.compileTask(ctx), p.seed(),
	); err != nil {
		return err
	}
	// The lock file names each package's archive, as npm writes it unless a machine is
	// set otherwise: else npm ci asks the registry for all of them. npm's cache is filled.
	const lock = `cd seed && (cd ui && npm install --no-audit --no-fund --omit-lockfile-registry-resolved=false &&
		grep -q '"resolved"' package-lock.json && rm -r node_modules) && git init -q && git add . &&
		git -c user.name=bench -c user.email=bench@localhost commit -q -m first && rm -r ../project && cp -a ../seed ../project`
	if _, err := p.timed(ctx, lock); err != nil {
		return err
	}
	c := command.Read(p.iact, "ci:jobs")
	c.Env = []string{"IACT_DIR=" + p.path("checkout"), "IACT_CONFIG=" + p.config(), "IACT_FORMAT=json"}
	text, err := p.door.Text(ctx, c).String()
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &p.jobs); err != nil {
		return fmt.Errorf("read jobs: %w", err)
	}
	p.took("project", began)
	return errors.Join(p.procedure(), p.serial(), p.taskfile())
}

// seed writes the sources. A file named module is written once for each module.
func (p *pipeline) seed() error {
	return fs.WalkDir(projectFiles, "testdata/ci", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := projectFiles.ReadFile(name)
		if err != nil {
			return err
		}
		to := p.path("seed/" + strings.TrimPrefix(name, "testdata/ci/"))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		last, many := strings.CutPrefix(path.Base(to), "module")
		if !many {
			return os.WriteFile(to, text, 0o600)
		}
		begin := "m"
		if path.Base(path.Dir(to)) == "tests" {
			begin = "test_m"
		}
		var index strings.Builder
		for i := range modules(path.Ext(to)) {
			number := strconv.Itoa(i)
			fmt.Fprintf(&index, "exports.m%d = require('./m%d');\n", i, i)
			if err := os.WriteFile(filepath.Join(path.Dir(to), begin+number+last), []byte(strings.ReplaceAll(string(text), "@N@", number)), 0o600); err != nil {
				return err
			}
		}
		if last != ".js" {
			return nil
		}
		return os.WriteFile(filepath.Join(path.Dir(to), "index.js"), []byte(index.String()), 0o600)
	})
}

// configure writes the configuration; jobs is how many run at once, 0 as many as
// there are cores. Without the network nobody can audit, and PyPI cannot be asked:
// what Python needs is Debian's.
func (p *pipeline) configure(jobs int) error {
	return p.write(fmt.Sprintf(`  jobs: %d
  python: /usr/bin/python3
  components:
    - {name: ui, dir: ui, kind: node, jobs: [{stage: lint, variant: audit, run: []}]}
    - name: api
      dir: api
      kind: python
      jobs:
        - {stage: deps, run: ["/usr/bin/python3 -m venv --clear --system-site-packages --without-pip .venv"]}
`, cmp.Or(jobs, p.toolchain.jobs)))
}

func (p *pipeline) write(ci string) error {
	return os.WriteFile(p.config(), fmt.Appendf(nil, "project: %q\nci:\n%s", p.path("project"), ci), 0o600)
}

// reports is where a job of the peers leaves its reports.
func (p *pipeline) reports(j job) string {
	return p.path("project/.iact-ci/peer-" + strings.ReplaceAll(j.Name, ":", "-"))
}

// procedure writes the commands of PROCED-INFRA-003, steps 3 to 7 and 10, as far as
// the project has what they work on: with npm ci instead of the npm install that
// the procedure itself marks as wrong, and with Debian's packages of Python. Step 10
// runs the tests and the build anew for its logs and reports.
func (p *pipeline) procedure() error {
	const lines = `cd %q
npm ci
cd ../api
/usr/bin/python3 -m venv --system-site-packages --without-pip .venv
cd ../ui
npm test -- --coverage
cd ../api
.venv/bin/python -m pytest --cov=. --cov-report=html --cov-report=term-missing
cd ../ui
npm run lint
cd ../api
.venv/bin/python -m flake8 app tests --max-line-length=120
cd ../ui
rm -rf build dist
npm run build
npm run test
npm run build
npm run test -- --coverage --testResultsProcessor=jest-junit
cd ../api
.venv/bin/python -m pytest --junitxml=test-results.xml --cov --cov-report=xml
`
	return os.WriteFile(p.path("peer/procedure.sh"), fmt.Appendf(nil, lines, p.path("project/ui")), 0o600)
}

// serial writes the commands of all jobs, one after the other.
func (p *pipeline) serial() error {
	var script strings.Builder
	for _, j := range p.jobs {
		if len(j.Run) > 0 {
			fmt.Fprintf(&script, "(\ncd %q\nmkdir -p %q\nexport CI=true IACT_REPORTS=%q\n%s\n)\n", p.path("project/"+j.Dir), p.reports(j), p.reports(j), strings.Join(j.Run, "\n"))
		}
	}
	return os.WriteFile(p.path("peer/serial.sh"), []byte(script.String()), 0o600)
}

// taskfile writes the jobs for go-task, with what each reads and makes.
func (p *pipeline) taskfile() error {
	sources := map[string][]string{
		"ui":  {"ui/src/**/*.js", "ui/package.json", "ui/package-lock.json", "ui/.eslintrc.json"},
		"api": {"api/app/**/*.py", "api/tests/**/*.py", "api/pytest.ini", "api/.coveragerc", "api/.flake8", "api/requirements.txt"},
	}
	tasks := map[string]any{}
	var all []string
	for _, j := range p.jobs {
		if len(j.Run) == 0 {
			continue
		}
		task := map[string]any{
			"dir": p.path("project/" + j.Dir), "method": "checksum",
			"env":  map[string]string{"CI": "true", "IACT_REPORTS": p.reports(j)},
			"cmds": []string{"mkdir -p \"$IACT_REPORTS\"\n" + strings.Join(j.Run, "\n")},
		}
		read := sources[j.Dir]
		if len(j.Inputs) > 0 && !slices.Contains(j.Inputs, "*") {
			read = nil
			for _, name := range j.Inputs {
				read = append(read, path.Join(j.Dir, name))
			}
		}
		var made []string
		for _, name := range j.Outputs {
			made = append(made, p.path(path.Join("project", j.Dir, name, "**")))
		}
		for i := range read {
			read = slices.Clone(read)
			read[i] = p.path("project/" + read[i])
		}
		task["sources"], task["generates"] = read, made
		task["deps"] = slices.DeleteFunc(slices.Clone(j.Needs), func(need string) bool { return strings.HasSuffix(need, ":env") })
		tasks[j.Name] = task
		all = append(all, j.Name)
	}
	tasks["all"] = map[string]any{"deps": all}
	text, err := json.Marshal(map[string]any{"version": "3", "run": "once", "tasks": tasks}) // which is YAML, too
	if err != nil {
		return err
	}
	return os.WriteFile(p.path("peer/Taskfile.yml"), text, 0o600)
}
