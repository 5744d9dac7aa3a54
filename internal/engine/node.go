package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/magefile/mage/mg"

	"iact-infra/internal/procedure"
)

// node is a step as mage sees it. mg runs each name and id once in a process,
// however often and by whichever way it is asked for.
type node struct {
	engine *Engine
	step   procedure.Step
	table  procedure.Procedure
}

// Name is what mage -v shows.
func (n node) Name() string { return strings.ToLower(n.step.Target) }

// ID keeps the steps of different engines of one process apart.
func (n node) ID() string { return fmt.Sprintf("%p", n.engine) }

// Run runs what the step needs and then the step.
func (n node) Run(ctx context.Context) error {
	e := n.engine
	e.together(ctx, n.step.Needs)
	if e.stopped(n.step.Needs) {
		e.note(&outcome{step: n.step, state: stateBlocked})
		return errStopped
	}
	o := e.run(ctx, n.step, n.table)
	e.note(o)
	if o.stops() {
		return errStopped
	}
	return nil
}

// together runs targets in parallel and returns when all of them have ended.
func (e *Engine) together(ctx context.Context, targets []string) {
	if len(targets) == 0 {
		return
	}
	nodes := make([]any, 0, len(targets))
	for _, target := range targets {
		step, table, _ := e.opt.Registry.Lookup(target)
		nodes = append(nodes, node{engine: e, step: step, table: table})
	}
	defer func() {
		// mg.CtxDeps panics when a node failed. The outcomes say which and why;
		// a panic without a failed node is a fault of this program.
		if thrown := recover(); thrown != nil && !e.stopped(targets) {
			panic(thrown)
		}
	}()
	mg.CtxDeps(ctx, nodes...)
}
