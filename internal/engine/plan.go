package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Planned is the plan of a target: its JSON document.
type Planned struct {
	Target string        `json:"target"`
	Steps  []PlannedStep `json:"steps"`
}

// PlannedStep is what one step would do.
type PlannedStep struct {
	Number   int      `json:"number"`
	Target   string   `json:"target"`
	Title    string   `json:"title"`
	ReadOnly bool     `json:"read_only"`
	Done     bool     `json:"done"`
	Evidence string   `json:"evidence,omitempty"`
	Commands []string `json:"commands"`
	Problem  string   `json:"problem,omitempty"`
}

// Plan shows what a target, a procedure's namespace or its code would change,
// in order, and changes nothing: no file, no directory, no journal. Checks run,
// since they only read. A step that cannot say what it would do makes the plan
// incomplete; that is shown in its place and returned as a failure.
func (e *Engine) Plan(ctx context.Context, of string) error {
	ordered, err := e.planOrder(of)
	if err != nil {
		return err
	}
	ctx, release := e.signals.take(ctx)
	defer release()
	plan := Planned{Target: of, Steps: []PlannedStep{}}
	f := &Failure{Target: of, words: wordsIn(e.opt.Lang)}
	var problems []error
	for _, step := range ordered {
		if !e.firstPlan(step) {
			continue
		}
		row, err := e.planStep(ctx, step)
		if ctx.Err() != nil {
			f.Cancelled, f.code = cancellation(ctx, f.words)
			return f
		}
		if err != nil {
			err = fmt.Errorf("plan %s: %w", step.Target, err)
			problems = append(problems, err)
			f.Steps = append(f.Steps, e.explained(step.Target, step.Symptoms, err))
		}
		plan.Steps = append(plan.Steps, row)
	}
	if err := e.opt.Console.Result(plan, func(w io.Writer) { e.writePlan(w, plan) }); err != nil {
		return err
	}
	if len(problems) > 0 {
		var codes []int
		for _, problem := range problems {
			codes = append(codes, fault.Code(problem))
		}
		f.code = merged(codes)
		return f
	}
	return nil
}

// planOrder is the order in which a plan is read. A procedure without
// NAMESPACE:all is planned step by step, as its table stands.
func (e *Engine) planOrder(of string) ([]procedure.Step, error) {
	if ordered, ok := e.opt.Registry.Order(of); ok {
		return ordered, nil
	}
	table, found := e.opt.Registry.Find(of)
	if !found || strings.Contains(of, ":") {
		return nil, unknown(of)
	}
	if ordered, ok := e.opt.Registry.Order(table.AllTarget()); ok {
		return ordered, nil
	}
	var all []procedure.Step
	for _, step := range table.Steps {
		ordered, _ := e.opt.Registry.Order(step.Target)
		for _, one := range ordered {
			if !slices.ContainsFunc(all, func(s procedure.Step) bool { return s.Target == one.Target }) {
				all = append(all, one)
			}
		}
	}
	return all, nil
}

// firstPlan is true once for each step: chained targets share their needs.
func (e *Engine) firstPlan(step procedure.Step) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := strings.ToLower(step.Target)
	if e.planned[key] {
		return false
	}
	e.planned[key] = true
	return true
}

// planStep asks one step what it would do.
func (e *Engine) planStep(ctx context.Context, step procedure.Step) (row PlannedStep, err error) {
	row = PlannedStep{
		Number:   step.Number,
		Target:   step.Target,
		Title:    step.Title.In(e.opt.Lang),
		ReadOnly: step.ReadOnly,
		Commands: []string{},
	}
	defer func() {
		if thrown := recover(); thrown != nil {
			e.opt.Console.Print(string(debug.Stack()))
			err = fmt.Errorf("panic: %v", thrown)
		}
		row.Problem = text(err)
	}()
	var printed printedCommands
	_, table, _ := e.opt.Registry.Lookup(step.Target)
	work := &procedure.Work{
		Door:     e.opt.Door(command.Planning(&printed)),
		Record:   func(string, any) error { return nil },
		Recall:   recalling(inJournal(table, step), e.opt.Continues.recall),
		Planning: true,
		Lang:     e.opt.Lang,
	}
	if step.Done != nil {
		evidence, checked := step.Done(ctx, work)
		if checked == nil {
			row.Done, row.Evidence = true, string(evidence)
			return row, nil
		}
		if !errors.Is(checked, procedure.ErrNotDone) {
			// What it would do is still worth reading.
			row.Evidence = wordsIn(e.opt.Lang).cannotTell + checked.Error()
		}
	}
	if step.ReadOnly {
		return row, nil
	}
	if step.Plan != nil {
		row.Commands, err = step.Plan(ctx, work)
		row.Commands = append([]string{}, row.Commands...)
		return row, err
	}
	err = step.Run(ctx, work)
	if err == nil {
		err = errors.Join(work.Deferred()...)
	}
	row.Commands = append(row.Commands, printed.all...)
	return row, err
}

// writePlan writes the plan as shell text: what is not a command is a comment,
// so that the whole can be pasted.
func (e *Engine) writePlan(w io.Writer, plan Planned) {
	say := wordsIn(e.opt.Lang)
	comment := func(text string) {
		for _, line := range lines(text) {
			_, _ = fmt.Fprintf(w, "#   %s\n", report.Clean(line))
		}
	}
	for i, row := range plan.Steps {
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintf(w, "# %s%s  %s\n", numbered(row.Number, "%d "), row.Target, row.Title)
		switch {
		case row.Done:
			comment(say.alreadyDone + row.Evidence)
			continue
		case row.Evidence != "":
			comment(row.Evidence)
		}
		if row.ReadOnly {
			comment(say.readsOnly)
		}
		for _, line := range row.Commands {
			_, _ = fmt.Fprintln(w, line)
		}
		if row.Problem != "" {
			comment(say.laterUnknown + row.Problem)
		}
	}
}

// numbered is the number of a step for people; an extra step has none.
func numbered(number int, format string) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(format, number)
}

// printedCommands collects what a planning door prints. A door prints each
// command with one Write; a command may hold line breaks inside its quotes.
type printedCommands struct {
	mu  sync.Mutex
	all []string
}

func (p *printedCommands) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, strings.TrimRight(string(line), "\n"))
	return len(line), nil
}
