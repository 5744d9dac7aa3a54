package annotate

import (
	"cmp"
	"fmt"
	"slices"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/junit"
	"iact-infra/internal/ci/outcome"
)

// mark is something to say of a line of code, or of the run.
type mark struct {
	level   findings.Level
	weight  int // what matters more comes first
	path    string
	line    int
	column  int
	title   string
	message string
}

// What comes first when there is room for few.
const (
	ofJob = iota
	ofTest
	ofError
	ofFlaky
	ofWarning
	ofNote
)

// marks are what a run has to say, the most important first.
func marks(run outcome.Run, lang string) []mark {
	var all []mark
	for _, j := range run.Jobs {
		all = append(all, ofJobItself(j, lang)...)
		if j.Tests != nil {
			for _, c := range j.Tests.Cases {
				if m, is := ofCase(c, j, lang); is {
					all = append(all, m)
				}
			}
		}
		for _, f := range j.Findings {
			all = append(all, ofFinding(f))
		}
	}
	slices.SortStableFunc(all, func(a, b mark) int { return cmp.Compare(a.weight, b.weight) })
	return all
}

func ofJobItself(j outcome.Job, lang string) []mark {
	level := findings.Error
	switch j.State {
	case outcome.Failed:
	case outcome.Warned:
		level = findings.Warning
	default:
		return nil
	}
	m := mark{level: level, weight: ofJob, title: j.Name, message: cmp.Or(j.Why, words(lang, "failed", j.Exit))}
	if j.Advice != nil {
		m.message += "\n" + j.Advice.Symptom + ": " + j.Advice.Cause + "\n" + j.Advice.Fix
	}
	return []mark{m}
}

// ofCase is what a test has to say: one that failed, or did at first.
func ofCase(c junit.Case, j outcome.Job, lang string) (mark, bool) {
	m := mark{path: c.File, line: c.Line, title: j.Name + ": " + c.Name, message: c.Message}
	switch c.State {
	case junit.Failed, junit.Errored:
		m.level, m.weight = findings.Error, ofTest
		m.message += "\n\n" + c.Detail
	case junit.Flaky:
		m.level, m.weight = findings.Warning, ofFlaky
		m.message = words(lang, "flaky", max(2, c.Attempts)) + " " + c.Message
	default:
		return m, false
	}
	if j.State == outcome.Warned {
		m.level = findings.Warning
	}
	return m, true
}

func ofFinding(f findings.Finding) mark {
	m := mark{level: f.Level, path: f.Path, line: f.Line, column: f.Column, title: f.Tool, message: f.Message}
	if f.Rule != "" {
		m.title += " " + f.Rule
	}
	switch f.Level {
	case findings.Error:
		m.weight = ofError
	case findings.Warning:
		m.weight = ofWarning
	default:
		m.level, m.weight = findings.Note, ofNote
	}
	return m
}

// words are what is said in both languages.
func words(lang, key string, values ...any) string {
	text := map[string][2]string{
		"failed": {"falló con el código %d", "failed with exit code %d"},
		"flaky":  {"inestable: pasó en el intento %d; antes:", "flaky: it passed at attempt %d; before that:"},
		"more":   {"Hay más de lo que aquí cabe: %d errores, %d avisos y %d notas. Están en el informe.", "There is more than fits here: %d errors, %d warnings and %d notes. They are in the report."},
	}[key]
	at := 1
	if lang == "es" {
		at = 0
	}
	return fmt.Sprintf(text[at], values...)
}
