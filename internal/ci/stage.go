package ci

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/ci/annotate"
	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/full"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/schedule"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// stage is the Run of a step: it has the jobs of a stage done, with all that they
// need. Those that fail do not keep the other stages, and the report, from their
// work: the failure is noted, and the invocation fails at its end.
func (r *Room) stage(of pipeline.Stage) procedure.Action {
	return func(ctx context.Context, w *procedure.Work) error { return full.Explain(r.do(ctx, w, of)) }
}

func (r *Room) do(ctx context.Context, w *procedure.Work, of pipeline.Stage) error {
	r.mu.Lock()
	r.steps[of] = w
	r.mu.Unlock()
	s, err := r.open(ctx, w)
	if err != nil {
		return err
	}
	names := s.of(of)
	if len(names) == 0 {
		w.Say.Info("%s", noJobs(of).In(w.Lang))
		return nil
	}
	ran := s.pool.Run(ctx, names...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if w.Door.Planning() {
		return ran
	}
	if !r.all() { // else ci:report does it
		if err := s.runner.Close(ctx); err != nil {
			return err
		}
	}
	if of == pipeline.Lint && r.selection().Baseline {
		return r.keepBaseline(w, s, names)
	}
	run := r.outcome(s, names)
	if !r.all() { // else ci:report tells it all at once
		if err := r.told(ctx, s, w, run); err != nil {
			return err
		}
	}
	w.Publish(run.Jobs, func(out io.Writer) { _ = page.Text(out, run, page.Options{Lang: w.Lang, Clean: s.redact.Text}) })
	if ran != nil {
		w.Defer(fault.New(fault.Code(ran), hintOf(ran, of), fmt.Errorf("%s", summed(ran))))
	}
	return nil
}

// told writes the report of a stage that was typed by itself.
func (r *Room) told(ctx context.Context, s *site, w *procedure.Work, run outcome.Run) error {
	return errors.Join(logs(run.Jobs, s.home), r.files(s, w, run, s.home), r.announce(s, w, run), s.ended(ctx, r, run))
}

func noJobs(of pipeline.Stage) procedure.Text {
	return procedure.Text{
		ES: fmt.Sprintf("el proyecto no tiene trabajos de la etapa %s", of),
		EN: fmt.Sprintf("the project has no jobs in the stage %s", of),
	}
}

// of are the names of the jobs of a stage that the selection is about.
func (s *site) of(stage pipeline.Stage) []string {
	var names []string
	for _, job := range s.pipeline.Of(stage) {
		if s.chosen[job.Name()] {
			names = append(names, job.Name())
		}
	}
	return names
}

// summed is what failed in a stage, a job a clause; those that only wait for
// another one are counted.
func summed(err error) string {
	var said []string
	blocked := 0
	for _, one := range each(err) {
		if errors.Is(one, schedule.ErrBlocked) {
			blocked++
			continue
		}
		said = append(said, strings.Join(strings.Split(strings.TrimSpace(one.Error()), "\n"), ", "))
	}
	if blocked > 0 {
		said = append(said, fmt.Sprintf("%d not run, since what they need has failed", blocked))
	}
	return strings.Join(said, "; ")
}

// each are the errors that Join has put together.
func each(err error) []error {
	if joined, several := err.(interface{ Unwrap() []error }); several {
		return joined.Unwrap()
	}
	return []error{err}
}

func hintOf(err error, of pipeline.Stage) string {
	for _, one := range each(err) {
		if hint := fault.Hint(one); hint != "" && !errors.Is(one, schedule.ErrBlocked) {
			return hint
		}
	}
	return fmt.Sprintf("the logs are shown above; mend it and type ci:%s again: what has passed comes from the cache", of)
}

// proved is the Validate of a stage: each of its jobs has an outcome.
func (r *Room) proved(of pipeline.Stage) procedure.Check {
	return func(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
		s, err := r.open(ctx, w)
		if err != nil {
			return "", err
		}
		count := map[outcome.State]int{}
		for _, name := range s.of(of) {
			did, there := r.outcomeOf(name)
			if !there {
				return "", fmt.Errorf("job %s has no outcome", name)
			}
			count[did.State]++
		}
		var said []string
		for _, state := range []outcome.State{outcome.Passed, outcome.Restored, outcome.Warned, outcome.Failed, outcome.Blocked} {
			if count[state] > 0 {
				said = append(said, fmt.Sprintf("%d %s", count[state], state))
			}
		}
		if len(said) == 0 {
			return procedure.Evidence(noJobs(of).In(w.Lang)), nil
		}
		return procedure.Evidence(strings.Join(said, ", ")), nil
	}
}

func (r *Room) outcomeOf(name string) (outcome.Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	did, there := r.did[name]
	return did, there
}

// show prints what a job has written: of one that failed, and inside of a CI system
// of each, as a fold.
func (r *Room) show(s *site, job pipeline.Job, did outcome.Job) {
	w := r.work(job.Stage)
	failed := did.State == outcome.Failed || did.State == outcome.Warned
	system := annotate.Detect(r.getenv)
	if w == nil || w.Door.Planning() || !failed && system == annotate.None {
		return
	}
	r.showing.Lock()
	defer r.showing.Unlock()
	_ = w.Say.Aside(func() error {
		annotate.Log{To: r.o.Stderr, System: system, Clean: s.redact.Text, Now: r.o.Now, Lang: w.Lang}.Jobs(outcome.Run{Jobs: []outcome.Job{did}})
		return nil
	})
}

// tell says on the step's line how a job went.
func (r *Room) tell(job pipeline.Job, did outcome.Job) {
	w := r.work(job.Stage)
	if w == nil || w.Door.Planning() || job.Stage == pipeline.Env && did.State == outcome.Passed {
		return
	}
	took := report.Duration(did.Duration)
	extra := ""
	if did.Tests != nil {
		extra = fmt.Sprintf(", %d tests", did.Tests.Passed+did.Tests.Failed)
		if did.Tests.Flaky > 0 {
			extra += fmt.Sprintf(", %d flaky", did.Tests.Flaky)
		}
	}
	if did.State == outcome.Restored && job.Image != "" {
		w.Say.Info("%s: unchanged, and the daemon has its image (had taken %s)", did.Name, report.Duration(did.Saved))
		return
	}
	switch did.State {
	case outcome.Restored:
		w.Say.Info("%s: unchanged, from the cache (had taken %s)%s", did.Name, report.Duration(did.Saved), extra)
	case outcome.Warned:
		w.Say.Warn("%s: failed, and only warns: %s", did.Name, did.Why)
	case outcome.Passed:
		w.Say.Info("%s: passed (%s)%s", did.Name, took, extra)
	default:
		w.Say.Warn("%s: %s (%s)%s: %s", did.Name, did.State, took, extra, did.Why)
	}
	if len(did.Left) > 0 {
		w.Say.Warn("%s: left processes behind, which were ended: %s", did.Name, strings.Join(did.Left, ", "))
	}
	if did.Note != "" {
		w.Say.Warn("%s: %s", did.Name, did.Note)
	}
}

// why says why a job runs again.
func (r *Room) why(job string, changes []fingerprint.Difference) {
	_, stage, _, _ := pipeline.ParseName(job)
	w := r.work(stage)
	if w == nil || len(changes) == 0 {
		return
	}
	const shown = 3
	var said []string
	for _, one := range changes[:min(shown, len(changes))] {
		said = append(said, one.Text().In(w.Lang))
	}
	if more := len(changes) - shown; more > 0 {
		said = append(said, fmt.Sprintf("+%d", more))
	}
	w.Say.Info("%s: %s", job, strings.Join(said, ", "))
}
