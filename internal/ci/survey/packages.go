package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/verdict"
)

// packageJSON is what counts of a package.json, and of the root in its lock file.
type packageJSON struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Manager string            `json:"packageManager"`
	Engines map[string]string `json:"engines"`
	Deps    map[string]string `json:"dependencies"`
	Dev     map[string]string `json:"devDependencies"`
	Opt     map[string]string `json:"optionalDependencies"`
}

// all are the dependencies with their ranges. An optional one stands in place of
// a plain one of its name, as npm has it.
func (p packageJSON) all() map[string]string {
	all := map[string]string{}
	for _, some := range []map[string]string{p.Dev, p.Deps, p.Opt} {
		for name, wanted := range some {
			all[name] = wanted
		}
	}
	return all
}

func readPackage(dir string) (packageJSON, error) {
	var p packageJSON
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return p, err
	}
	// Engines were a list once; what else is odd is npm's to complain about.
	if err := json.Unmarshal(text, &p); err != nil && p.Name == "" && len(p.all()) == 0 {
		return p, fmt.Errorf("read package.json: %w", err)
	}
	return p, nil
}

// lockFiles are the lock files and the programs that read them.
func lockFiles() [][2]string {
	return [][2]string{{"pnpm-lock.yaml", "pnpm"}, {"yarn.lock", "yarn"}, {"package-lock.json", "npm"}, {"npm-shrinkwrap.json", "npm"}}
}

// locks are the lock files of a directory.
func locks(dir string) (names, managers []string) {
	for _, l := range lockFiles() {
		if _, err := os.Stat(filepath.Join(dir, l[0])); err == nil {
			names = append(names, l[0])
			if !slices.Contains(managers, l[1]) {
				managers = append(managers, l[1])
			}
		}
	}
	return names, managers
}

// manager judges the program that installs the packages: the one that package.json
// names, else the one of the lock file, else npm.
func (l look) manager(ctx context.Context, component, dir string) []verdict.Finding {
	f := finding("CI-NOD-002", "Gestor de paquetes", "Package manager", component)
	_, managers := locks(dir)
	program, least := "npm", []int{9}
	if len(managers) > 0 {
		program = managers[0]
	}
	p, err := readPackage(dir)
	if err != nil {
		return bad(f, verdict.Fail, reason(err), verdict.Say("un componente de Node tiene un package.json", "a component of Node has a package.json"), verdict.Say("corrija ci.components, o el archivo", "correct ci.components, or the file"))
	}
	if name, _, has := strings.Cut(p.Manager, "@"); has && slices.Contains([]string{"npm", "pnpm", "yarn"}, name) {
		program = name
	}
	l.Dir = dir // where corepack looks for the version
	out, err := l.ask(ctx, near, program, "--version")
	v := strings.TrimSpace(out)
	switch {
	case err != nil && program == "npm":
		return silent(f, err, verdict.Say("viene con Node: nvm install 22", "it comes with Node: nvm install 22"))
	case err != nil:
		return silent(f, err, verdict.Sayf("corepack enable, o npm install --global %s", "corepack enable, or npm install --global %s", program))
	case program == "npm" && !atLeast(version(v), least...):
		return bad(f, verdict.Warn, "npm "+v, verdict.Say("hace falta npm 9 o más nuevo; uno más viejo escribe el lock de otra manera", "npm 9 or newer is needed; an older one writes the lock file in another way"), verdict.Same("npm install --global npm@latest"))
	}
	if _, wanted, has := strings.Cut(p.Manager, "@"); has && len(version(v)) > 0 && len(version(wanted)) > 0 && version(v)[0] != version(wanted)[0] {
		return bad(f, verdict.Warn, program+" "+v, verdict.Sayf("package.json pide %s", "package.json asks for %s", p.Manager), verdict.Same("corepack enable"))
	}
	return fine(f, "%s %s", program, v)
}

// lock judges the lock file: there is one, of one program, and it is in step with
// package.json. Only its root is compared, which is what npm ci looks at first.
func lock(component, dir string) []verdict.Finding {
	f := finding("CI-NOD-003", "Archivo de bloqueo", "Lock file", component)
	names, managers := locks(dir)
	switch {
	case len(names) == 0:
		return bad(f, verdict.Warn, "none", verdict.Say("npm ci no funciona sin él, y npm install da hoy una cosa y mañana otra", "npm ci does not work without it, and npm install gives one thing today and another tomorrow"),
			verdict.Say("npm install --package-lock-only, y suba package-lock.json", "npm install --package-lock-only, and commit package-lock.json"))
	case len(managers) > 1:
		return bad(f, verdict.Warn, strings.Join(names, ", "), verdict.Sayf("son de programas distintos; cuenta %s", "they are of different programs; %s counts", names[0]), verdict.Say("borre el que no usa", "delete the one that is not used"))
	}
	name := names[len(names)-1] // npm-shrinkwrap.json counts before package-lock.json
	p, err := readPackage(dir)
	if err != nil {
		return nil // the manager's finding says so
	}
	off, known := outOfStep(p, filepath.Join(dir, name))
	switch {
	case !known:
		return fine(f, "%s, not compared", name)
	case len(off) > 0:
		return bad(f, verdict.Fail, name+": "+strings.Join(off[:min(len(off), 5)], ", "), verdict.Say("no concuerda con package.json, y la instalación limpia se niega (EUSAGE)", "it is not in step with package.json, and a clean install refuses (EUSAGE)"),
			verdict.Sayf("%s install, y suba %s", "%s install, and commit %s", managers[0], name))
	}
	return fine(f, "%s, in step", name)
}

// outOfStep are the dependencies in which a lock file and package.json differ.
func outOfStep(p packageJSON, file string) (off []string, known bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, false
	}
	wanted := p.all()
	switch filepath.Base(file) {
	case "yarn.lock":
		for name, value := range wanted {
			at := regexp.QuoteMeta(name) + "@(npm:)?" + regexp.QuoteMeta(value)
			if !regexp.MustCompile(`(?m)(^|[", ])`+at+`[":,]`).Match(text) && !strings.Contains(value, ":") {
				off = append(off, name)
			}
		}
	case "package-lock.json", "npm-shrinkwrap.json":
		var all struct {
			Packages map[string]json.RawMessage `json:"packages"`
		}
		var root packageJSON
		raw, has := []byte(nil), false
		if json.Unmarshal(text, &all) == nil {
			raw, has = all.Packages[""]
		}
		if !has { // of npm 6, or broken
			return nil, false
		}
		_ = json.Unmarshal(raw, &root) // what could be read counts
		locked := root.all()
		for name, value := range wanted {
			if locked[name] != value {
				off = append(off, name)
			}
		}
		for name := range locked {
			if _, there := wanted[name]; !there {
				off = append(off, name)
			}
		}
	default:
		return nil, false
	}
	slices.Sort(off)
	return off, true
}

// browsers: Playwright drives browsers of its own, which no package manager brings.
func (l look) browsers(context.Context) []verdict.Finding {
	f := finding("CI-NOD-004", "Navegadores de Playwright", "Browsers of Playwright", "")
	who, install := "", "npx playwright install --with-deps"
	for _, c := range l.Components {
		dir := l.dir(c)
		p, err := readPackage(dir)
		all := p.all()
		if err == nil && (all["@playwright/test"] != "" || all["playwright"] != "") {
			who = c.Name
			continue
		}
		files, _ := filepath.Glob(filepath.Join(dir, "requirements*.txt"))
		more, _ := filepath.Glob(filepath.Join(dir, "requirements", "*.txt"))
		for _, name := range append(append(files, more...), filepath.Join(dir, "pyproject.toml")) {
			text, err := os.ReadFile(name)
			if err == nil && regexp.MustCompile(`(?mi)^[^#\n]*\b(pytest-)?playwright\b`).Match(text) && who == "" {
				who, install = c.Name, "playwright install --with-deps"
			}
		}
	}
	if who == "" {
		return nil
	}
	f.About = who
	dir := l.Browsers
	if dir == "" || dir == "0" {
		dir = filepath.Join(l.Home, ".cache", "ms-playwright")
	}
	var have []string
	for _, kind := range []string{"chromium-*", "chromium_headless_shell-*", "firefox-*", "webkit-*"} {
		found, _ := filepath.Glob(filepath.Join(dir, kind))
		for _, one := range found {
			have = append(have, filepath.Base(one))
		}
	}
	if len(have) == 0 {
		return bad(f, verdict.Warn, "none in "+dir, verdict.Say("sin ellos: Executable doesn't exist", "without them: Executable doesn't exist"), verdict.Same(install))
	}
	return fine(f, "%s", strings.Join(have, ", "))
}

func reason(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
