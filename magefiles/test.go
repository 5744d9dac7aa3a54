//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"

	"iact-infra/internal/selftest"
)

// Test holds the targets that test the toolkit itself.
type Test mg.Namespace

// All installs what is missing, lints, starts a private PostgreSQL and MariaDB and runs every test, as CI does.
func (Test) All(ctx context.Context) error { return toolkit().Do(ctx, selftest.All) }

// Unit is the fast loop: format, vet and the tests that need no service.
func (Test) Unit(ctx context.Context) error { return toolkit().Do(ctx, selftest.Unit) }

// Lint runs golangci-lint, pinned in tools/go.mod.
func (Test) Lint(ctx context.Context) error { return toolkit().Do(ctx, selftest.Lint) }

// Slow runs the tests that take over an hour: a CPython with all optimisations and the whole of its own test suite.
func (Test) Slow(ctx context.Context) error { return toolkit().Do(ctx, selftest.Slow) }
