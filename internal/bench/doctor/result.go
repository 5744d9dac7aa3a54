package doctor

import (
	"slices"
	"strings"
)

// Result is what the doctor said of a case.
type Result struct {
	Case
	Seconds float64
	Skipped string // why it could not be tried
	Broken  error  // the benchmark's own failure

	findings []finding
}

// verdict is one word on a result.
type verdict string

const (
	right     verdict = "right"
	unshown   verdict = "without evidence" // the code stands first, and the value is not shown
	behind    verdict = "not first"
	missed    verdict = "missed"
	calm      verdict = "healthy"
	alarm     verdict = "false alarm"
	skipped   verdict = "skipped"
	untested  verdict = "broken"
	nothing           = "nothing"
	separator         = ", "
)

func (r Result) verdict() verdict {
	first, found := r.first()
	switch {
	case r.Skipped != "":
		return skipped
	case r.Broken != nil:
		return untested
	case r.Healthy() && !found:
		return calm
	case r.Healthy():
		return alarm
	case r.wants(first) && first.shows(r.Sees):
		return right
	case r.wants(first):
		return unshown
	case slices.ContainsFunc(r.findings, func(f finding) bool { return f.bad() && r.wants(f) }):
		return behind
	}
	return missed
}

// first is the finding that stands first, if anything is wrong.
func (r Result) first() (finding, bool) {
	for _, f := range r.findings {
		if f.bad() {
			return f, true
		}
	}
	return finding{}, false
}

func (r Result) wants(f finding) bool { return slices.Contains(r.Want, f.Code) }

// expected is the side of the right cause, or that all is well.
func (r Result) expected() string {
	if r.Healthy() {
		return nothing
	}
	return side(r.Want[0])
}

// got is the side of what stood first.
func (r Result) got() string {
	if f, found := r.first(); found {
		return side(f.Code)
	}
	return nothing
}

// side is the group that a code belongs to: those of the configuration have no
// number.
func side(code string) string {
	parts := strings.Split(code, "-")
	if last := parts[len(parts)-1]; len(parts) == 3 && strings.Trim(last, "0123456789") == "" && parts[1] != "CFG" {
		return parts[1]
	}
	return "configuration"
}
