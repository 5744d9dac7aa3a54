package coverage

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
)

// Least is the percentage of lines that the procedure wants of a component of a
// kind: 70 of the front end, 80 of the back end, and of others none.
func Least(kind pipeline.Kind) float64 {
	switch kind {
	case pipeline.Node:
		return 70
	case pipeline.Python:
		return 80
	}
	return 0
}

// Check holds the lines of a component against the least percentage. The error
// names the files in which most is missing.
func (r Report) Check(component string, least float64) error {
	// Not of percentages: 69.999 must not become 70 on the way.
	if float64(r.Lines.Covered)*100 >= least*float64(r.Lines.All) && (r.Lines.All > 0 || least <= 0) {
		return nil
	}
	if r.Lines.All == 0 {
		return fault.New(fault.Invalid, "see what the tests measure: collectCoverageFrom of Jest, --cov=DIR and [run] source of pytest",
			fmt.Errorf("check coverage of %s: %w", component, ErrEmpty))
	}
	var worst []string
	for _, f := range r.Uncovered(5) {
		worst = append(worst, fmt.Sprintf("%s (%d of %d)", f.Path, f.Lines.All-f.Lines.Covered, f.Lines.All))
	}
	return fault.New(fault.Invalid, "write tests for these files first",
		fmt.Errorf("check coverage of %s: %w: %s %% of its lines, the rule is %s %% or more; most lines are missing in %s",
			component, ErrBelow, Floor(r.Lines), strings.TrimSuffix(fmt.Sprintf("%.1f", least), ".0"), strings.Join(worst, ", ")))
}

// Floor is a percentage that is never rounded up to what was not reached.
func Floor(c Count) string { return fmt.Sprintf("%.1f", math.Floor(c.Percent()*10)/10) }

// Uncovered are the n files that lack most lines.
func (r Report) Uncovered(n int) []File {
	lacking := func(f File) int { return f.Lines.All - f.Lines.Covered }
	files := slices.DeleteFunc(slices.Clone(r.Files), func(f File) bool { return lacking(f) == 0 })
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(lacking(b), lacking(a)) })
	return files[:min(n, len(files))]
}
