package ci

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/ci/audit"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// auditing is ci:audit: each chosen job is run once under strace, and what it
// opened is held against what it declares. What a job needs is done first.
func (r *Room) auditing(ctx context.Context, w *procedure.Work) error {
	for _, stage := range pipeline.Stages() {
		r.mu.Lock()
		r.steps[stage] = w
		r.mu.Unlock()
	}
	s, err := r.open(ctx, w)
	if err != nil {
		return err
	}
	var all []findings.Finding
	for _, job := range s.pipeline.Jobs {
		if !s.chosen[job.Name()] || len(job.Run) == 0 || len(job.Services) > 0 {
			continue
		}
		if err := s.pool.Run(ctx, job.Needs...); err != nil {
			return err
		}
		if w.Door.Planning() {
			continue
		}
		found, err := r.audited(ctx, w, s, job)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	w.Publish(all, func(out io.Writer) { writeRemarks(out, all) })
	bad := 0
	for _, one := range all {
		if one.Level == findings.Error {
			bad++
		}
	}
	if bad > 0 {
		return fault.New(fault.Invalid, "add the lines above to the jobs in config/iact.yaml", fmt.Errorf("audit jobs: %d inputs are used and not declared: the cache may give a wrong result", bad))
	}
	return nil
}

// audited runs one job under strace.
func (r *Room) audited(ctx context.Context, w *procedure.Work, s *site, job pipeline.Job) ([]findings.Finding, error) {
	input, err := s.runner.Declared(ctx, job)
	if err != nil {
		return nil, err
	}
	if job.Limit == 0 {
		job.Limit = s.config.CI.Limit
	}
	w.Say.Info("%s: %s", job.Name(), "strace")
	mark := r.runID + "/audit/" + job.Name()
	did, err := audit.Run(ctx, w.Door, audit.Options{
		Project: s.project, Pipeline: withReports(s.pipeline), Job: withReport(job), Input: input, Home: r.getenv("HOME"),
		Env: []string{
			"CI=true", "IACT_COMPONENT=" + job.Component, "IACT_PROJECT=" + s.project, "IACT_TAG=audit",
			"IACT_REPORTS=" + filepath.Join(s.project, job.ReportsDir()), leftover.Mark(mark),
		},
	})
	if ended := leftover.End(ctx, leftover.Find(leftover.Mark(mark))); ended != nil && err == nil {
		err = ended
	}
	if err != nil {
		return nil, err
	}
	if did.Failed != nil {
		w.Say.Warn("%s: it failed under strace, and is judged by what it did until then: %s", job.Name(), s.redact.Text(strings.SplitN(did.Failed.Error(), "\n", 2)[0]))
	}
	usual := s.expected(job.Name())
	w.Say.Info("%s: %d calls, %s (%s without strace), %d remarks", job.Name(), did.Calls, report.Duration(did.Duration), report.Duration(usual), len(did.Remarks))
	return did.Findings(w.Lang), nil
}

// audits is the Validate of ci:audit: it has come to its end, and has left the
// project as jobs do.
func (r *Room) audits(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	found, _ := w.Published().Value.([]findings.Finding)
	return procedure.Evidence(fmt.Sprintf("%d remarks", len(found))), nil
}

// withReports makes the reports of all jobs outputs, which the cache keeps as well.
func withReports(p pipeline.Pipeline) pipeline.Pipeline {
	jobs := slices.Clone(p.Jobs)
	for i, job := range jobs {
		jobs[i] = withReport(job)
	}
	p.Jobs = jobs
	return p
}

func withReport(job pipeline.Job) pipeline.Job {
	if rel, err := filepath.Rel(job.Dir, job.ReportsDir()); err == nil {
		job.Outputs = append(slices.Clone(job.Outputs), filepath.ToSlash(rel))
	}
	return job
}

func writeRemarks(w io.Writer, all []findings.Finding) {
	for _, one := range all {
		fmt.Fprintf(w, "%s  %s  %s\n", one.Level, report.Clean(one.Path), report.Clean(one.Message))
	}
}

// fresh keeps of an outcome the findings that no baseline knows: what reports show.
func (s *site) fresh(did *outcome.Job) {
	if s.known == nil {
		return
	}
	did.Findings = s.known(did.Findings)
}
