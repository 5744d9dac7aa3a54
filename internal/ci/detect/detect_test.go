package detect_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
)

// tree is a project: names and contents in turn.
func tree(files ...string) fstest.MapFS {
	t := fstest.MapFS{}
	for i := 0; i+1 < len(files); i += 2 {
		t[files[i]] = &fstest.MapFile{Data: []byte(files[i+1]), Mode: 0o644}
	}
	return t
}

func find(t *testing.T, project fs.FS) detect.Found {
	t.Helper()
	found, err := detect.Find(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func names(found detect.Found) string {
	var all []string
	for _, c := range found.Components {
		all = append(all, fmt.Sprintf("%s=%s@%s", c.Name, c.Kind, c.Dir))
	}
	return strings.Join(all, " ")
}

func TestWhatOthersHaveMadeIsNoComponent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		project fstest.MapFS
		want    string
	}{
		"nothing":                           {tree("README.md", ""), ""},
		"installed and built":               {tree("node_modules/a/package.json", "{}", "dist/package.json", "{}", ".git/package.json", "{}", "vendor/x/go.mod", "module x", "x/testdata/go.mod", "module x"), ""},
		"an environment by any name":        {tree("py3/pyvenv.cfg", "", "py3/lib/setup.py", ""), ""},
		"too deep":                          {tree("a/b/c/d/package.json", "{}", "a/b/c/go.mod", "module x"), "c=go@a/b/c"},
		"examples of a package":             {tree("ui/package.json", "{}", "ui/examples/package.json", "{}", "ui/server/go.mod", "module y"), "ui=node@ui server=go@ui/server"},
		"tools of the whole and parts":      {tree("package.json", `{"name":"all"}`, "web/package.json", "{}", "api/setup.py", ""), "all=node@. api=python@api web=node@web"},
		"requirements of the documents":     {tree("docs/requirements.txt", "sphinx", "api/requirements.txt", "x", "api/app.py", ""), "api=python@api"},
		"a project of poetry":               {tree("pyproject.toml", "[tool.poetry]\nname = \"padron\"\n"), "padron=python@."},
		"requirements at the root":          {tree("requirements.txt", "x"), "app=python@."},
		"settings of tools only":            {tree("pyproject.toml", "[tool.ruff]\n"), ""},
		"two of one name":                   {tree("a/web/package.json", "{}", "b/web/package.json", "{}", "web/go.mod", "module z"), "web=node@a/web b-web=node@b/web web-go=go@web"},
		"names that are none":               {tree("Mi Página/package.json", "{}"), "mi-p-gina=node@Mi Página"},
		"containers of the whole":           {tree("compose.yml", "services: {x: {build: api}}", "api/setup.py", "", "docker/Dockerfile", "", "api/deploy/Dockerfile", ""), "app=docker@. api=python@api"},
		"a root that only has a Dockerfile": {tree("Dockerfile", ""), "app=docker@."},
	} {
		if have := names(find(t, c.project)); have != c.want {
			t.Errorf("%s: %s, want %s", name, have, c.want)
		}
	}
}

func TestTheManagerIsFoundByItsLockFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		project fstest.MapFS
		want    string
	}{
		"npm":                  {tree("package.json", "{}", "package-lock.json", ""), "npm package-lock.json"},
		"shrinkwrap":           {tree("package.json", "{}", "npm-shrinkwrap.json", ""), "npm npm-shrinkwrap.json"},
		"pnpm":                 {tree("package.json", "{}", "pnpm-lock.yaml", ""), "pnpm pnpm-lock.yaml"},
		"yarn":                 {tree("package.json", "{}", "yarn.lock", "# yarn lockfile v1\n"), "yarn yarn.lock"},
		"yarn since 2":         {tree("package.json", "{}", "yarn.lock", "# x\n\n__metadata:\n  version: 8\n"), "berry yarn.lock"},
		"none":                 {tree("package.json", "{}"), "npm "},
		"none, pnpm is wanted": {tree("package.json", `{"packageManager":"pnpm@9.1.0"}`), "pnpm "},
		"none, yarn is wanted": {tree("package.json", `{"packageManager":"yarn@4.1.0"}`), "berry "},
		"a mark of Windows":    {tree("package.json", "\ufeff{\"packageManager\":\"yarn@1.22.0\"}"), "yarn "},
		"no JSON":              {tree("package.json", `{"scripts"`), "npm "},
		"other types":          {tree("package.json", `{"name":5,"scripts":[],"workspaces":"x","dependencies":{"a":1},"packageManager":{}}`), "npm "},
	} {
		found := find(t, c.project)
		n := found.Components[0].Node
		if have := n.Manager + " " + n.Lock; have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
		if noted := slices.ContainsFunc(found.Notes, func(n detect.Note) bool { return n.Rule == "no-lock-file" && n.Component == found.Components[0].Name }); noted != (n.Lock == "") {
			t.Errorf("%s: the notes are %+v", name, found.Notes)
		}
	}
}

func TestYarnLinksByPlugAndPlayUnlessItIsToldOtherwise(t *testing.T) {
	t.Parallel()
	const berry = "# x\n\n__metadata:\n  version: 8\n"
	for name, c := range map[string]struct {
		project fstest.MapFS
		want    bool
	}{
		"nothing said":       {tree("package.json", "{}", "yarn.lock", berry), true},
		"said":               {tree("package.json", "{}", "yarn.lock", berry, ".yarnrc.yml", "nodeLinker: pnp\n"), true},
		"other settings":     {tree("package.json", "{}", "yarn.lock", berry, ".yarnrc.yml", "enableTelemetry: false\n"), true},
		"node_modules":       {tree("package.json", "{}", "yarn.lock", berry, ".yarnrc.yml", "nodeLinker: \"node-modules\"\n"), false},
		"links as pnpm does": {tree("package.json", "{}", "yarn.lock", berry, ".yarnrc.yml", "nodeLinker: pnpm\n"), false},
		"yarn 1":             {tree("package.json", "{}", "yarn.lock", "# yarn lockfile v1\n"), false},
		"npm":                {tree("package.json", "{}"), false},
	} {
		if have := find(t, c.project).Components[0].Node.PnP; have != c.want {
			t.Errorf("%s: %t, want %t", name, have, c.want)
		}
	}
}

func TestABuildGoesWhereItsBundlerSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ build, file, content, want string }{
		{"webpack", "webpack.config.js", "output: {path: path.join(__dirname, \"public/x\")}", "public/x"},
		{"webpack --output-path out/", "webpack.config.js", "path: path.resolve(__dirname, 'dist')", "out"},
		{"webpack", "webpack.config.js", "path: path.resolve(__dirname, '../static')", ""},
		{"webpack", "x", "", "dist"},
		{"react-scripts build", "x", "", "build"},
		{"tsc && vite build", "vite.config.mts", "build: { outDir: 'www' }", "www"},
		{"next build", "x", "", ".next"},
		{"tsc", "tsconfig.json", `{"compilerOptions": {"outDir": "lib"}}`, "lib"},
		{"node build.js", ".gitignore", "node_modules\n/out/\n", "out"},
		{"node build.js", "x", "", ""},
	} {
		found := find(t, tree("package.json", fmt.Sprintf(`{"scripts":{"build":%q}}`, c.build), c.file, c.content))
		if have := found.Components[0].Node.Output; have != c.want {
			t.Errorf("%s with %s: %q, want %q", c.build, c.file, have, c.want)
		}
	}
}

func TestRequirementsAreThoseOfDevelopmentAndEachOnce(t *testing.T) {
	t.Parallel()
	found := find(t, tree(
		"manage.py", "", "requirements/base.txt", "-r base.txt\nDjango==5 \\\n  --hash=sha256:aa\n", "requirements/dev.txt", "--requirement base.txt\nPytest_Cov[x]>=1 ; python_version>'3'\n",
		"requirements/docs.txt", "sphinx", "requirements/production.txt", "gunicorn", "requirements-test.txt", "-c requirements/lock.txt\n# flake8\nhttps://x/y.whl\n./local\nruff # r\n",
		"requirements/lock.txt", "-r ../../etc/passwd\n"))
	p := found.Components[0].Python
	if have, want := fmt.Sprint(p.Files), "[{requirements-test.txt false} {requirements/dev.txt true}]"; have != want {
		t.Errorf("files %s, want %s", have, want)
	}
	if have, want := strings.Join(p.Required, " "), "django pytest-cov ruff"; have != want {
		t.Errorf("required %s, want %s", have, want)
	}
	if !p.Base || !p.Manage || strings.Join(p.Read, " ") != "requirements-test.txt requirements/base.txt requirements/dev.txt requirements/lock.txt" {
		t.Errorf("%+v", p)
	}
}

func TestADirectoryOfTheConfigurationIsLookedAtWhereverItLies(t *testing.T) {
	t.Parallel()
	project := tree("a/b/c/d/e/package.json", `{"name":"deep"}`, "a/x.txt", "")
	found, err := detect.At(project, "a/b/c/d/e", "")
	if err != nil || names(found) != "e=node@a/b/c/d/e" {
		t.Errorf("%s, %v", names(found), err)
	}
	if found, err := detect.At(project, "a", ""); err != nil || len(found.Components) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := detect.At(project, "a", pipeline.Python); err != nil || found.Components[0].Python == nil {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := detect.At(project, "none", ""); err == nil {
		t.Error("a directory that is not there is looked at")
	}
}

func FuzzAnyFilesGiveComponentsWithGoodNames(f *testing.F) {
	f.Add(`{"name":"a","workspaces":{"packages":["x/*"]},"scripts":{"build":"vite"}}`, "[project]\nname='x'\n[dependency-groups]\na=['b']", "-r x\na[b]==1\n", "services: {a: {build: {context: ..}}}")
	f.Add(`{"workspaces":["[","/**","**"]}`, "[tool.poetry.group.dev.dependencies]\npytest='*'\n", "\\\n-r requirements.txt", "a: &a [*a]")
	f.Fuzz(func(t *testing.T, manifest, project, requirements, compose string) {
		found, err := detect.Find(t.Context(), tree("package.json", manifest, "x/package.json", manifest, "pyproject.toml", project, "requirements.txt", requirements, "compose.yaml", compose, "x/.env.example", requirements))
		if err != nil {
			t.Fatal(err)
		}
		var p pipeline.Pipeline
		for _, c := range found.Components {
			p.Components = append(p.Components, pipeline.Component{Name: c.Name, Dir: c.Dir, Kind: c.Kind, Needs: c.Needs})
			if strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" || c.Name == "" {
				t.Errorf("the name %q", c.Name)
			}
		}
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	})
}
