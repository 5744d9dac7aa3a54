package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

// read takes the reports of a job into its outcome. One that is declared and not
// there is an error: nobody would notice tests that have not run.
func (r *Runner) read(job pipeline.Job, did *outcome.Job) error {
	did.Tests, did.Coverage, did.Findings = nil, nil, nil
	at := place.Place{Project: r.o.Project, Dir: job.Dir}
	var wrong []error
	if tests, err := gather(r, job, "tests", job.Reports.JUnit, func(file string) (junit.Report, error) { return junit.ReadFile(file, at) }); err != nil {
		wrong = append(wrong, err)
	} else if len(tests) > 0 {
		merged := junit.Merge(tests...)
		did.Tests = &merged
	}
	var err error
	if did.Coverage, err = r.measured(job); err != nil {
		wrong = append(wrong, err)
	}
	for _, one := range job.Reports.Findings {
		pattern := one.Path
		if pattern == "-" {
			pattern = did.Log
		}
		found, err := gather(r, job, "findings", []string{pattern}, func(file string) ([]findings.Finding, error) { return findings.ReadFile(one.Format, file, at) })
		if err != nil {
			wrong = append(wrong, err)
		}
		did.Findings = append(did.Findings, slices.Concat(found...)...)
	}
	return errors.Join(wrong...)
}

// measured is the coverage of a job; nil when it measures none.
func (r *Runner) measured(job pipeline.Job) (*coverage.Report, error) {
	at := place.Place{Project: r.o.Project, Dir: job.Dir}
	all, err := gather(r, job, "coverage", job.Reports.Coverage, func(file string) (coverage.Report, error) { return coverage.ReadFile(file, at) })
	if err != nil || len(all) == 0 {
		return nil, err
	}
	merged := coverage.Merge(all...).Below(".") // what a library's own files reach is nobody's merit
	return &merged, nil
}

// gather reads all files that patterns name. Each has to name one.
func gather[T any](r *Runner, job pipeline.Job, what string, patterns []string, read func(string) (T, error)) ([]T, error) {
	var all []T
	for _, pattern := range patterns {
		files, err := filepath.Glob(r.path(job, pattern))
		if err != nil {
			return nil, fmt.Errorf("find the report of %s: %w", what, err)
		}
		if len(files) == 0 {
			return nil, fault.New(fault.Invalid, "does the command write it there? its log says; junit, coverage and findings of the job say where it is looked for",
				fmt.Errorf("find the report of %s: %s was not made", what, pattern))
		}
		for _, file := range files {
			one, err := read(file)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// path is where a report or an output lies on this machine.
func (r *Runner) path(job pipeline.Job, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.o.Project, job.ReportPath(name))
}

// produced finds outputs that the job was to make and has not.
func (r *Runner) produced(job pipeline.Job) error {
	for _, out := range job.Outputs {
		files, err := filepath.Glob(r.path(job, out))
		if err != nil {
			return fmt.Errorf("look for what it makes: %w", err)
		}
		if len(files) == 0 {
			return fault.New(fault.Invalid, "outputs of the job say what it makes; its command may write elsewhere", fmt.Errorf("look for what it makes: %s is not there", out))
		}
		if job.Stage != pipeline.Build {
			continue
		}
		for _, file := range files {
			if empty(file) {
				return fault.New(fault.Invalid, "its log says what it built", fmt.Errorf("look for what it makes: %s holds nothing", out))
			}
		}
	}
	return nil
}

// empty says whether a file, or all below a directory, has no content.
func empty(file string) bool {
	has := errors.New("it has content")
	return filepath.WalkDir(file, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil && (info.Size() > 0 || info.Mode()&os.ModeSymlink != 0) {
			return has
		}
		return nil
	}) == nil
}

// judge holds what the reports say against what is wanted.
func (r *Runner) judge(job pipeline.Job, did *outcome.Job) error {
	if did.Tests != nil {
		if err := did.Tests.Check(); err != nil {
			return err
		}
		if did.Tests.Failed > 0 {
			return fmt.Errorf("run its tests: %d of %d failed, although its command ended well", did.Tests.Failed, did.Tests.Failed+did.Tests.Passed)
		}
	}
	if component, known := r.o.Pipeline.Component(job.Component); known && did.Coverage != nil && component.Coverage > 0 {
		if err := did.Coverage.Check(job.Component, float64(component.Coverage)); err != nil {
			return err
		}
	}
	return r.remarks(did)
}

// remarks counts the findings that a baseline does not know.
func (r *Runner) remarks(did *outcome.Job) error {
	fresh := r.freshOf(did)
	did.Known = len(did.Findings) - len(fresh)
	bad := 0
	for _, one := range fresh {
		if one.Level == findings.Error {
			bad++
		}
	}
	if bad > 0 {
		return fault.New(fault.Invalid, "ci:report shows each with its line", fmt.Errorf("look at its findings: %d errors that are not known", bad))
	}
	return nil
}

func (r *Runner) freshOf(did *outcome.Job) []findings.Finding {
	if r.o.FreshFindings == nil {
		return did.Findings
	}
	return r.o.FreshFindings(did.Findings)
}

// known says whether a linter that failed has nothing to say but what the
// baseline knows.
func (r *Runner) known(job pipeline.Job, did *outcome.Job) bool {
	return r.o.FreshFindings != nil && job.Stage == pipeline.Lint && did.Exit == 1 && len(did.Findings) > 0 && len(r.freshOf(did)) == 0
}
