package doctor

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/report"
)

// What is promised.
const (
	leastFirst   = 0.95 // of the faults have their cause first
	mostHealthy  = 2.0  // seconds for a healthy workspace
	leastFaults  = 60   // for the promise to mean something
	leastHealthy = 20
)

// tally counts results, and prints each as it comes.
type tally struct {
	out     io.Writer
	json    bool
	beside  bool // times are not judged
	results []Result
}

func (t *tally) add(r Result) {
	t.results = append(t.results, r)
	if t.json {
		return
	}
	first, _ := r.first()
	got := strings.TrimSpace(first.Code + " " + report.Clean(first.Evidence))
	switch {
	case r.Skipped != "":
		got = r.Skipped
	case r.Broken != nil:
		got = r.Broken.Error()
	}
	if len(got) > 150 && r.Broken == nil {
		got = got[:150]
	}
	fmt.Fprintf(t.out, "%-16s %-26s %5.2f s  want %s: got %s\n", r.verdict(), r.Name, r.Seconds, cmp.Or(strings.Join(r.Want, separator), nothing), cmp.Or(got, nothing))
}

// figures are what all results come to.
type figures struct {
	Faults        int     `json:"faults"`
	First         int     `json:"right_cause_first"`
	Among         int     `json:"right_cause_among_findings"`
	Healthy       int     `json:"healthy"`
	Alarms        int     `json:"false_alarms"`
	Skipped       int     `json:"skipped"`
	Broken        int     `json:"not_measured"`
	Median        float64 `json:"median_seconds"`
	Max           float64 `json:"max_seconds"`
	MedianHealthy float64 `json:"median_seconds_healthy"`
	MaxHealthy    float64 `json:"max_seconds_healthy"`
}

func (t *tally) figures() figures {
	var f figures
	var all, healthy []float64
	for _, r := range t.results {
		switch r.verdict() {
		case skipped:
			f.Skipped++
			continue
		case untested:
			f.Broken++
			continue
		case right:
			f.First++
			f.Among++
		case unshown, behind:
			f.Among++
		case alarm:
			f.Alarms++
		}
		if r.Healthy() {
			f.Healthy++
			healthy = append(healthy, r.Seconds)
			continue
		}
		f.Faults++
		all = append(all, r.Seconds)
	}
	f.Median, f.Max = middle(all)
	f.MedianHealthy, f.MaxHealthy = middle(healthy)
	return f
}

// middle is the median and the most.
func middle(all []float64) (median, most float64) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// broken are the promises that do not hold, as lines.
func (f figures) broken(beside bool) []string {
	var all []string
	for line, holds := range map[string]bool{
		fmt.Sprintf("the right cause stands first in %d of %d", f.First, f.Faults):          float64(f.First) >= leastFirst*float64(f.Faults),
		fmt.Sprintf("the right cause is among the findings in %d of %d", f.Among, f.Faults): f.Among == f.Faults,
		fmt.Sprintf("%d of %d healthy workspaces have an alarm", f.Alarms, f.Healthy):       f.Alarms == 0,
		fmt.Sprintf("a healthy workspace took %.2f s", f.MaxHealthy):                        beside || f.MaxHealthy < mostHealthy,
		fmt.Sprintf("%d cases could not be measured", f.Broken):                             f.Broken == 0,
	} {
		if !holds {
			all = append(all, line)
		}
	}
	slices.Sort(all)
	return all
}

// close prints the matrix and the figures, and fails when a promise does not hold.
func (t *tally) close() error {
	f := t.figures()
	var err error
	if t.json {
		err = t.writeJSON(f)
	} else {
		err = errors.Join(t.writeMatrix(), t.writeFigures(f))
	}
	if broken := f.broken(t.beside); len(broken) > 0 {
		err = errors.Join(err, fmt.Errorf("measure: %s", strings.Join(broken, "; ")))
	}
	return err
}

// writeMatrix counts which side stood first for faults of which side.
func (t *tally) writeMatrix() error {
	count, names := t.matrix()
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "\nTHE CAUSE IS IN \\ FIRST STANDS\t%s\n", strings.Join(names, "\t"))
	for _, row := range names {
		cells := []string{row}
		for _, column := range names {
			cell := "."
			if n := count[[2]string{row, column}]; n > 0 {
				cell = strconv.Itoa(n)
			}
			cells = append(cells, cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	return w.Flush()
}

// matrix counts results by what was expected and what stood first.
func (t *tally) matrix() (count map[[2]string]int, names []string) {
	count = map[[2]string]int{}
	for _, r := range t.results {
		if v := r.verdict(); v == skipped || v == untested {
			continue
		}
		count[[2]string{r.expected(), r.got()}]++
		names = append(names, r.expected(), r.got())
	}
	slices.Sort(names)
	return count, slices.Compact(names)
}

func (t *tally) writeFigures(f figures) error {
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	percent := func(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
	fmt.Fprintf(w, "\nright cause first\t%d of %d\t%.1f %%\tat least %.0f %%\n", f.First, f.Faults, percent(f.First, f.Faults), 100*leastFirst)
	fmt.Fprintf(w, "right cause among the findings\t%d of %d\t%.1f %%\t100 %%\n", f.Among, f.Faults, percent(f.Among, f.Faults))
	fmt.Fprintf(w, "false alarms on healthy workspaces\t%d of %d\t\t0\n", f.Alarms, f.Healthy)
	fmt.Fprintf(w, "seconds for a fault\tmedian %.2f\tmost %.2f\t\n", f.Median, f.Max)
	fmt.Fprintf(w, "seconds for a healthy workspace\tmedian %.2f\tmost %.2f\tless than %.0f\n", f.MedianHealthy, f.MaxHealthy, mostHealthy)
	if f.Skipped+f.Broken > 0 {
		fmt.Fprintf(w, "passed over: what they need is missing\t%d\nnot measured: the benchmark failed\t%d\n", f.Skipped, f.Broken)
	}
	if f.Faults < leastFaults || f.Healthy < leastHealthy {
		fmt.Fprintf(w, "a part only: all are at least %d faults and %d healthy workspaces\n", leastFaults, leastHealthy)
	}
	return w.Flush()
}

func (t *tally) writeJSON(f figures) error {
	type row struct {
		Name     string   `json:"name"`
		Title    string   `json:"title"`
		Want     []string `json:"want"`
		Got      string   `json:"got"`
		Evidence string   `json:"evidence"`
		Verdict  verdict  `json:"verdict"`
		Seconds  float64  `json:"duration_seconds"`
	}
	rows := []row{}
	for _, r := range t.results {
		first, _ := r.first()
		rows = append(rows, row{r.Name, r.Title, append([]string{}, r.Want...), first.Code, first.Evidence, r.verdict(), r.Seconds})
	}
	matrix := map[string]map[string]int{}
	count, _ := t.matrix()
	for key, n := range count {
		if matrix[key[0]] == nil {
			matrix[key[0]] = map[string]int{}
		}
		matrix[key[0]][key[1]] = n
	}
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		figures
		Matrix map[string]map[string]int `json:"first_by_cause"`
		Cases  []row                     `json:"cases"`
	}{f, matrix, rows})
}
