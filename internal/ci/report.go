package ci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/ci/annotate"
	"iact-infra/internal/ci/cache"
	"iact-infra/internal/ci/checkout"
	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/full"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/procedure"
	"iact-infra/internal/whole"
)

// kept is how many runs are remembered.
const kept = 20

// outcome is what a run has to tell about some jobs; nil is all of the pipeline.
// Of a job that this process has not run, the last outcome counts.
func (r *Room) outcome(s *site, names []string) outcome.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	run := outcome.Run{ID: r.runID, Project: filepath.Base(s.project), Host: r.o.Host, Cores: s.cores(), Start: r.began, Duration: r.o.Now().Sub(r.began)}
	var measured []coverage.Report
	run.Thresholds = map[string]float64{}
	for _, c := range s.pipeline.Components {
		if c.Coverage > 0 {
			run.Thresholds[c.Name] = float64(c.Coverage)
		}
	}
	for _, job := range s.pipeline.Jobs {
		if names != nil && !slices.Contains(names, job.Name()) {
			continue
		}
		did, there := r.did[job.Name()]
		if !there {
			if did, there = s.last(job.Name()); !there || names != nil {
				continue
			}
			s.lines(&did)
		}
		run.Jobs = append(run.Jobs, did)
		if did.Coverage != nil {
			measured = append(measured, *did.Coverage)
		}
	}
	slices.SortStableFunc(run.Jobs, func(a, b outcome.Job) int { return a.Start.Compare(b.Start) })
	if len(run.Jobs) > 0 && len(r.did) == 0 { // another process has run them all
		run.Start = run.Jobs[0].Start
		for _, job := range run.Jobs {
			run.Duration = max(run.Duration, job.Start.Add(job.Duration).Sub(run.Start))
		}
	}
	if len(measured) > 0 {
		merged := coverage.Merge(measured...)
		run.Coverage = &merged
	}
	return run
}

// report is step 10: what all jobs have to tell, in each form that somebody reads.
func (r *Room) report(ctx context.Context, w *procedure.Work) error {
	return full.Explain(r.tellAll(ctx, w))
}

func (r *Room) tellAll(ctx context.Context, w *procedure.Work) error {
	s, err := r.open(ctx, w)
	if err != nil || w.Door.Planning() {
		return err
	}
	run := r.outcome(s, nil)
	if state, err := checkout.Look(ctx, w.Door, s.project); err == nil {
		run.Commit, run.Branch, run.Dirty = state.Head, state.Branch, !state.Clean()
	}
	runs := filepath.Join(s.state, "runs")
	if run.Earlier, err = page.Earlier(runs, kept, run.ID); err != nil {
		return err
	}
	// A run of one stage is nothing to compare a whole one with.
	run.Earlier = slices.DeleteFunc(run.Earlier, func(e outcome.Earlier) bool { return e.Jobs != len(run.Jobs) })
	dir := s.home
	if to := r.selection().To; to != "" {
		dir = to
	}
	if err := logs(run.Jobs, dir); err != nil {
		return err
	}
	if err := r.files(s, w, run, dir); err != nil {
		return err
	}
	if r.all() {
		if err := r.announce(s, w, run); err != nil {
			return err
		}
	} else if err := r.summary(s, w, run); err != nil {
		return err
	}
	if err := s.ended(ctx, r, run); err != nil {
		return err
	}
	w.Publish(run, func(out io.Writer) {
		_ = page.Text(out, run, page.Options{Lang: w.Lang, Clean: s.redact.Text})
		fmt.Fprintln(out, filepath.Join(dir, pageFile))
	})
	return nil
}

// logs puts the log of each job beside the page, under the name by which that
// links it. One that is no more, with the run that wrote it, is not linked.
func logs(jobs []outcome.Job, dir string) error {
	for i := range jobs {
		if jobs[i].Log == "" {
			continue
		}
		from, name := jobs[i].Log, filepath.Join("logs", filepath.Base(jobs[i].Log))
		to := filepath.Join(dir, name)
		jobs[i].Log = ""
		if from != to {
			text, err := os.Open(from)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return fmt.Errorf("keep logs: %w", err)
			}
			err = whole.Write(to, 0o600, func(w io.Writer) error {
				_, err := io.Copy(w, text)
				return err
			})
			if err = errors.Join(err, text.Close()); err != nil {
				return fmt.Errorf("keep logs: %w", err)
			}
		}
		jobs[i].Log = filepath.ToSlash(name)
	}
	return nil
}

// ended keeps the run, points .iact/ci/last to it, and takes runs and the cache
// back to what may be kept.
func (s *site) ended(ctx context.Context, r *Room, run outcome.Run) error {
	runs := filepath.Join(s.state, "runs")
	if err := page.Keep(runs, run); err != nil {
		return err
	}
	link := filepath.Join(s.state, "last")
	fresh := link + ".new"
	_ = os.Remove(fresh) // of a run that was killed
	err := os.Symlink(filepath.Join("runs", run.ID), fresh)
	if err == nil {
		err = os.Rename(fresh, link)
	}
	if err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	if limit := s.config.CI.CacheLimit; limit > 0 {
		if _, err := cache.Prune(ctx, s.cache.Store, limit, r.o.Now(), s.cache.Used()); err != nil {
			return err
		}
	}
	return errors.Join(page.Prune(runs, kept), s.runner.Close(ctx))
}

// keep copies what a failed job left to be looked at, traces and screenshots, to
// the run: the next attempt removes it where it lies.
func (s *site) keep(job pipeline.Job) error {
	for _, name := range job.Reports.Keep {
		files, err := filepath.Glob(filepath.Join(s.project, job.ReportPath(name)))
		if err != nil {
			return fmt.Errorf("keep %s: %w", name, err)
		}
		for _, file := range files {
			to := filepath.Join(s.home, "kept", strings.ReplaceAll(job.Name(), ":", "-"), filepath.Base(file))
			if err := copied(file, to); err != nil {
				return fmt.Errorf("keep %s: %w", name, err)
			}
		}
	}
	return nil
}

// copied copies a file, or a directory with all below it.
func copied(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return whole.Text(to, text)
}

// pageFile is the report that people open.
const pageFile = "index.html"

// files writes the report's files, and what the CI system wants to be told.
func (r *Room) files(s *site, w *procedure.Work, run outcome.Run, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	options := page.Options{Lang: w.Lang, Clean: s.redact.Text}
	var suites []junit.Suite
	var found []findings.Finding
	for _, job := range run.Jobs {
		if job.Tests != nil {
			suites = append(suites, junit.Suite{Name: job.Name, Report: *job.Tests})
		}
		found = append(found, job.Findings...)
	}
	var wrong []error
	write := func(name string, fill func(io.Writer) error) {
		var b bytes.Buffer
		err := fill(&b)
		if err == nil {
			err = whole.Text(filepath.Join(dir, name), b.Bytes())
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("write %s: %w", name, err))
		}
	}
	write(pageFile, func(out io.Writer) error { return page.Write(out, run, options) })
	write("summary.md", func(out io.Writer) error { return page.Summary(out, run, options) })
	write("junit.xml", func(out io.Writer) error { return junit.Write(out, suites...) })
	write("findings.sarif", func(out io.Writer) error { return findings.WriteSARIF(out, found, s.linters(run)...) })
	write("codequality.json", func(out io.Writer) error { return findings.WriteCodeQuality(out, found) })
	if run.Coverage != nil {
		write("coverage.xml", func(out io.Writer) error { return coverage.WriteCobertura(out, *run.Coverage, run.Start) })
		write("lcov.info", func(out io.Writer) error { return coverage.WriteLCOV(out, *run.Coverage) })
	}
	return errors.Join(wrong...)
}

// linters are the tools that have looked, also those that found nothing: what a
// tool found before is then known to be gone.
func (s *site) linters(run outcome.Run) []string {
	var all []string
	for _, did := range run.Jobs {
		job, _ := s.pipeline.Job(did.Name)
		for _, one := range job.Reports.Findings {
			all = append(all, one.Format)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// summary writes the job summary that GitHub shows.
func (r *Room) summary(s *site, w *procedure.Work, run outcome.Run) error {
	file := r.getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write job summary: %w", err)
	}
	err = page.Summary(f, run, page.Options{Lang: w.Lang, Clean: s.redact.Text})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write job summary: %w", err)
	}
	return nil
}

// announce tells the CI system that runs us, where one does, what is to be said of
// lines of code.
func (r *Room) announce(s *site, w *procedure.Work, run outcome.Run) error {
	system := annotate.Detect(r.getenv)
	if system == annotate.None {
		return nil
	}
	below := ""
	if rel, err := filepath.Rel(s.config.Root, s.project); err == nil && rel != "." && !strings.HasPrefix(rel, "..") {
		below = filepath.ToSlash(rel)
	}
	log := annotate.Log{To: r.o.Stderr, System: system, Clean: s.redact.Text, Now: r.o.Now, Lang: w.Lang, Below: below}
	log.Marks(run)
	return r.summary(s, w, run)
}

// reported is the Validate of ci:report: the page is there.
func (r *Room) reported(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.open(ctx, w)
	if err != nil {
		return "", err
	}
	dir := s.home
	if to := r.selection().To; to != "" {
		dir = to
	}
	info, err := os.Stat(filepath.Join(dir, pageFile))
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err != nil || !strings.Contains(string(text), "</html>") {
		return "", errors.Join(err, fmt.Errorf("%s is not whole", info.Name()))
	}
	return procedure.Evidence(filepath.Join(dir, pageFile)), nil
}
