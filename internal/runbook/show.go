package runbook

import (
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Shown is one procedure with all its steps.
type Shown struct {
	Code      string      `json:"code"`
	Namespace string      `json:"namespace"`
	Title     string      `json:"title"`
	Steps     []ShownStep `json:"steps"`
	All       [][]string  `json:"all"`
	Missing   []int       `json:"missing"`
}

// ShownStep is one row of a procedure's table.
type ShownStep struct {
	Number   int      `json:"number"` // 0 for an extra step
	Target   string   `json:"target"`
	Title    string   `json:"title"`
	Needs    []string `json:"needs"`
	ReadOnly bool     `json:"read_only"`
	Estimate Estimate `json:"estimate"`
	Undo     bool     `json:"undo"`
	NoUndo   string   `json:"no_undo,omitempty"`
	Symptoms []string `json:"symptoms"`
}

// Estimate is the span of the written procedure and what this machine needed.
type Estimate struct {
	Min      float64 `json:"min_seconds"`
	Max      float64 `json:"max_seconds"`
	Measured float64 `json:"measured_seconds,omitempty"`
}

// Measured tells how long a step took on this machine, if it ever ran here.
type Measured func(target string) (time.Duration, bool)

// Show is what procedure:show shows.
func Show(table procedure.Procedure, lang string, measured Measured) Shown {
	shown := Shown{
		Code:      table.Code,
		Namespace: table.Namespace,
		Title:     table.Title.In(lang),
		Steps:     []ShownStep{},
		All:       append([][]string{}, table.All...),
		Missing:   append([]int{}, table.Missing...),
	}
	for _, step := range table.Every() {
		row := ShownStep{
			Number:   step.Number,
			Target:   step.Target,
			Title:    step.Title.In(lang),
			Needs:    append([]string{}, step.Needs...),
			ReadOnly: step.ReadOnly,
			Estimate: Estimate{Min: step.Estimate.Min.Seconds(), Max: step.Estimate.Max.Seconds()},
			Undo:     step.Undo != nil,
			NoUndo:   step.NoUndo.In(lang),
			Symptoms: append([]string{}, step.Symptoms...),
		}
		if took, known := measured(step.Target); known {
			row.Estimate.Measured = took.Seconds()
		}
		shown.Steps = append(shown.Steps, row)
	}
	return shown
}

// WriteShow writes a procedure for people.
func WriteShow(w io.Writer, shown Shown, lang string) {
	say := wordsIn(lang)
	_, _ = fmt.Fprintf(w, "%s  %s\n", shown.Code, shown.Title)
	for _, step := range shown.Steps {
		number := fmt.Sprintf("%2d", step.Number)
		if step.Number == 0 {
			number = " +"
		}
		_, _ = fmt.Fprintf(w, "\n%s  %s  %s\n", number, step.Target, step.Title)
		field := func(name, value string) { _, _ = fmt.Fprintf(w, "    %s: %s\n", name, value) }
		if len(step.Needs) > 0 {
			field(say.needs, strings.Join(step.Needs, ", "))
		}
		field(say.takes, step.Estimate.words(say))
		switch {
		case step.ReadOnly:
			field(say.changes, say.nothing)
		case step.Undo:
			field(say.undo, say.yes)
		default:
			field(say.undo, say.no+step.NoUndo)
		}
	}
	if len(shown.All) > 0 {
		stages := make([]string, 0, len(shown.All))
		for _, stage := range shown.All {
			stages = append(stages, strings.Join(stage, " + "))
		}
		_, _ = fmt.Fprintf(w, "\n%s:all = %s\n", shown.Namespace, strings.Join(stages, " → "))
	}
	if len(shown.Missing) > 0 {
		_, _ = fmt.Fprintf(w, "\n%s: %s\n", say.missing, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shown.Missing)), ", "), "[]"))
	}
}

// words is the estimate for people.
func (e Estimate) words(say words) string {
	span := fmt.Sprintf(say.upTo, report.Duration(seconds(e.Max)))
	if e.Min > 0 && e.Min < e.Max {
		span = fmt.Sprintf(say.span, report.Duration(seconds(e.Min)), report.Duration(seconds(e.Max)))
	}
	if e.Measured > 0 {
		span += fmt.Sprintf(say.here, report.Duration(seconds(e.Measured)))
	}
	return span
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
