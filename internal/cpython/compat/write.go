package compat

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// shown is how many findings of one code are printed; JSON has them all.
const shown = 20

// failure is the error for a report.
type failure struct {
	first Finding
	count int
}

func (f *failure) Error() string {
	line := "check compatibility: " + f.first.Title
	if place := f.first.place(); place != "" {
		line += " (" + place + ")"
	}
	if f.count > 1 {
		line += fmt.Sprintf(", and %d more", f.count-1)
	}
	return line
}

func (f Finding) place() string {
	if f.File == "" || f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Write prints the table old → new, and what is wrong.
func (r *Report) Write(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\t→ %s\t\n", head(r.Old, "old"), head(r.New, "new"))
	for _, row := range r.Rows {
		mark := row.Verdict
		if row.Level != OK {
			mark += " (" + row.Level + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t→ %s\t%s\n", clean(row.Name), clean(row.Old), clean(row.New), mark)
	}
	_ = t.Flush() // w says what there is to say
	printed := map[string]int{}
	for _, f := range r.Findings {
		key := f.Level + f.Code
		if printed[key]++; printed[key] > shown {
			continue
		}
		f.write(w)
	}
	for _, level := range []string{Fail, Warn, OK} {
		for _, code := range r.codes(level) {
			if more := printed[level+code] - shown; more > 0 {
				fmt.Fprintf(w, "%s %s: %d more, in the JSON\n", level, code, more)
			}
		}
	}
	fmt.Fprintf(w, "%d checks; %d failures, %d warnings\n", len(r.Rows), r.count(Fail), r.count(Warn))
}

// codes are those of a level, in order and each once.
func (r *Report) codes(level string) []string {
	var all []string
	for _, f := range r.Findings {
		if f.Level == level && (len(all) == 0 || all[len(all)-1] != f.Code) {
			all = append(all, f.Code)
		}
	}
	return all
}

func (f Finding) write(w io.Writer) {
	fmt.Fprintf(w, "%s %s: %s", f.Level, f.Code, clean(f.Title))
	if place := f.place(); place != "" {
		fmt.Fprintf(w, " (%s)", clean(place))
	}
	fmt.Fprintln(w)
	for _, part := range [][2]string{{"  ", f.Evidence}, {"  cause: ", f.Cause}, {"  fix: ", f.Fix}} {
		if part[1] == "" {
			continue
		}
		for line := range strings.Lines(part[1]) {
			fmt.Fprintln(w, part[0]+clean(strings.TrimRight(line, "\n")))
		}
	}
}

func head(i Interpreter, otherwise string) string {
	return clean(cmp.Or(i.Name, i.Version, otherwise))
}

// clean keeps what foreign programs said from steering a terminal or the table.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, s)
}
