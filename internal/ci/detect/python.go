package detect

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Python is what is known of a Python project.
type Python struct {
	Name         string
	Lock         string // uv, poetry, or "": pip by requirements
	Files        []File // of requirements that are installed
	Read         []string
	Required     []string // every package that is asked for by name, in its normal form
	Configured   []string // tools that a file configures: pytest, ruff, black, mypy, flake8
	Package      bool     // it can be built and installed
	Base         bool     // a file of requirements says what it runs with
	Extras       []string // for development, of pyproject.toml
	OwnCoverage  bool     // the options of pytest measure already
	Integration  string   // a file or directory of slower tests
	Manage       bool     // of Django
	Static       string   // where Django collects static files
	MypyHasFiles bool     // the configuration of mypy says what it looks at
	Tests        bool     // there are some that unittest finds
}

// Requires says whether a package is asked for.
func (p *Python) Requires(name string) bool { return slices.Contains(p.Required, name) }

// Configures says whether a file configures a tool.
func (p *Python) Configures(tool string) bool { return slices.Contains(p.Configured, tool) }

// isPython says whether a directory holds a Python project, and not just a script
// or the requirements of some documentation.
func isPython(t tree, dir string, files []string) bool {
	if has(files, "setup.py", "manage.py", "uv.lock", "poetry.lock") {
		return true
	}
	var file pyproject
	if has(files, "pyproject.toml") {
		if _, err := toml.Decode(t.read(dir, "pyproject.toml"), &file); err == nil && (file.Project.Name != "" || file.Build != nil || file.Tool["poetry"] != nil) {
			return true
		}
	}
	lists := has(files, "requirements*.txt") || has(files, "requirements/") && t.lists(dir, "requirements")
	return lists && (dir == "." || has(files, "pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "tests/", "test_*.py", "*_test.py", "conftest.py", "app.py", "main.py", "wsgi.py", "asgi.py", "Dockerfile"))
}

// lists says whether a directory holds files of requirements.
func (t tree) lists(dir, name string) bool {
	files, err := t.list(path.Join(dir, name))
	return err == nil && has(files, "*.txt")
}

// pyproject is what counts of pyproject.toml.
type pyproject struct {
	Project struct {
		Name         string              `toml:"name"`
		Dependencies []string            `toml:"dependencies"`
		Optional     map[string][]string `toml:"optional-dependencies"`
	} `toml:"project"`
	Build  map[string]any   `toml:"build-system"`
	Groups map[string][]any `toml:"dependency-groups"`
	Tool   map[string]any   `toml:"tool"`
}

func (s *search) python(dir string, files []string) *Python {
	p := &Python{Manage: has(files, "manage.py"), Tests: has(files, "tests/", "test/", "test_*.py")}
	s.project(p, dir, files)
	s.sections(p, dir, files)
	s.requirements(p, dir, files)
	switch {
	case has(files, "uv.lock"):
		p.Lock = "uv"
	case has(files, "poetry.lock"):
		p.Lock = "poetry"
	}
	if has(files, "setup.py") {
		p.Package = true
	}
	switch {
	case has(files, "pytest.integration.ini"):
		p.Integration = "pytest.integration.ini"
	case s.is(dir, "tests/integration"):
		p.Integration = "tests/integration"
	case s.is(dir, "tests/e2e"):
		p.Integration = "tests/e2e"
	}
	if p.Manage {
		p.Static = s.static(dir)
	}
	slices.Sort(p.Required)
	p.Required = slices.Compact(p.Required)
	slices.Sort(p.Configured)
	p.Configured = slices.Compact(p.Configured)
	return p
}

// project reads pyproject.toml.
func (s *search) project(p *Python, dir string, files []string) {
	if !has(files, "pyproject.toml") {
		return
	}
	text := s.read(dir, "pyproject.toml")
	var file pyproject
	if _, err := toml.Decode(text, &file); err != nil {
		s.note(dir, "unreadable", "pyproject.toml", "pyproject.toml is not TOML: nothing is known of its tools.", "pyproject.toml no es TOML: no se sabe nada de sus herramientas.")
		return
	}
	p.Name, p.Package = file.Project.Name, file.Build != nil
	for tool := range file.Tool {
		p.Configured = append(p.Configured, tool)
	}
	if table, is := file.Tool["mypy"].(map[string]any); is {
		p.MypyHasFiles = table["files"] != nil || table["packages"] != nil || table["modules"] != nil
	}
	if poetry, is := file.Tool["poetry"].(map[string]any); is {
		p.Required = append(p.Required, poetryNames(poetry)...)
		if name, is := poetry["name"].(string); is && p.Name == "" {
			p.Name = name
		}
	}
	ask := func(lines []string) {
		names, _, _ := Requirements(strings.Join(lines, "\n"))
		p.Required = append(p.Required, names...)
	}
	ask(file.Project.Dependencies)
	for extra, lines := range file.Project.Optional {
		if slices.Contains([]string{"dev", "develop", "development", "test", "tests", "testing", "lint"}, strings.ToLower(extra)) {
			p.Extras = append(p.Extras, extra)
			ask(lines)
		}
	}
	slices.Sort(p.Extras)
	for _, group := range file.Groups {
		for _, line := range group {
			if text, is := line.(string); is { // else it includes another group
				ask([]string{text})
			}
		}
	}
	p.OwnCoverage = regexp.MustCompile(`(?s)addopts.*--cov\b`).MatchString(text)
}

// poetryNames are the packages in the tables of poetry.
func poetryNames(table map[string]any) []string {
	var names []string
	for key, value := range table {
		inner, is := value.(map[string]any)
		if !is {
			continue
		}
		if key != "dependencies" && key != "dev-dependencies" {
			names = append(names, poetryNames(inner)...) // group.dev.dependencies
			continue
		}
		for name := range inner {
			names = append(names, normal(name))
		}
	}
	return names
}

// sections finds the tools that other files configure.
func (s *search) sections(p *Python, dir string, files []string) {
	for _, c := range []struct{ file, section, tool string }{
		{"pytest.ini", "pytest", "pytest"}, {"tox.ini", "pytest", "pytest"}, {"setup.cfg", "tool:pytest", "pytest"},
		{".flake8", "flake8", "flake8"}, {"tox.ini", "flake8", "flake8"}, {"setup.cfg", "flake8", "flake8"},
		{"mypy.ini", "mypy", "mypy"}, {".mypy.ini", "mypy", "mypy"}, {"setup.cfg", "mypy", "mypy"},
	} {
		text := ""
		if has(files, c.file) {
			text = s.read(dir, c.file)
		}
		body, is := section(text, c.section)
		if !is {
			continue
		}
		p.Configured = append(p.Configured, c.tool)
		switch c.tool {
		case "mypy":
			p.MypyHasFiles = regexp.MustCompile(`(?m)^(files|packages|modules)\s*=`).MatchString(body)
		case "pytest":
			if c.file == "pytest.ini" || !has(files, "pytest.ini") { // which wins over all others
				p.OwnCoverage = regexp.MustCompile(`(?s)addopts.*--cov\b`).MatchString(body)
			}
		}
	}
	for file, tool := range map[string]string{"ruff.toml": "ruff", ".ruff.toml": "ruff", "conftest.py": "pytest"} {
		if has(files, file) {
			p.Configured = append(p.Configured, tool)
		}
	}
}

// section is what stands below [name], up to the next one.
func section(text, name string) (string, bool) {
	in, found := false, false
	var body strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "[") {
			in = trimmed == "["+name+"]"
			found = found || in
		} else if in {
			body.WriteString(line)
		}
	}
	return body.String(), found
}
