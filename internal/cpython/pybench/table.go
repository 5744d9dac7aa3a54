package pybench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Write writes the report for a terminal.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", r.title(), r.how())
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i, row := range r.rows() {
		if i == 0 {
			row[0] = strings.ToUpper(row[0])
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for _, part := range r.remarks() {
		fmt.Fprintf(&b, "\n%s:\n", part.title)
		for _, line := range part.lines {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// rows are the cells of the table, the heading first and the mean last. No cell
// holds anything that a terminal or a table would act on.
func (r *Report) rows() [][]string {
	rows := [][]string{{"benchmark", "old", "new", "new/old", "95 % interval", "verdict"}}
	for _, one := range r.Results {
		rows = append(rows, []string{
			plain(one.Name), size(one.Old.Median, one.Unit), size(one.New.Median, one.Unit),
			times(one.Ratio.Value), interval(one.Ratio), r.said(one),
		})
	}
	if r.Mean != nil {
		rows = append(rows, []string{"geometric mean of time", "", "", times(r.Mean.Value), interval(*r.Mean), ""})
	}
	return rows
}

// said is the verdict in the word that fits the unit.
func (r *Report) said(one Result) string {
	word := one.Verdict
	if one.Unit == bytes {
		word = strings.NewReplacer(Slower, "larger", Faster, "smaller").Replace(word)
	}
	if one.Ratio.Low > regressing(r.Threshold) {
		word += fmt.Sprintf(", beyond %.0f %%", r.Threshold*100)
	}
	return word
}

// worse is a regression as a sentence.
func (r *Report) worse(one Result) string {
	what := "takes %s times as long"
	if one.Unit == bytes {
		what = "needs %s times as much"
	}
	return fmt.Sprintf("%s: CPython %s "+what+" as %s, and at least %s times", plain(one.Name), plain(r.New.Name), times(one.Ratio.Value), plain(r.Old.Name), times(one.Ratio.Low))
}

func (r *Report) title() string {
	return fmt.Sprintf("CPython %s (old) and %s (new)", plain(r.Old.Name), plain(r.New.Name))
}

func (r *Report) how() string {
	return fmt.Sprintf("%s suite, %d rounds, %.0f s, %s, on %d × %s", r.Suite, r.Rounds, r.DurationSeconds, r.Started.Format("2006-01-02 15:04 MST"), r.Machine.CPUs, plain(r.Machine.Model))
}

type remark struct {
	title string
	lines []string
}

// remarks are what a table cannot hold.
func (r *Report) remarks() []remark {
	var all []remark
	add := func(title string, lines []string) {
		if len(lines) > 0 {
			all = append(all, remark{title, lines})
		}
	}
	var worse, missing, notes []string
	for _, one := range r.Regressions(r.Threshold) {
		worse = append(worse, r.worse(one))
	}
	for _, one := range r.Unmeasured {
		missing = append(missing, plain(one.String()))
	}
	for _, one := range r.Notes {
		notes = append(notes, plain(one))
	}
	add(fmt.Sprintf("Regressions beyond %.0f %%", r.Threshold*100), worse)
	add("Not measured", missing)
	add("Notes", notes)
	return all
}

// plain is text without control characters: names and complaints come from
// elsewhere.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == 0xfffe || c == 0xffff {
			return '\ufffd'
		}
		return c
	}, strings.ToValidUTF8(s, "\ufffd"))
}
