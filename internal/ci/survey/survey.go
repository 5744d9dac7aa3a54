// Package survey finds out whether this machine can run a pipeline.
//
// Only what the components need is demanded: a project without Docker is not told
// to install it. Each probe looks at one thing, all run at the same time, and each
// has a time limit of its own, so that a daemon that hangs is one warning and not
// a check that never ends. Nothing is changed, and only the repository's server is
// asked over the network, when that is wanted. What could not be read becomes a
// warning that says why; nothing is guessed.
package survey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// Wants are what the pipeline is made of.
type Wants struct {
	Dir        string // the project
	Components []pipeline.Component
	Services   bool   // jobs need services of a compose file
	Python     string // the interpreter that environments are made with; "": python3
	Remote     string // the remote or address that ls-remote is asked of; "" asks none
	Home       string // "": $HOME
	Browsers   string // "": $PLAYWRIGHT_BROWSERS_PATH
	// Recall is what the program of a line is known to say in a directory; nil: nothing is.
	Recall func(ctx context.Context, line, dir string) (said string, known bool)
}

// Limits for a probe on this machine, and for one that asks a server.
const (
	near = 5 * time.Second
	far  = 15 * time.Second
)

// look is one survey.
type look struct {
	Wants
	door *command.Door
}

type probe func(context.Context) []verdict.Finding

// Look runs the probes that the wants ask for. Its findings come in the order in
// which a person would look.
func Look(ctx context.Context, door *command.Door, w Wants) []verdict.Finding {
	if w.Python == "" {
		w.Python = "python3"
	}
	if w.Home == "" {
		w.Home = os.Getenv("HOME")
	}
	if w.Browsers == "" {
		w.Browsers = os.Getenv("PLAYWRIGHT_BROWSERS_PATH")
	}
	l := look{w, door}
	probes := l.probes()
	found := make([][]verdict.Finding, len(probes))
	var all sync.WaitGroup
	for i, p := range probes {
		all.Go(func() { found[i] = p(ctx) })
	}
	all.Wait()
	return slices.Concat(found...)
}

func (l look) probes() []probe {
	all := []probe{l.git, l.identity}
	if l.Remote != "" {
		all = append(all, l.remote)
	}
	if node := l.of(pipeline.Node); len(node) > 0 {
		all = append(all, l.node)
		for _, c := range node {
			dir := l.dir(c)
			all = append(all, func(ctx context.Context) []verdict.Finding { return l.manager(ctx, c.Name, dir) }, func(context.Context) []verdict.Finding { return lock(c.Name, dir) })
		}
	}
	if len(l.of(pipeline.Python)) > 0 {
		all = append(all, l.python)
	}
	if len(l.of(pipeline.Go)) > 0 {
		all = append(all, l.golang)
	}
	if l.Services || len(l.of(pipeline.Docker)) > 0 {
		all = append(all, l.docker)
	}
	if l.Services || l.composed() {
		all = append(all, l.compose)
	}
	return append(all, l.gh, l.browsers, l.machine, l.ignored)
}

// composed tells whether images are built by a compose file.
func (l look) composed() bool {
	return slices.ContainsFunc(l.of(pipeline.Docker), func(c pipeline.Component) bool {
		return slices.ContainsFunc([]string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}, func(name string) bool {
			_, err := os.Stat(filepath.Join(l.Dir, c.Dir, name))
			return err == nil
		})
	})
}

// of are the components of a kind.
func (l look) of(kind pipeline.Kind) []pipeline.Component {
	return slices.DeleteFunc(slices.Clone(l.Components), func(c pipeline.Component) bool { return c.Kind != kind })
}

func (l look) dir(c pipeline.Component) string {
	return filepath.Join(l.Dir, filepath.FromSlash(c.Dir))
}

// ask is what a program prints.
func (l look) ask(ctx context.Context, limit time.Duration, program string, args ...string) (string, error) {
	if l.Recall != nil && slices.Equal(args, []string{"--version"}) {
		if said, known := l.Recall(ctx, program+" --version", l.Dir); known {
			return said, nil
		}
	}
	c := command.Read(program, args...)
	c.Dir, c.Timeout, c.Secrets = l.Dir, limit, checkout.Secrets(l.Remote)
	c.Env = []string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS_REQUIRE=never", "GIT_OPTIONAL_LOCKS=0", "NO_UPDATE_NOTIFIER=1", "COREPACK_ENABLE_NETWORK=0"}
	return l.door.Text(ctx, c).String()
}

// finding begins a finding that is well until judged otherwise.
func finding(code, es, en, about string) verdict.Finding {
	return verdict.Finding{Code: code, State: verdict.OK, About: about, Title: verdict.Say(es, en)}
}

func fine(f verdict.Finding, format string, args ...any) []verdict.Finding {
	f.Seen = fmt.Sprintf(format, args...)
	return []verdict.Finding{f}
}

func bad(f verdict.Finding, state verdict.State, seen string, cause, fix procedure.Text) []verdict.Finding {
	f.State, f.Seen, f.Cause, f.Fix = state, seen, cause, fix
	return []verdict.Finding{f}
}

// silent is the finding for a program that gave no answer: one that is missing
// fails, one that is there and does not answer cannot be judged.
func silent(f verdict.Finding, err error, install procedure.Text) []verdict.Finding {
	var missing *command.NotFound
	if errors.As(err, &missing) {
		return bad(f, verdict.Fail, "missing", verdict.Sayf("%s no está en el PATH, y el pipeline lo necesita", "%s is not in PATH, and the pipeline needs it", missing.Program), install)
	}
	f.Unknown = true
	return bad(f, verdict.Warn, "unknown: "+command.Reason(err), verdict.Say("el programa no contestó, así que no se juzgó", "the program did not answer, so this was not judged"),
		verdict.Say("ejecútelo a mano y mire qué dice", "run it by hand and see what it says"))
}

// ignored: a .env file that a template asks for is kept out of git before it is made.
func (l look) ignored(ctx context.Context) []verdict.Finding {
	dirs := []string{l.Dir}
	for _, c := range l.Components {
		if dir := l.dir(c); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	var all []verdict.Finding
	for _, dir := range dirs {
		pairs, err := dotenv.Find(dir)
		if err != nil {
			f := finding("CI-PRJ-001", "Directorio del componente", "Directory of the component", dir)
			return append(all, bad(f, verdict.Fail, command.Reason(err), verdict.Say("la configuración nombra un directorio que no se puede leer", "the configuration names a directory that cannot be read"),
				verdict.Say("corrija ci.components, o traiga el repositorio: mage ci:checkout", "correct ci.components, or get the repository: mage ci:checkout"))...)
		}
		for _, p := range pairs {
			for _, f := range dotenv.Ignored(ctx, l.door, p.File) {
				if name, err := filepath.Rel(l.Dir, p.File); err == nil {
					f.About = name
				}
				all = append(all, f)
			}
		}
	}
	return all
}
