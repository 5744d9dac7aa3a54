package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

// Options is what an engine depends on.
type Options struct {
	Registry *procedure.Registry
	Console  *report.Console
	// Door opens a door to programs. The engine opens one for each step, so that
	// every command is journalled under the step that ran it.
	Door func(...command.Option) *command.Door
	// JournalDir holds one file a run. PrepareState runs once before the first
	// of them is written; nil prepares nothing.
	JournalDir   string
	PrepareState func() error
	// Header is what the journal says about this process. The engine fills in
	// the run's id and its start.
	Header journal.Header
	Lang   string
	// Planning makes Target show a plan instead of running anything.
	Planning bool
	// Targets are the targets on the command line, in order: a failure that a
	// step deferred is reported by the last of them.
	Targets []string
	// Keep leaves what a failed run changed as it is, instead of undoing it.
	Keep bool
	// Settings is the configuration in force, so that a later process can tell
	// whether it is still the same; nil compares nothing.
	Settings func() (map[string]string, error)
	// Continues is the run that Resume goes on with, from Unfinished; nil in a
	// run of its own.
	Continues *Past
	Catalogue func() (*symptom.Catalogue, error)
	Now       func() time.Time
	Random    io.Reader
	// Signals makes Target end its work in order on SIGINT and SIGTERM. It is
	// for programs; only one engine of a process may have it.
	Signals bool
}

// Engine runs targets. It lives as long as the process, since what has run once
// does not run again for a later target.
type Engine struct {
	opt     Options
	journal *recorder
	signals *signals

	mu       sync.Mutex
	outcomes map[string]*outcome // by target, in lower case
	planned  map[string]bool     // steps that a plan has shown
	next     int                 // where in opt.Targets the process is
}

// New returns an engine that has done nothing yet and touched nothing.
func New(opt Options) *Engine {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Engine{
		opt:      opt,
		journal:  newRecorder(opt),
		signals:  newSignals(opt),
		outcomes: map[string]*outcome{},
		planned:  map[string]bool{},
	}
}

// Target does what a target on the command line asks for: a step with all it
// needs, or NAMESPACE:all stage by stage. A returned *Failure knows the exit
// code and explains itself.
func (e *Engine) Target(ctx context.Context, target string) error {
	if e.opt.Planning {
		return e.Plan(ctx, target)
	}
	stages, known := e.opt.Registry.Stages(target)
	if !known {
		return unknown(target)
	}
	last := e.advance(target)
	ctx, release := e.signals.take(ctx)
	defer release()
	for _, stage := range stages {
		e.together(ctx, stage)
		if e.stopped(stage) {
			break
		}
	}
	return e.conclude(ctx, target, last, e.retreat(ctx))
}

// Close lets go of the journals: other processes may then work on these runs. A
// process that ends does that, too.
func (e *Engine) Close() error {
	return errors.Join(e.journal.close(), e.opt.Continues.release(), e.journal.undoes.release())
}

func unknown(target string) error {
	return fault.New(fault.Usage, "procedure:list names the procedures, procedure:show -of=NAME their steps",
		fmt.Errorf("run %s: no procedure has such a step", target))
}

// advance moves on along the command line and tells whether target is the last
// one there that this engine runs.
func (e *Engine) advance(target string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := e.next; i < len(e.opt.Targets); i++ {
		if strings.EqualFold(e.opt.Targets[i], target) {
			e.next = i + 1
			break
		}
	}
	for _, later := range e.opt.Targets[e.next:] {
		if _, known := e.opt.Registry.Stages(later); known {
			return false
		}
	}
	return true
}

// stopped tells whether one of the targets did not come to a good end, so that
// nothing after it may start. A failure that was only deferred does not stop.
func (e *Engine) stopped(targets []string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, target := range targets {
		if o := e.outcomes[strings.ToLower(target)]; o == nil || o.stops() {
			return true
		}
	}
	return false
}

// note keeps the outcome of a step.
func (e *Engine) note(o *outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.outcomes[strings.ToLower(o.step.Target)] = o
}

// errStopped is what mg.Deps is told about a step that failed. Its text is never
// shown: the outcome holds the real error.
var errStopped = errors.New("step did not succeed")
