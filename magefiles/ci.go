//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// CI holds the targets of PROCED-INFRA-003.
type CI mg.Namespace

// All runs the whole pipeline, in parallel where it can, and nothing twice: -component=A,B -since=REF -fresh=true.
func (CI) All(ctx context.Context, component, since *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:all", component, nil, nil, since, fresh)
}

// Check finds out whether this machine can run the pipeline (step 1).
func (CI) Check(ctx context.Context) error {
	return toolkit().RunCI(ctx, "ci:check", nil, nil, nil, nil, nil)
}

// Checkout clones the project or brings it up to date, and loses no local work (step 2).
func (CI) Checkout(ctx context.Context) error {
	return toolkit().RunCI(ctx, "ci:checkout", nil, nil, nil, nil, nil)
}

// Deps installs dependencies by their lock files: -component=A,B -fresh=true (step 3).
func (CI) Deps(ctx context.Context, component, job *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:deps", component, job, nil, nil, fresh)
}

// Env gives each .env what its template asks for, and judges it (step 4).
func (CI) Env(ctx context.Context) error {
	return toolkit().RunCI(ctx, "ci:env", nil, nil, nil, nil, nil)
}

// Unit runs the unit tests, with coverage: -component=A,B -job=NAME -since=REF -fresh=true (step 5).
func (CI) Unit(ctx context.Context, component, job, variant, since *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:unit", component, job, variant, since, fresh)
}

// Lint runs the linters: -component=A,B -job=NAME -since=REF -fresh=true; -baseline=true makes their findings known (step 6).
func (CI) Lint(ctx context.Context, component, job, variant, since *string, fresh, baseline *bool) error {
	return toolkit().LintCI(ctx, component, job, variant, since, fresh, baseline)
}

// Build builds artefacts: -component=A,B -job=NAME -since=REF -fresh=true (step 7).
func (CI) Build(ctx context.Context, component, job, variant, since *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:build", component, job, variant, since, fresh)
}

// Artifacts tries what was built, and weighs it: -component=A,B -fresh=true (step 8).
func (CI) Artifacts(ctx context.Context, component, job *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:artifacts", component, job, nil, nil, fresh)
}

// Integration runs the integration tests with their services around them: -component=A,B -job=NAME -fresh=true (step 9).
func (CI) Integration(ctx context.Context, component, job, variant *string, fresh *bool) error {
	return toolkit().RunCI(ctx, "ci:integration", component, job, variant, nil, fresh)
}

// Report writes one page, JUnit, coverage, SARIF and a summary of the last outcome of each job: -to=DIR (step 10).
func (CI) Report(ctx context.Context, to *string) error { return toolkit().ReportCI(ctx, to) }

// Jobs lists the jobs of the project, what each needs, and how it went.
func (CI) Jobs(ctx context.Context) error { return toolkit().JobsCI(ctx) }

// Affected runs the jobs of the components that a change reaches: -since=REF -fresh=true.
func (CI) Affected(ctx context.Context, since *string, fresh *bool) error {
	return toolkit().AffectedCI(ctx, since, fresh)
}

// Audit runs jobs under strace, and says which files they use and do not declare: -component=A,B -job=NAME.
func (CI) Audit(ctx context.Context, component, job *string) error {
	return toolkit().RunCI(ctx, "ci:audit", component, job, nil, nil, nil)
}

// Watch runs targets again for what a change of files reaches, until Ctrl-C: -targets=ci:unit,ci:lint.
func (CI) Watch(ctx context.Context, targets *string) error { return toolkit().WatchCI(ctx, targets) }

// Generate writes the workflow of a CI system from the same jobs: -for=github|gitlab|jenkins; -check=true only compares.
func (CI) Generate(ctx context.Context, For *string, check *bool) error { //nolint:gocritic // mage makes -for of it; for is a word of Go
	return toolkit().GenerateCI(ctx, For, check)
}

// Init writes what was found in the project into the configuration, to be changed there.
func (CI) Init(ctx context.Context) error { return toolkit().InitCI(ctx) }

// Clean takes away reports and builds, and what is beyond the limit of the cache: -deps=true -cache=true take all of these.
func (CI) Clean(ctx context.Context, deps, cache *bool) error {
	return toolkit().CleanCI(ctx, deps, cache)
}
