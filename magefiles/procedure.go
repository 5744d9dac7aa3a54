//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Procedure holds the targets about procedures as such.
type Procedure mg.Namespace

// List names the procedures.
func (Procedure) List() error { return toolkit().ListProcedures() }

// Show lists the steps of a procedure: -of=backup.
func (Procedure) Show(of *string) error { return toolkit().ShowProcedure(of) }

// Plan prints what a procedure or target would change: -of=backup.
func (Procedure) Plan(ctx context.Context, of *string) error { return toolkit().PlanProcedure(ctx, of) }

// Status shows the last run of every procedure and what goes on with it.
func (Procedure) Status() error { return toolkit().ProcedureStatus() }

// Resume goes on with the last run that did not end well, or with -run=ID.
func (Procedure) Resume(ctx context.Context, run *string, anyway *bool) error {
	return toolkit().ResumeRun(ctx, run, anyway)
}

// Rollback undoes what a run changed, the last step first: -run=ID.
func (Procedure) Rollback(ctx context.Context, run *string, anyway *bool) error {
	return toolkit().RollBackRun(ctx, run, anyway)
}

// Explain tells what a log means: -file=LOG, or standard input.
func (Procedure) Explain(file *string) error { return toolkit().ExplainLog(file) }
