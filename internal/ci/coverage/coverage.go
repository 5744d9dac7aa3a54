// Package coverage reads what Jest and coverage.py measured (lcov.info and
// Cobertura XML), merges it over components and holds it against thresholds.
//
// What counts are the lines: sums that a file states about itself are not
// believed, and a file that two jobs have measured is covered where either has
// reached it. Paths count from the project, whatever the program counted from.
package coverage

// Report is the coverage of some files.
type Report struct {
	Lines    Count  `json:"lines"`
	Branches Count  `json:"branches"`
	Files    []File `json:"files,omitempty"`
}

// Count is how many of all were reached.
type Count struct {
	Covered int `json:"covered"`
	All     int `json:"all"`
}

// File is the coverage of one file.
type File struct {
	Path     string `json:"path"` // below the project
	Lines    Count  `json:"lines"`
	Branches Count  `json:"branches"`
	// Hits is how often each line was reached; a line without code is not there.
	Hits map[int]int `json:"-"`
	// Taken is how often each branch of a line was taken.
	Taken map[int][]int `json:"-"`
}

// Percent is 100 where there was nothing to reach.
func (c Count) Percent() float64 {
	if c.All == 0 {
		return 100
	}
	return 100 * float64(c.Covered) / float64(c.All)
}
