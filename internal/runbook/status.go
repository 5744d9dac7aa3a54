package runbook

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"iact-infra/internal/engine"
	"iact-infra/internal/report"
)

// WriteStatus writes how the procedures stand for people.
func WriteStatus(w io.Writer, rows []engine.Standing, lang string, now time.Time) {
	say := wordsIn(lang)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", say.namespace, say.state, say.step, say.age, say.took, say.run)
	for _, row := range rows {
		age, took := "-", "-"
		if row.Run != "" {
			age, took = report.Age(now, row.Started), report.Duration(seconds(row.Seconds))
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Namespace,
			engine.StateIn(lang, row.State), cmp.Or(row.Step, "-"), age, took, cmp.Or(row.Run, "-"))
	}
	_ = table.Flush()
	for _, row := range rows {
		if row.Next != "" {
			_, _ = fmt.Fprintf(w, "%s: %s: %s\n", row.Namespace, say.next, row.Next)
		}
		for _, open := range row.Open {
			line := say.toGoOn
			if open.Undoes() {
				line = say.toUndo
			}
			_, _ = fmt.Fprintf(w, "%s: "+line+": %s\n", row.Namespace, report.Clean(open.Command), report.Age(now, open.Started), open.Next)
		}
	}
}
