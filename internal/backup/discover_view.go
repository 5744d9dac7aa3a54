package backup

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Summary is the outcome in one line.
func (d *Discovery) Summary() string {
	count := map[string]int{}
	for _, f := range d.Found {
		count[f.State]++
	}
	var said []string
	if n := count[stateConfigured]; n > 0 {
		said = append(said, counted(n, "database")+" configured")
	}
	switch {
	case count[stateAdded] > 0:
		said = append(said, fmt.Sprintf("%d added to %s", count[stateAdded], d.change.file))
	case count[stateProposed] > 0:
		said = append(said, fmt.Sprintf("%d proposed", count[stateProposed]))
	default:
		said = append(said, "nothing to add")
	}
	return strings.Join(said, ", ")
}

// Write prints the table, then what to do about it.
func (d *Discovery) Write(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(d.Found) > 0 {
		fmt.Fprintln(t, "PLACE\tKIND\tDATABASE\tSIZE\tSOURCE\tSTATE")
	}
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return report.Clean(text)
	}
	for _, f := range d.Found {
		size := "-"
		if f.Database != "" {
			size = report.Bytes(f.Size)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Place, or(f.Kind, "-"), or(f.Database, "-"), size, or(f.Name, "-"), f.State)
	}
	_ = t.Flush()
	for _, f := range d.Found {
		if f.Note == "" {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", report.Clean(f.subject()), report.Clean(f.Note))
		if f.Fix != "" {
			fmt.Fprintf(w, "  fix: %s\n", report.Clean(f.Fix))
		}
	}
	proposed := d.proposals()
	switch {
	case len(d.Found) == 0:
		fmt.Fprintln(w, "no database was found")
	case len(proposed) > 0:
		d.suggest(w)
	}
	if d.change != nil {
		for _, note := range d.change.notes {
			fmt.Fprintln(w, note)
		}
	}
	if len(d.Found) > 0 {
		fmt.Fprintln(w, d.Summary())
	}
}

// subject is what a line about a database begins with.
func (f Found) subject() string {
	switch {
	case f.Database != "":
		return f.Place + " database " + f.Database
	case f.Kind != "":
		return f.Place + " " + f.Kind
	}
	return f.Place
}

// suggest prints what -write would add.
func (d *Discovery) suggest(w io.Writer) {
	made, err := d.plan()
	if err != nil {
		fmt.Fprintf(w, "\n%s\n", report.Clean(err.Error()))
		if hint := fault.Hint(err); hint != "" {
			fmt.Fprintf(w, "  fix: %s\n", report.Clean(hint))
		}
		return
	}
	fmt.Fprintln(w, "\nbackup:\n  sources:")
	for _, line := range made.sources {
		fmt.Fprintf(w, "    - %s\n", line)
	}
	if len(made.volumes) > 0 {
		fmt.Fprintf(w, "  volumes: {match: [%s]}\n", strings.Join(made.volumes, ", "))
	}
	fmt.Fprintf(w, "\ngo tool mage backup:discover -write=true adds that to %s\n", made.file)
	for _, note := range made.notes {
		fmt.Fprintln(w, note)
	}
}
