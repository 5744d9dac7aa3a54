package backup

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/report"
)

// Write prints one line a set with what becomes of it and why.
func (d *Rotation) Write(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(d.sets) > 0 {
		fmt.Fprintln(t, "SET\tAGE\tSTATE\tROTATION\tWHY")
	}
	for _, j := range d.sets {
		age, what := "?", "keep"
		if j.listed.Set != nil {
			age = report.Age(d.now, j.listed.Set.Manifest.Time)
		}
		if len(j.reasons) == 0 {
			what = "remove"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", j.listed.ID, age, j.stateOfSet(), what, report.Clean(j.why()))
	}
	_ = t.Flush()
	for _, j := range d.sets {
		if j.listed.Err != nil {
			fmt.Fprintf(w, "%s: %s\n", j.listed.ID, report.Clean(j.listed.Err.Error()))
		}
	}
	fmt.Fprintln(w, d.summary())
}

// summary is the outcome in one line.
func (d *Rotation) summary() string {
	switch {
	case len(d.sets) == 0:
		return "there is no set"
	case len(d.Remove) == 0:
		return counted(len(d.Keep), "set") + " kept, nothing to remove"
	case d.dry:
		return fmt.Sprintf("%s kept, %d would go: %s", counted(len(d.Keep), "set"), len(d.Remove), report.Bytes(d.Freed))
	}
	return fmt.Sprintf("%s kept, %d removed: %s freed", counted(len(d.Keep), "set"), len(d.Remove), report.Bytes(d.Freed))
}

// why words the reasons of a set for a person: sources with the same rules stand
// together, and when the rules are those of all sources, none is named.
func (j judged) why() string {
	if len(j.reasons) == 0 {
		return "no rule keeps it"
	}
	var sources []string
	rules := map[string][]string{}
	for _, r := range j.reasons {
		if rules[r.source] == nil {
			sources = append(sources, r.source)
		}
		rules[r.source] = append(rules[r.source], r.rule)
	}
	holds := 0
	if j.listed.Set != nil {
		for _, source := range j.listed.Set.Manifest.Sources {
			if source.State != manifest.Failed {
				holds++
			}
		}
	}
	var groups []string
	for len(sources) > 0 {
		same := rules[sources[0]]
		var named, rest []string
		for _, s := range sources {
			if slices.Equal(rules[s], same) {
				named = append(named, s)
			} else {
				rest = append(rest, s)
			}
		}
		line := strings.Join(same, ", ")
		if len(named) < holds {
			line = strings.Join(named, ", ") + ": " + line
		}
		groups, sources = append(groups, line), rest
	}
	return strings.Join(groups, "; ")
}
