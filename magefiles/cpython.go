//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Cpython holds the targets of PROCED-INFRA-006.
type Cpython mg.Namespace

// All builds, installs and takes a version into use, or unpacks it from the cache: -version=X.Y.Z -pgo=fallback -verify=pinned -from=FILE.tgz.
func (Cpython) All(ctx context.Context, version, pgo, verify, from *string) error {
	return toolkit().InstallCPython(ctx, "cpython:all", version, pgo, verify, from)
}

// Deps installs the compiler and libraries that are missing, and says what each is for (step 1).
func (Cpython) Deps(ctx context.Context, version *string) error {
	return toolkit().RunCPython(ctx, "cpython:deps", version, nil, nil)
}

// Fetch downloads and verifies the sources, of several versions at once: -version=X.Y.Z,X.Y.Z -verify=pinned (step 2).
func (Cpython) Fetch(ctx context.Context, version, verify *string) error {
	return toolkit().FetchCPython(ctx, version, verify)
}

// Configure configures the build: -version=X.Y.Z (step 3).
func (Cpython) Configure(ctx context.Context, version, verify *string) error {
	return toolkit().RunCPython(ctx, "cpython:configure", version, nil, verify)
}

// Build compiles: -version=X.Y.Z -pgo=fallback does without a profile whose tests fail (step 4).
func (Cpython) Build(ctx context.Context, version, pgo, verify *string) error {
	return toolkit().RunCPython(ctx, "cpython:build", version, pgo, verify)
}

// Test runs the tests of CPython, or those of cpython.tests: -version=X.Y.Z (step 5).
func (Cpython) Test(ctx context.Context, version, pgo, verify *string) error {
	return toolkit().RunCPython(ctx, "cpython:test", version, pgo, verify)
}

// Install puts the interpreter into its prefix, after it has started beside it: -version=X.Y.Z -from=FILE.tgz, an artefact of the project (step 6).
func (Cpython) Install(ctx context.Context, version, pgo, verify, from *string) error {
	return toolkit().InstallCPython(ctx, "cpython:install", version, pgo, verify, from)
}

// Venvs rebuilds the project's virtual environments on a version, proves them, and keeps the old ones: -version=X.Y.Z (step 7).
func (Cpython) Venvs(ctx context.Context, version *string) error {
	return toolkit().RunCPython(ctx, "cpython:venvs", version, nil, nil)
}

// Compat compares the project's environments on a version with those they replaced: dependencies, C extensions, sources, smoke tests: -version=X.Y.Z (step 8).
func (Cpython) Compat(ctx context.Context, version *string) error {
	return toolkit().RunCPython(ctx, "cpython:compat", version, nil, nil)
}

// Bench measures a version against the one before, with confidence intervals and a plot: -version=X.Y.Z -against=X.Y.Z -suite=shipped|pyperformance -quick=true (step 9).
func (Cpython) Bench(ctx context.Context, version, against, suite *string, quick *bool) error {
	return toolkit().MeasureCPython(ctx, version, against, suite, quick)
}

// Clean removes build trees of installed versions, and interpreters beyond the newest that nobody uses and the cache can bring back (step 10).
func (Cpython) Clean(ctx context.Context) error { return toolkit().Run(ctx, "cpython:clean") }

// Use lets PREFIX/python and PREFIX/python-X.Y lead to a version: -version=X.Y.Z.
func (Cpython) Use(ctx context.Context, version, pgo, verify *string) error {
	return toolkit().RunCPython(ctx, "cpython:use", version, pgo, verify)
}

// Rollback goes back to the version that was in use before, with the virtual environments that were moved from it.
func (Cpython) Rollback(ctx context.Context) error { return toolkit().Run(ctx, "cpython:rollback") }

// List shows the interpreters that are installed, and the builds in the cache.
func (Cpython) List(ctx context.Context) error { return toolkit().ListCPython(ctx) }

// Cache lists finished builds, or writes one in the form that the project publishes: -version=X.Y.Z -export=DIR -build=N.
func (Cpython) Cache(ctx context.Context, version, export *string, build *int) error {
	return toolkit().ExportCPython(ctx, version, export, build)
}
