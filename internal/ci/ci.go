// Package ci is the room of procedure PROCED-INFRA-003: the pipeline of a project,
// the same on a laptop and in CI, and never twice for nothing.
//
// What there is to do is data (package pipeline), made from what lies in the
// project and from the configuration. The steps of the procedure that run
// programs are stages: each asks one pool for the jobs of its stage, all at once,
// and a job begins as soon as what itself needs has ended. A job whose inputs are
// what they were is taken from the cache. steps.go is the procedure as a table.
package ci

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/symptom"
)

// Options are what the room takes from the house.
type Options struct {
	Config    func() (*config.Config, error) // asked by the first step that needs it
	Environ   []string                       // of this process, as NAME=VALUE lines
	Now       func() time.Time
	Random    io.Reader
	Host      string
	Stderr    io.Writer // gets what a CI system reads between the lines
	Targets   []string  // of this invocation, in lower case
	Catalogue func() (*symptom.Catalogue, error)
}

// Room runs the procedure. It lives as long as the process.
type Room struct {
	o Options

	mu     sync.Mutex
	pick   Selection
	picked bool
	steps  map[pipeline.Stage]*procedure.Work // that are at work
	site   *site
	failed error // why there is no site
	lock   *os.File
	copy   *checkout.State
	did    map[string]outcome.Job
	began  time.Time
	runID  string

	showing sync.Mutex // held while the output of a job is printed
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room {
	return &Room{o: o, steps: map[pipeline.Stage]*procedure.Work{}, did: map[string]outcome.Job{}}
}

// Selection is what a command line asks for.
type Selection struct {
	Components []string // "" is all of them
	Job        string   // "" is all of a stage
	Variant    *string  // nil is all of them, "" the one that has no name
	Since      string   // only components that a change since this reaches; "" is all
	Baseline   bool     // the findings of this run become the baseline
	Fresh      bool     // nothing is taken from the cache
	Against    string   // a commit or branch, for ci:affected
	To         string   // a directory for the report
}

// Select says what the next targets are about. Another selection is refused: a job
// runs once in an invocation, and would be passed over for the second one.
func (r *Room) Select(s Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.picked && (s.Job != "" && s.Job != r.pick.Job || len(s.Components) > 0 && !slices.Equal(s.Components, r.pick.Components) || s.Since != "" && s.Since != r.pick.Since) {
		return fault.New(fault.Usage, "type the other one in a command of its own", fmt.Errorf("select %s: the targets before it are about %s", s, r.pick))
	}
	if !r.picked {
		r.pick = s
	}
	r.pick.Fresh = r.pick.Fresh || s.Fresh
	r.pick.Baseline = r.pick.Baseline || s.Baseline
	if s.To != "" {
		r.pick.To = s.To
	}
	r.picked = true
	return nil
}

// String says what was asked for.
func (s Selection) String() string {
	switch {
	case s.Job != "":
		return "job " + s.Job
	case len(s.Components) > 0:
		return "component " + strings.Join(s.Components, ", ")
	case s.Since != "":
		return "what has changed since " + s.Since
	}
	return "the whole pipeline"
}

func (r *Room) selection() Selection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pick
}

// Asked is what a command line asked for, as procedure:resume needs it.
func Asked(args []string) Selection {
	var s Selection
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "-component":
			s.Components = Listed(value)
		case "-variant":
			s.Variant = &value
		case "-job":
			s.Job = value
		case "-since":
			s.Since = value
		case "-fresh":
			s.Fresh = value == "true" || value == ""
		case "-to":
			s.To = value
		}
	}
	return s
}

// Listed are the names of a list with commas.
func Listed(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}

// getenv is the environment that the room was given; the last line counts.
func (r *Room) getenv(name string) string {
	for _, line := range slices.Backward(r.o.Environ) {
		if key, value, _ := strings.Cut(line, "="); key == name {
			return value
		}
	}
	return ""
}

// explain finds the symptom that a text shows.
func (r *Room) explain(lang string) func(string) *outcome.Advice {
	return func(text string) *outcome.Advice {
		if r.o.Catalogue == nil {
			return nil
		}
		catalogue, err := r.o.Catalogue()
		if err != nil {
			return nil
		}
		found := catalogue.MatchPreferring(text, symptoms())
		if len(found) == 0 {
			return nil
		}
		return &outcome.Advice{Symptom: found[0].ID, Cause: found[0].Cause.In(lang), Fix: found[0].Fix.In(lang)}
	}
}

// all says whether this invocation runs the whole procedure.
func (r *Room) all() bool {
	return slices.ContainsFunc(r.o.Targets, func(t string) bool { return t == "ci:all" || t == "ci:affected" || t == "ci:watch" })
}

// record keeps how a job went.
func (r *Room) record(did outcome.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did[did.Name] = did
}

// work is the step of a stage, or any that is at work.
func (r *Room) work(stage pipeline.Stage) *procedure.Work {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.steps[stage]; w != nil {
		return w
	}
	for _, other := range pipeline.Stages() {
		if w := r.steps[other]; w != nil {
			return w
		}
	}
	return nil
}

// Close lets go of the pipeline: another process may run it then. A process that
// ends does that, too.
func (r *Room) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unlock()
}
