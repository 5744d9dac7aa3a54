package procedure

import "time"

// Text is a sentence for people, in both languages of the project.
type Text struct {
	ES string `json:"es"`
	EN string `json:"en"`
}

// In returns the sentence in the asked language: Spanish for "es", else English.
func (t Text) In(lang string) string {
	if lang == "es" {
		return t.ES
	}
	return t.EN
}

// Empty reports that neither language has any text.
func (t Text) Empty() bool { return t.ES == "" && t.EN == "" }

// complete reports that both languages have text.
func (t Text) complete() bool { return t.ES != "" && t.EN != "" }

// Span is the duration that the written procedure estimates for a step.
type Span struct {
	Min time.Duration
	Max time.Duration
}

// Middle is the single figure shown before this machine has a history of its own.
func (s Span) Middle() time.Duration { return (s.Min + s.Max) / 2 }

// Evidence is one line that a person can read and check: "3 databases, 1.2 GiB".
type Evidence string
