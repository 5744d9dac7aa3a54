package survey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/verdict"
)

func (l look) git(ctx context.Context) []verdict.Finding {
	f := finding("CI-GIT-001", "Git", "Git", "")
	out, err := l.ask(ctx, near, "git", "--version")
	if err != nil {
		return silent(f, err, verdict.Same("sudo apt-get install git"))
	}
	v := strings.TrimPrefix(strings.TrimSpace(out), "git version ")
	if !atLeast(version(v), 2, 30) {
		return bad(f, verdict.Fail, v, verdict.Say("hace falta 2.30 o más nuevo", "2.30 or newer is needed"), verdict.Same("sudo apt-get install git"))
	}
	return fine(f, "%s", v)
}

// identity is only needed to commit.
func (l look) identity(ctx context.Context) []verdict.Finding {
	f := finding("CI-GIT-002", "Identidad en git", "Identity in git", "")
	var missing []string
	for _, key := range []string{"user.name", "user.email"} {
		if out, err := l.ask(ctx, near, "git", "config", "--get", key); err != nil || strings.TrimSpace(out) == "" {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return fine(f, "user.name, user.email")
	}
	return bad(f, verdict.Warn, "missing: "+strings.Join(missing, ", "), verdict.Say("sin ellas git no hace commits", "without them git makes no commit"),
		verdict.Same(`git config --global user.name "…" && git config --global user.email "…"`))
}

// remote asks as a fetch would: a ping says nothing about rights or proxies.
func (l look) remote(ctx context.Context) []verdict.Finding {
	f := finding("CI-GIT-003", "El repositorio contesta", "The repository answers", "")
	shown := checkout.Mask(l.Remote)
	if _, err := l.ask(ctx, far, "git", "ls-remote", "--quiet", "--heads", "--", l.Remote); err != nil {
		return bad(f, verdict.Warn, checkout.Mask(shown+": "+command.Reason(err)), verdict.Say("ci:checkout no podrá traer nada; lo demás funciona con lo que hay", "ci:checkout cannot get anything; the rest works with what is here"),
			verdict.Say("mire la red, el proxy (git config http.proxy) y los permisos (gh auth login)", "look at the network, the proxy (git config http.proxy) and the rights (gh auth login)"))
	}
	return fine(f, "%s", shown)
}

func (l look) node(ctx context.Context) []verdict.Finding {
	asked := l
	asked.Dir = l.dir(l.of(pipeline.Node)[0]) // where the jobs ask
	out, err := asked.ask(ctx, near, "node", "--version")
	v := strings.TrimSpace(out)
	var all []verdict.Finding
	for _, c := range l.of(pipeline.Node) {
		f := finding("CI-NOD-001", "Node", "Node", c.Name)
		install := verdict.Say("nvm install 22, o el paquete de nodejs.org", "nvm install 22, or the package of nodejs.org")
		if err != nil {
			all = append(all, silent(f, err, install)...)
			continue
		}
		wanted, from := nodeWanted(l.dir(c))
		ok, known := satisfies(version(v), wanted)
		switch {
		case known && !ok:
			all = append(all, bad(f, verdict.Fail, v, verdict.Sayf("%s pide %s", "%s asks for %s", from, wanted), verdict.Sayf("nvm install %s", "nvm install %s", firstVersion(wanted)))...)
		case !atLeast(version(v), 20):
			all = append(all, bad(f, verdict.Warn, v, verdict.Say("sin soporte: no recibe correcciones de seguridad", "out of support: it gets no security fixes"), install)...)
		case !known:
			all = append(all, fine(f, "%s; %s says %s, which was not judged", v, from, wanted)...)
		default:
			all = append(all, fine(f, "%s", v)...)
		}
	}
	return all
}

// nodeWanted is the range that a component asks for, and the file that says so.
func nodeWanted(dir string) (wanted, from string) {
	if text, err := os.ReadFile(filepath.Join(dir, ".nvmrc")); err == nil && len(version(string(text))) > 0 {
		return strings.TrimSpace(string(text)), ".nvmrc"
	}
	if p, err := readPackage(dir); err == nil && p.Engines["node"] != "" {
		return p.Engines["node"], "package.json (engines)"
	}
	return ">=18", "PROCED-INFRA-003"
}

func firstVersion(text string) string { return regexp.MustCompile(`\d+(\.\d+)*`).FindString(text) }

// python judges the interpreter, and whether it can make a virtual environment:
// Debian has what that takes in a package of its own.
func (l look) python(ctx context.Context) []verdict.Finding {
	const program = `import sys
print("%d.%d.%d" % sys.version_info[:3])
try:
    import venv, ensurepip
    print("venv" if ensurepip.version() else "")
except Exception as e:
    print("%s: %s" % (type(e).__name__, e))`
	out, err := l.ask(ctx, near, l.Python, "-I", "-c", program)
	first, usable, _ := strings.Cut(strings.TrimSpace(out), "\n")
	var all []verdict.Finding
	for _, c := range l.of(pipeline.Python) {
		f := finding("CI-PYT-001", "Python", "Python", c.Name)
		if err != nil {
			all = append(all, silent(f, err, verdict.Same("sudo apt-get install python3 python3-venv"))...)
			continue
		}
		wanted, from := pythonWanted(l.dir(c))
		if ok, known := satisfies(version(first), wanted); known && !ok {
			all = append(all, bad(f, verdict.Fail, first, verdict.Sayf("%s pide %s", "%s asks for %s", from, wanted),
				verdict.Sayf("cpython: {version: %s} en config/iact.yaml y mage cpython:all, y póngalo primero en el PATH", "cpython: {version: %s} in config/iact.yaml and mage cpython:all, and put it first in PATH", firstVersion(wanted)))...)
			continue
		}
		all = append(all, fine(f, "%s", first)...)
	}
	if err != nil {
		return all
	}
	f := finding("CI-PYT-002", "Entornos virtuales", "Virtual environments", "")
	if usable != "venv" {
		v := version(first)
		return append(all, bad(f, verdict.Fail, usable, verdict.Say("python3 -m venv no puede poner pip; en Debian está en un paquete aparte", "python3 -m venv cannot put pip in; Debian has that in another package"),
			verdict.Same(fmt.Sprintf("sudo apt-get install python%d.%d-venv", v[0], v[min(1, len(v)-1)])))...)
	}
	return append(all, fine(f, "venv and ensurepip")...)
}

func pythonWanted(dir string) (wanted, from string) {
	text, err := os.ReadFile(filepath.Join(dir, "pyproject.toml"))
	if err == nil {
		if found := regexp.MustCompile(`(?m)^\s*requires-python\s*=\s*["']([^"']+)["']`).FindSubmatch(text); found != nil {
			return string(found[1]), "pyproject.toml"
		}
	}
	return ">=3.9", "PROCED-INFRA-003"
}

func (l look) golang(ctx context.Context) []verdict.Finding {
	f := finding("CI-GOL-001", "Go", "Go", "")
	out, err := l.ask(ctx, near, "go", "version")
	if err != nil {
		return silent(f, err, verdict.Same("https://go.dev/dl"))
	}
	return fine(f, "%s", firstVersion(out))
}

// docker asks the daemon, not only the program.
func (l look) docker(ctx context.Context) []verdict.Finding {
	f := finding("CI-DOC-001", "Docker", "Docker", "")
	out, err := l.ask(ctx, near, "docker", "version", "--format", "{{.Server.Version}}")
	var failed *command.Error
	switch {
	case err == nil && !atLeast(version(out), 20, 10):
		return bad(f, verdict.Fail, strings.TrimSpace(out), verdict.Say("hace falta 20.10 o más nuevo", "20.10 or newer is needed"), verdict.Same("mage host:docker"))
	case err == nil:
		return fine(f, "%s", strings.TrimSpace(out))
	case errors.As(err, &failed) && strings.Contains(failed.Stderr, "permission denied"):
		return bad(f, verdict.Fail, "permission denied", verdict.Say("este usuario no puede hablar con el servicio", "this user may not talk to the daemon"), verdict.Same("mage host:group"))
	case errors.As(err, &failed) && failed.Exit > 0:
		return bad(f, verdict.Fail, command.Reason(err), verdict.Say("el programa está, pero el servicio no contesta", "the program is there, but the daemon does not answer"), verdict.Same("sudo systemctl start docker"))
	}
	return silent(f, err, verdict.Same("mage host:docker"))
}

func (l look) compose(ctx context.Context) []verdict.Finding {
	f := finding("CI-DOC-002", "Compose", "Compose", "")
	out, err := l.ask(ctx, near, "docker", "compose", "version", "--short")
	var failed *command.Error
	switch {
	case err == nil && atLeast(version(out), 2):
		return fine(f, "%s", strings.TrimSpace(out))
	case err == nil || errors.As(err, &failed) && failed.Exit > 0:
		return bad(f, verdict.Fail, strings.TrimSpace("docker compose "+strings.TrimSpace(out)), verdict.Say("hace falta Compose 2, como «docker compose»; docker-compose 1 ya no tiene soporte", "Compose 2 is needed, as \"docker compose\"; docker-compose 1 is out of support"),
			verdict.Same("sudo apt-get install docker-compose-plugin"))
	}
	return silent(f, err, verdict.Same("mage host:docker"))
}

// gh only makes signing in easier.
func (l look) gh(ctx context.Context) []verdict.Finding {
	f := finding("CI-GHC-001", "GitHub CLI (opcional)", "GitHub CLI (optional)", "")
	if _, err := l.door.Look(ctx, "gh"); err != nil {
		return fine(f, "not installed")
	}
	out, err := l.ask(ctx, near, "gh", "--version")
	if err != nil {
		return silent(f, err, verdict.Same("gh --version"))
	}
	return fine(f, "%s", firstVersion(out))
}
