package procedure

import (
	"fmt"
	"strings"
)

// Lint checks every table against every rule and returns all that it finds.
// targets are the names that the compiled program answers to.
func (r *Registry) Lint(targets []string) []error {
	compiled := map[string]bool{}
	for _, target := range targets {
		compiled[strings.ToLower(target)] = true
	}
	var found []error
	found = append(found, r.procedureNamesAreUnique()...)
	found = append(found, r.needsResolve()...)
	found = append(found, r.noCycle()...)
	for _, p := range r.procedures {
		found = append(found, numbersAreComplete(p)...)
		found = append(found, titlesInBothLanguages(p)...)
		found = append(found, targetsBelong(p, compiled)...)
		found = append(found, r.stagesAreKnown(p)...)
		found = append(found, stagesRespectNeeds(p)...)
		for _, s := range p.Every() {
			found = append(found, stepIsWhole(s)...)
		}
	}
	return found
}

// broken words one finding; where is a code or a target.
func broken(where, rule string, args ...any) error {
	return fmt.Errorf("check table of %s: %s", where, fmt.Sprintf(rule, args...))
}

func (r *Registry) procedureNamesAreUnique() []error {
	var found []error
	codes, namespaces := map[string]bool{}, map[string]bool{}
	for _, p := range r.procedures {
		if p.Code == "" || p.Namespace == "" {
			found = append(found, broken(p.Code+p.Namespace, "a procedure needs a code and a namespace"))
		}
		if codes[p.Code] {
			found = append(found, broken(p.Code, "the code stands twice"))
		}
		if namespaces[strings.ToLower(p.Namespace)] {
			found = append(found, broken(p.Code, "the namespace %s stands twice", p.Namespace))
		}
		codes[p.Code], namespaces[strings.ToLower(p.Namespace)] = true, true
	}
	return found
}

// numbersAreComplete holds the table to the written procedure: every number
// from 1 on is a step or stands in Missing, never both.
func numbersAreComplete(p Procedure) []error {
	var found []error
	have, last, highest := map[int]string{}, 0, 0
	for _, s := range p.Steps {
		switch {
		case s.Number < 1:
			found = append(found, broken(s.Target, "number %d: steps count from 1", s.Number))
		case have[s.Number] != "":
			found = append(found, broken(p.Code, "number %d is %s and again %s", s.Number, have[s.Number], s.Target))
		case s.Number < last:
			found = append(found, broken(p.Code, "%s (number %d) stands after number %d", s.Target, s.Number, last))
		}
		have[s.Number] = s.Target
		last, highest = s.Number, max(highest, s.Number)
	}
	missing := map[int]bool{}
	for _, number := range p.Missing {
		if have[number] != "" {
			found = append(found, broken(p.Code, "number %d stands in Missing but is built as %s: take it out", number, have[number]))
		}
		missing[number] = true
		highest = max(highest, number)
	}
	for number := 1; number <= highest; number++ {
		if have[number] == "" && !missing[number] {
			found = append(found, broken(p.Code, "number %d is neither a step nor in Missing", number))
		}
	}
	for _, s := range p.Extra {
		if s.Number != 0 {
			found = append(found, broken(s.Target, "number %d: an extra step has none", s.Number))
		}
	}
	return found
}

func titlesInBothLanguages(p Procedure) []error {
	var found []error
	if !p.Title.complete() {
		found = append(found, broken(p.Code, "the procedure needs a title in Spanish and in English"))
	}
	for _, s := range p.Every() {
		if !s.Title.complete() {
			found = append(found, broken(s.Target, "the step needs a title in Spanish and in English"))
		}
	}
	return found
}

// targetsBelong keeps the names together: a step's target starts with its
// namespace, and the compiled program answers to it.
func targetsBelong(p Procedure, compiled map[string]bool) []error {
	var found []error
	for _, s := range p.Every() {
		if !strings.HasPrefix(s.Target, p.Namespace+":") || s.Target == p.Namespace+":" {
			found = append(found, broken(p.Code, "target %q does not start with %s:", s.Target, p.Namespace))
		}
		if strings.EqualFold(s.Target, p.AllTarget()) {
			found = append(found, broken(p.Code, "target %s is kept for the whole procedure", s.Target))
		}
		if !compiled[strings.ToLower(s.Target)] {
			found = append(found, broken(p.Code, "target %s is not in the compiled program", s.Target))
		}
	}
	if len(p.All) > 0 && !compiled[strings.ToLower(p.AllTarget())] {
		found = append(found, broken(p.Code, "target %s is not in the compiled program", p.AllTarget()))
	}
	return found
}

// stepIsWhole checks what a step has to bring along.
func stepIsWhole(s Step) []error {
	var found []error
	if s.Run == nil {
		found = append(found, broken(s.Target, "the step has no Run"))
	}
	if s.Estimate.Max <= 0 || s.Estimate.Min < 0 || s.Estimate.Min > s.Estimate.Max {
		found = append(found, broken(s.Target, "the estimate %v to %v is not a span", s.Estimate.Min, s.Estimate.Max))
	}
	if s.ReadOnly {
		if s.Undo != nil {
			found = append(found, broken(s.Target, "a step that only reads has an Undo"))
		}
		return found
	}
	if s.Validate == nil {
		found = append(found, broken(s.Target, "a changing step needs Validate"))
	}
	switch {
	case s.Undo == nil && s.NoUndo.Empty():
		found = append(found, broken(s.Target, "a changing step needs Undo or the reason for NoUndo"))
	case s.Undo != nil && !s.NoUndo.Empty():
		found = append(found, broken(s.Target, "the step has Undo and also a reason for NoUndo"))
	case (s.Undo == nil) != (s.Undone == nil):
		found = append(found, broken(s.Target, "Undo needs Undone, which proves its effect, and Undone needs Undo"))
	case s.Undo == nil && !s.NoUndo.complete():
		found = append(found, broken(s.Target, "the reason for NoUndo needs both languages"))
	}
	return found
}
