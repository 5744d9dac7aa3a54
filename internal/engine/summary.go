package engine

import (
	"io"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// Summary is the JSON document of a target whose own step publishes nothing.
type Summary struct {
	Target  string        `json:"target"`
	Run     string        `json:"run,omitempty"`
	Outcome string        `json:"outcome"`
	Steps   []StepSummary `json:"steps"`
	// Undone is what was taken back after a failure, Next the commands that go on
	// with the run or take it back.
	Undone []Taken  `json:"undone,omitempty"`
	Next   []string `json:"next,omitempty"`
}

// StepSummary is one step of a Summary.
type StepSummary struct {
	Number   int      `json:"number"`
	Target   string   `json:"target"`
	Outcome  string   `json:"outcome"`
	Evidence string   `json:"evidence,omitempty"`
	Seconds  float64  `json:"duration_seconds"`
	Result   any      `json:"result,omitempty"`
	Error    string   `json:"error,omitempty"`
	Hint     string   `json:"hint,omitempty"`
	ExitCode int      `json:"exit_code,omitempty"`
	Advice   []Advice `json:"advice,omitempty"`
}

// publish writes the result of a target: what its last step published; else a
// summary in JSON, and in text whatever the steps that it names have published.
func (e *Engine) publish(target string, ended state, involved []*outcome, failure *Failure, taken []Taken) error {
	own := e.own(target, involved)
	if result := e.last(target, own); result != nil {
		return e.opt.Console.Result(result.Value, silentOr(result.Text))
	}
	if e.opt.Console.JSON() {
		return e.opt.Console.Result(e.summary(target, ended, involved, failure, taken), nil)
	}
	for _, o := range own {
		if o.result == nil || o.result.Text == nil {
			continue
		}
		if err := e.opt.Console.Result(o.result.Value, o.result.Text); err != nil {
			return err
		}
	}
	return nil
}

// last is the result of the step that a target ends with, nil when that did
// not run, published nothing, or is one of several in parallel.
func (e *Engine) last(target string, own []*outcome) *procedure.Result {
	stages, _ := e.opt.Registry.Stages(target)
	final := stages[len(stages)-1]
	if len(final) != 1 || len(own) == 0 {
		return nil
	}
	for _, o := range own {
		if strings.EqualFold(o.step.Target, final[0]) {
			return o.result
		}
	}
	return nil
}

// own returns the outcomes of what the target names, without mere needs.
func (e *Engine) own(target string, involved []*outcome) []*outcome {
	stages, _ := e.opt.Registry.Stages(target)
	named := map[string]bool{}
	for _, stage := range stages {
		for _, one := range stage {
			named[strings.ToLower(one)] = true
		}
	}
	var own []*outcome
	for _, o := range involved {
		if named[strings.ToLower(o.step.Target)] {
			own = append(own, o)
		}
	}
	return own
}

func silentOr(text func(io.Writer)) func(io.Writer) {
	if text == nil {
		return func(io.Writer) {}
	}
	return text
}

func (e *Engine) summary(target string, ended state, involved []*outcome, failure *Failure, taken []Taken) Summary {
	s := Summary{Target: target, Run: e.journal.runID(), Outcome: string(ended), Steps: []StepSummary{}, Undone: taken}
	if failure != nil {
		s.Next = failure.Next
	}
	for _, o := range involved {
		row := StepSummary{
			Number:   o.step.Number,
			Target:   o.step.Target,
			Outcome:  string(o.shown()),
			Evidence: string(o.evidence),
			Seconds:  o.took.Seconds(),
		}
		if o.result != nil {
			row.Result = o.result.Value
		}
		if err := o.problem(); err != nil {
			row.Error, row.Hint, row.ExitCode = err.Error(), fault.Hint(err), fault.Code(err)
		}
		if failure != nil {
			for _, failed := range failure.Steps {
				if failed.Target == o.step.Target {
					row.Advice = append(row.Advice, failed.Advice...)
				}
			}
		}
		s.Steps = append(s.Steps, row)
	}
	return s
}
