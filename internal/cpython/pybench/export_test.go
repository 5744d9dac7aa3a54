package pybench

import "io/fs"

// Seam is the inner part that tests reach for.
type Seam struct{}

func (Seam) Compare(old, fresh []float64) Ratio { return compare(old, fresh) }

func (Seam) RankCut(n int) int { return rankCut(n) }

func (Seam) Verdict(r Ratio, threshold float64) string { return verdict(r, threshold) }

func (Seam) Machine(root fs.FS) (Machine, []string) { return readMachine(root) }

// Judged is a report on values that were not measured.
func (Seam) Judged(threshold float64, names []string, values map[string][2][]float64) *Report {
	m := &meter{}
	for _, name := range names {
		m.series = append(m.series, &series{name: name, unit: second, values: values[name]})
	}
	r := &Report{Schema: 1, Suite: Shipped, Threshold: threshold}
	r.judge(m)
	return r
}

// Pyperf is what is read from a file of pyperf: values and peaks by name.
func (Seam) Pyperf(file string) (values map[string]float64, units map[string]string, peaks map[string]int64, err error) {
	all, err := readPyperf(file)
	values, units, peaks = map[string]float64{}, map[string]string{}, map[string]int64{}
	for _, one := range all {
		values[one.name], units[one.name], peaks[one.name] = one.value, one.unit, one.peak
	}
	return values, units, peaks, err
}
