package ci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/ci/defaults"
	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/runner"
	"iact-infra/internal/ci/schedule"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/redact"
)

// site is the pipeline of this process: what there is to do, and what does it.
type site struct {
	config   *config.Config
	project  string
	state    string // .iact/ci
	home     string // of this run, below state
	pipeline pipeline.Pipeline
	chosen   map[string]bool // jobs that the selection is about
	notes    []detect.Note
	redact   *redact.Redactor
	cache    *cache.Cache
	runner   *runner.Runner
	pool     *schedule.Pool
	known    func([]findings.Finding) []findings.Finding // without those of the baseline; nil: there is none
}

// open makes the site at the first step that runs jobs; the others find it there.
func (r *Room) open(ctx context.Context, w *procedure.Work) (*site, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.site == nil && r.failed == nil {
		r.site, r.failed = r.build(ctx, w)
	}
	return r.site, r.failed
}

// described is the pipeline as configuration and project have it, without what runs it.
func (r *Room) described(ctx context.Context, w *procedure.Work) (*site, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	s := &site{config: c, project: c.Project, state: filepath.Join(c.Root, ".iact", "ci"), redact: redact.New()}
	made, err := defaults.Pipeline(ctx, os.DirFS(s.project), defaults.Options{CI: c.CI, Project: c.Project, Toolkit: below(c), Has: func(program string) bool {
		_, err := w.Door.Look(ctx, program)
		return err == nil
	}})
	if err != nil {
		return nil, err
	}
	s.pipeline, s.notes = made.Pipeline, made.Notes
	return s, s.learn(r.o.Environ)
}

// below is where the toolkit lies in the project, with slashes; "" is elsewhere.
func below(c *config.Config) string {
	rel, err := filepath.Rel(c.Project, c.Root)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return ""
	}
	return filepath.ToSlash(rel)
}

// learn takes in which values are secrets: those of the environment, and of the
// components' .env files.
func (s *site) learn(environ []string) error {
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		s.redact.Learn(name, value)
	}
	for _, c := range s.pipeline.Components {
		pairs, err := dotenv.Find(filepath.Join(s.project, c.Dir))
		if err != nil {
			return err
		}
		for _, pair := range pairs {
			text, err := os.ReadFile(pair.File)
			if err != nil {
				continue // ci:env says that it is missing
			}
			for name, value := range dotenv.Values(dotenv.Parse(string(text))) {
				s.redact.Learn(name, value)
			}
		}
	}
	return nil
}

func (r *Room) build(ctx context.Context, w *procedure.Work) (*site, error) {
	s, err := r.described(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := r.equip(ctx, w, s); err != nil {
		return nil, errors.Join(err, r.unlock())
	}
	return s, nil
}

// equip gives the site what it runs jobs with, and the lock of the project.
func (r *Room) equip(ctx context.Context, w *procedure.Work, s *site) (err error) {
	if err := s.mark(ctx, w); err != nil {
		return err
	}
	if s.chosen, err = r.choose(ctx, w, s); err != nil {
		return err
	}
	r.began, r.runID = r.o.Now(), w.Run
	if r.runID == "" {
		r.runID = r.began.UTC().Format("20060102T150405Z") + "-ci-look"
	}
	s.home = filepath.Join(s.state, "runs", r.runID)
	level, err := cache.DecideTrust(r.getenv, s.config.CI.Trust)
	if err != nil {
		return err
	}
	s.cache = &cache.Cache{Store: &cache.DirStore{Dir: s.config.CI.Cache}, Level: level, State: s.state}
	if !w.Door.Planning() {
		if err := r.alone(s.config); err != nil {
			return err
		}
	}
	if !r.pick.Baseline { // else all findings are wanted
		if s.known, err = s.baseline(); err != nil {
			return err
		}
	}
	s.runner = runner.New(runner.Options{
		Door: w.Door, Through: func(job pipeline.Job) *command.Door { return r.work(job.Stage).Door }, Pipeline: s.pipeline, Project: s.project, State: s.state, Logs: filepath.Join(s.home, "logs"), ID: r.runID, Cache: s.cache,
		Fresh: r.pick.Fresh, Limit: s.config.CI.Limit, FreshFindings: s.known, Redact: s.redact, Getenv: r.getenv, Now: r.o.Now, Host: r.o.Host,
		Do: r.own, Around: r.around, Explain: r.explain(w.Lang), Why: r.why,
	})
	if err := r.sweep(ctx, w, s); err != nil {
		return err
	}
	limits := schedule.Limits{Cores: s.cores(), Memory: available()}
	if w.Door.Planning() {
		limits.Cores = 1 // its lines come in the order of the pipeline
	}
	s.pool, err = schedule.New(s.pipeline, schedule.Options{Limits: limits, Do: r.job(s), Expected: s.expected, Blocked: r.blocked(s)})
	return err
}

// job runs one job, and tells how it went on the line of its step.
func (r *Room) job(s *site) schedule.Do {
	return func(ctx context.Context, job pipeline.Job, lane int) error {
		did, err := s.runner.Run(ctx, job, lane)
		s.fresh(&did)
		if did.State == outcome.Failed || did.State == outcome.Warned {
			err = errors.Join(err, s.keep(job))
		}
		did.Needs, did.Ready = job.Needs, r.ready(job, did)
		r.record(did)
		r.tell(job, did)
		r.show(s, job, did)
		if s.pipeline.Jobs != nil && r.work(job.Stage) != nil && !r.work(job.Stage).Door.Planning() {
			err = errors.Join(err, s.remember(did))
		}
		return err
	}
}

// ready is when all that a job needs had ended: from then on it waited for a slot.
func (r *Room) ready(job pipeline.Job, did outcome.Job) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.began
	for _, need := range job.Needs {
		if needed, there := r.did[need]; there && needed.Start.Add(needed.Duration).After(last) {
			last = needed.Start.Add(needed.Duration)
		}
	}
	if last.After(did.Start) {
		return did.Start
	}
	return last
}

// blocked notes a job that could not run.
func (r *Room) blocked(s *site) func(pipeline.Job, error) {
	return func(job pipeline.Job, why error) {
		did := outcome.Job{Name: job.Name(), Component: job.Component, Stage: string(job.Stage), State: outcome.Cancelled, Why: why.Error(), Needs: job.Needs, Start: r.o.Now()}
		if errors.Is(why, schedule.ErrBlocked) {
			did.State = outcome.Blocked
			_ = s.remember(did) // the failure of what it needs is told, whatever becomes of this
		}
		r.record(did)
	}
}

// baseline reads the findings that are known.
func (s *site) baseline() (func([]findings.Finding) []findings.Finding, error) {
	if s.config.CI.Baseline == "" {
		return nil, nil
	}
	f, err := os.Open(s.config.CI.Baseline)
	if err != nil {
		return nil, fault.New(fault.Usage, "ci:lint -baseline=true writes it, or take ci.baseline out", fmt.Errorf("read baseline: %w", err))
	}
	defer f.Close()
	known, err := findings.ReadBaseline(f)
	if err != nil {
		return nil, err
	}
	return func(all []findings.Finding) []findings.Finding {
		fresh, _, _ := findings.New(all, known)
		return fresh
	}, nil
}

// choose are the jobs that the command line is about.
func (r *Room) choose(ctx context.Context, w *procedure.Work, s *site) (map[string]bool, error) {
	chosen := map[string]bool{}
	components := r.pick.Components
	for _, name := range components {
		if _, there := s.pipeline.Component(name); !there {
			var names []string
			for _, c := range s.pipeline.Components {
				names = append(names, c.Name)
			}
			return nil, fault.New(fault.Usage, "the components are "+strings.Join(names, ", "), fmt.Errorf("select component %s: there is none of that name", name))
		}
	}
	if r.pick.Job != "" {
		if _, there := s.pipeline.Job(r.pick.Job); !there {
			return nil, fault.New(fault.Usage, "ci:jobs lists them", fmt.Errorf("select job %s: there is none of that name", r.pick.Job))
		}
		return map[string]bool{r.pick.Job: true}, nil
	}
	if r.pick.Since != "" {
		changed, err := checkout.ChangedFiles(ctx, w.Door, s.project, r.pick.Since)
		if err != nil {
			return nil, err
		}
		reached := s.pipeline.Reached(changed)
		if len(components) == 0 {
			components = reached
		} else {
			components = slices.DeleteFunc(slices.Clone(components), func(name string) bool { return !slices.Contains(reached, name) })
		}
		if len(components) == 0 {
			return chosen, nil
		}
	}
	for _, j := range s.pipeline.Jobs {
		if (len(components) == 0 || slices.Contains(components, j.Component)) && (r.pick.Variant == nil || *r.pick.Variant == j.Variant) {
			chosen[j.Name()] = true
		}
	}
	return chosen, nil
}

// available is how much memory jobs may take together; 0 where nobody tells.
func available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	return 0
}

// cores is how many jobs may run at once.
func (s *site) cores() int {
	if s.config.CI.Jobs > 0 {
		return s.config.CI.Jobs
	}
	return runtime.GOMAXPROCS(0)
}
