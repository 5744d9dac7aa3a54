package compat

import (
	"cmp"
	"slices"

	"iact-infra/internal/fault"
)

// The levels of findings and rows.
const (
	OK   = "ok"
	Warn = "warn"
	Fail = "fail"
)

// The verdicts of rows.
const (
	Same   = "same"   // the new one does what the old one did
	Fixed  = "fixed"  // it failed before
	Broken = "broken" // it worked before
	New    = "new"    // there is nothing to compare it with
)

// Finding is one thing that is wrong, or may be.
type Finding struct {
	Code     string `json:"code"`
	Level    string `json:"level"`
	Title    string `json:"title"`
	Evidence string `json:"evidence"`
	Cause    string `json:"cause"`
	Fix      string `json:"fix"`
	File     string `json:"file,omitempty"` // in the project: relative to it
	Line     int    `json:"line,omitempty"`
	Module   string `json:"module,omitempty"` // or the distribution
	Verdict  string `json:"verdict"`
}

// Row is one line of the table: a declared dependency, or a check.
type Row struct {
	Kind    string `json:"kind"` // dependency | extensions | source | smoke
	Name    string `json:"name"`
	Old     string `json:"old"` // "?" is not known
	New     string `json:"new"`
	Verdict string `json:"verdict"`
	Level   string `json:"level"`
}

// Interpreter is one side, as it was found.
type Interpreter struct {
	Name    string `json:"name"`
	Env     string `json:"env"`
	Version string `json:"version"` // "" when it does not answer
}

// Report is the result of a check. Its JSON is in the same order every time.
type Report struct {
	Project  string      `json:"project"`
	Old      Interpreter `json:"old"`
	New      Interpreter `json:"new"`
	OK       bool        `json:"ok"`
	Rows     []Row       `json:"rows"`
	Findings []Finding   `json:"findings"`
}

// Failed says whether the project does not fit.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Fail })
}

// Err is what a target returns for the report: nil, or one line.
func (r *Report) Err() error {
	for _, f := range r.Findings {
		if f.Level == Fail {
			return fault.New(fault.Invalid, f.Fix, &failure{first: f, count: r.count(Fail)})
		}
	}
	return nil
}

func (r *Report) count(level string) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

func (r *Report) add(f Finding) { r.Findings = append(r.Findings, f) }
func (r *Report) row(row Row)   { r.Rows = append(r.Rows, row) }

func rank(level string) int { return slices.Index([]string{Fail, Warn, OK}, level) }

// finish puts all in order; rows keep the order of the checks.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a.Level), rank(b.Level)),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Module, b.Module),
			cmp.Compare(a.Evidence, b.Evidence),
		)
	})
	r.OK = !r.Failed()
}

// judge compares how it went: what was as bad before is not the update's doing.
func judge(old, new string) (verdict, level string) { //nolint:revive // old and new are the words of the matter
	const good, unknown = "ok", ""
	switch {
	case new == good && old == unknown:
		return New, OK
	case new == good && old == good:
		return Same, OK
	case new == good:
		return Fixed, OK
	case old == unknown:
		return New, Fail
	case old == good, worse(old, new):
		return Broken, Fail
	}
	return Same, Warn
}

// worse: what only failed before now takes its process down.
func worse(old, new string) bool { //nolint:revive // as above
	down := []string{crashed, hung}
	return slices.Contains(down, new) && !slices.Contains(down, old)
}

// before says in words what a verdict says of the time before the update.
func before(verdict string) string {
	switch verdict {
	case Same:
		return "; the same failure before the update"
	case New:
		return "; whether it was so before is not known"
	case Broken:
		return "; it was not so before the update"
	}
	return ""
}
