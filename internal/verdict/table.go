package verdict

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"iact-infra/internal/report"
)

// Write writes a table for people: one row for each finding, and under what is
// not well its cause and what to do.
func Write(w io.Writer, all []Finding, lang string) error {
	cause, fix := "cause", "fix"
	if lang == "es" {
		cause, fix = "causa", "remedio"
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range all {
		title := f.Title.In(lang)
		if f.About != "" {
			title += " (" + report.Clean(f.About) + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.State, f.Code, title, report.Clean(f.Seen))
		if f.State != OK {
			fmt.Fprintf(table, "\t\t  %s\t%s\n\t\t  %s\t%s\n", cause, report.Clean(f.Cause.In(lang)), fix, report.Clean(f.Fix.In(lang)))
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}

// WriteSum is Write, and under it a line that counts: of names what was looked at.
func WriteSum(w io.Writer, of string, all []Finding, took time.Duration, lang string) error {
	if err := Write(w, all, lang); err != nil {
		return err
	}
	total := "%s: %s (%d ok, %d warnings, %d failures; %s)\n"
	if lang == "es" {
		total = "%s: %s (%d bien, %d avisos, %d fallos; %s)\n"
	}
	count := map[State]int{}
	for _, f := range all {
		count[f.State]++
	}
	if _, err := fmt.Fprintf(w, total, of, Worst(all), count[OK], count[Warn], count[Fail], report.Duration(took)); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}
