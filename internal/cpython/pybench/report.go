package pybench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is a comparison. Its JSON stays readable by later versions: Schema says
// which form it has.
type Report struct {
	Schema          int          `json:"schema"`
	Started         time.Time    `json:"started"`
	DurationSeconds float64      `json:"duration_seconds"`
	Suite           Suite        `json:"suite"` // that ran: never Auto
	Rounds          int          `json:"rounds"`
	Threshold       float64      `json:"threshold"`
	Machine         Machine      `json:"machine"`
	Old             Identity     `json:"old"`
	New             Identity     `json:"new"`
	Results         []Result     `json:"results"`
	Unmeasured      []Unmeasured `json:"unmeasured"`
	Mean            *Ratio       `json:"mean,omitempty"` // geometric, of the results in seconds; nil without any
	Notes           []string     `json:"notes"`
}

// Result is one benchmark on both interpreters. Less is better in every unit.
type Result struct {
	Name    string `json:"name"`
	Unit    string `json:"unit"` // "second" or "byte"
	Old     Sample `json:"old"`
	New     Sample `json:"new"`
	Ratio   Ratio  `json:"ratio"`
	Verdict string `json:"verdict"`
}

// Sample is what one interpreter measured; each value comes from a process of
// its own, and the values of both at one index were measured next to each other.
type Sample struct {
	Median    float64   `json:"median"`
	Spread    float64   `json:"spread"` // the middle half of the values, as a share of the median
	N         int       `json:"n"`
	Values    []float64 `json:"values"`
	PeakBytes int64     `json:"peak_bytes,omitempty"` // the most memory that a process had
}

// Unmeasured is a benchmark that could not be compared, and why: what either
// interpreter said, "" for one that had nothing against it.
type Unmeasured struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

func (u Unmeasured) String() string {
	var why []string
	if u.Old != "" {
		why = append(why, "on the old interpreter: "+u.Old)
	}
	if u.New != "" {
		why = append(why, "on the new interpreter: "+u.New)
	}
	return fmt.Sprintf("%s was not measured: %s", u.Name, strings.Join(why, "; "))
}

// Regressions are the results that are slower or larger by more than threshold
// (0.10 is a tenth) beyond what noise explains: the low end of the interval is.
func (r *Report) Regressions(threshold float64) []Result {
	var worse []Result
	for _, one := range r.Results {
		if one.Ratio.Low > regressing(threshold) {
			worse = append(worse, one)
		}
	}
	return worse
}

// JSON writes the report as JSON.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// Read reads what JSON has written.
func Read(from io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(from).Decode(&r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if r.Schema != 1 {
		return nil, fmt.Errorf("read report: its schema is %d, not 1", r.Schema)
	}
	return &r, nil
}
