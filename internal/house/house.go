package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"iact-infra/internal/backup"
	"iact-infra/internal/ci"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/cpython"
	"iact-infra/internal/devcontainer"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/host"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
	"iact-infra/internal/vm"
)

// House holds what the targets of one process share. Each part is built when it
// is first asked for, once; an error stays the answer.
type House struct {
	env       Environment
	root      func() (string, error)
	console   func() (*report.Console, error)
	config    func() (*config.Config, error)
	registry  func() (*procedure.Registry, error)
	engine    func() (*engine.Engine, error)
	catalogue func() (*symptom.Catalogue, error)
	places    func() (*command.Places, error)
	backup    func() *backup.Room
	cpython   func() *cpython.Room
	host      func() *host.Room

	devcontainer func() *devcontainer.Room
	vm           func() *vm.Room
	ci           func() *ci.Room

	// continues is the run that procedure:resume goes on with. It is set before
	// the engine and the rooms are built: they take its targets for their own.
	continues *engine.Past
}

// New returns a house that has read and written nothing yet.
func New(env Environment) *House {
	h := &House{env: env}
	h.root = sync.OnceValues(func() (string, error) { return config.FindRoot(env.Getenv, env.Workdir) })
	h.console = sync.OnceValues(h.openConsole)
	h.config = sync.OnceValues(h.loadConfig)
	h.registry = sync.OnceValues(h.buildRegistry)
	h.engine = sync.OnceValues(h.buildEngine)
	h.catalogue = sync.OnceValues(symptom.Load)
	h.places = sync.OnceValues(h.openPlaces)
	h.backup = sync.OnceValue(h.buildBackup)
	h.cpython = sync.OnceValue(h.buildCPython)
	h.host = sync.OnceValue(h.buildHost)
	h.devcontainer = sync.OnceValue(h.buildDevcontainer)
	h.vm = sync.OnceValue(h.buildVM)
	h.ci = sync.OnceValue(h.buildCI)
	return h
}

// Targets are the targets that the command line names, in lower case; those of
// the run that procedure:resume goes on with take the place of its own.
func (h *House) Targets() []string {
	if h.continues != nil {
		var all []string
		for _, target := range h.continues.Targets() {
			all = append(all, strings.ToLower(target))
		}
		return all
	}
	return meant(journal.Words(h.env.Args))
}

// Root is the checkout that the toolkit works in.
func (h *House) Root() (string, error) { return h.root() }

// Console is where results and messages go.
func (h *House) Console() (*report.Console, error) { return h.console() }

// Config is the effective configuration.
func (h *House) Config() (*config.Config, error) { return h.config() }

// Registry holds the procedures of all rooms.
func (h *House) Registry() (*procedure.Registry, error) { return h.registry() }

// Engine runs the steps of this process.
func (h *House) Engine() (*engine.Engine, error) { return h.engine() }

// Run does what a target of a procedure asks for.
func (h *House) Run(ctx context.Context, target string) error {
	runner, err := h.Engine()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(runner.Target(ctx, target))
}

// Do does what is the business of no procedure.
func (h *House) Do(ctx context.Context, work func(context.Context) error) error {
	return h.Told(work(ctx))
}

// Planning tells whether IACT_PLAN asks for a plan instead of a run.
func (h *House) Planning() (bool, error) {
	return h.yes("IACT_PLAN", "for a plan")
}

// Keeping tells whether IACT_KEEP asks to leave what a failed run changed.
func (h *House) Keeping() (bool, error) {
	return h.yes("IACT_KEEP", "to keep what a failed run changed")
}

// yes reads a variable that is 1, 0 or not set.
func (h *House) yes(name, purpose string) (bool, error) {
	value := h.env.Getenv(name)
	if value == "" {
		return false, nil
	}
	said, err := strconv.ParseBool(value)
	if err != nil {
		return false, fault.New(fault.Usage, fmt.Sprintf("set %s=1 %s, or unset it", name, purpose),
			fmt.Errorf("read %s: %q is neither 1 nor 0", name, value))
	}
	return said, nil
}

// Door opens a door to the programs of this machine. While planning, changing
// commands are printed on standard output instead of run.
func (h *House) Door(options ...command.Option) (*command.Door, error) {
	planning, err := h.Planning()
	if err != nil {
		return nil, err
	}
	if planning {
		options = append(options, command.Planning(h.env.Stdout))
	}
	return command.NewDoor(command.Local(), options...), nil
}

func (h *House) openConsole() (*report.Console, error) {
	options, err := report.FromEnv(h.env.Getenv, h.env.Stdout, h.env.Stderr)
	if err != nil {
		return nil, err
	}
	return report.New(options), nil
}

func (h *House) loadConfig() (*config.Config, error) {
	root, err := h.Root()
	if err != nil {
		return nil, err
	}
	return config.Load(config.Options{Root: root, Getenv: h.env.Getenv})
}

// openPlaces makes the transports to other hosts, containers and machines. The
// connections end with this process.
func (h *House) openPlaces() (*command.Places, error) {
	c, err := h.Config()
	if err != nil {
		return nil, err
	}
	return &command.Places{SSHConfig: c.SSH.Config, VagrantDir: c.VM.Dir, Cache: filepath.Join(c.Root, ".iact", "cache")}, nil
}

func (h *House) buildRegistry() (*procedure.Registry, error) {
	var tables []procedure.Procedure
	for _, open := range h.env.Rooms {
		table, err := open(h)
		if err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return procedure.NewRegistry(tables...)
}

func (h *House) buildEngine() (*engine.Engine, error) {
	console, consoleErr := h.Console()
	root, rootErr := h.Root()
	registry, registryErr := h.Registry()
	planning, planningErr := h.Planning()
	keep, keepErr := h.Keeping()
	if err := errors.Join(consoleErr, rootErr, registryErr, planningErr, keepErr); err != nil {
		return nil, err
	}
	return engine.New(engine.Options{
		Registry:     registry,
		Console:      console,
		Door:         func(o ...command.Option) *command.Door { return command.NewDoor(command.Local(), o...) },
		JournalDir:   journalDir(root),
		PrepareState: func() error { return prepareState(root) },
		Header:       h.header(),
		Lang:         console.Lang(),
		Planning:     planning,
		Targets:      h.Targets(),
		Keep:         keep,
		Settings:     h.settings,
		Continues:    h.continues,
		Catalogue:    h.catalogue,
		Now:          h.env.Now,
		Random:       h.env.Random,
		Signals:      h.env.Signals,
	}), nil
}

// header says who runs what where. Names that cannot be found stay empty: that
// is no reason to refuse a backup.
func (h *House) header() journal.Header {
	header := journal.Header{
		Version: Version(),
		Args:    h.env.Args,
		PID:     os.Getpid(),
	}
	header.Host, _ = os.Hostname()
	if who, err := user.Current(); err == nil {
		header.Who = who.Username
	}
	if asked := h.env.Getenv("SUDO_USER"); asked != "" && asked != header.Who {
		header.Who = asked + " as " + header.Who
	}
	return header
}

// Told gives every error of a target the form that mage prints well.
func (h *House) Told(err error) error {
	lang := "en"
	if console, broken := h.Console(); broken == nil {
		lang = console.Lang()
	}
	return engine.NewFailure(lang, err)
}

func journalDir(root string) string { return filepath.Join(root, ".iact", "journal") }
