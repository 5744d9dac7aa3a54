package junit

import (
	"cmp"
	"fmt"
	"slices"

	"iact-infra/internal/fault"
)

// count makes the figures from the cases.
func (r *Report) count() {
	r.Passed, r.Failed, r.Skipped, r.Flaky = 0, 0, 0, 0
	sum := r.Duration * 0
	for _, c := range r.Cases {
		sum += c.Duration
		switch c.State {
		case Failed, Errored:
			r.Failed++
		case Skipped:
			r.Skipped++
		case Flaky:
			r.Flaky++
			r.Passed++
		case Passed:
			r.Passed++
		}
	}
	if r.Duration == 0 {
		r.Duration = sum
	}
}

// Check finds a report that proves nothing: one without a test, and one whose
// tests were all skipped is none either.
func (r Report) Check() error {
	if r.Passed+r.Failed > 0 {
		return nil
	}
	err := fmt.Errorf("check tests: %w", ErrNoTests)
	if r.Skipped > 0 {
		err = fmt.Errorf("check tests: all %d were skipped: %w", r.Skipped, ErrNoTests)
	}
	return fault.New(fault.Invalid, "name the directory and the pattern of the tests in the test program's own configuration; where there are none yet, take the job out", err)
}

// Merge puts reports together.
func Merge(reports ...Report) Report {
	var all Report
	for _, r := range reports {
		all.Cases = append(all.Cases, r.Cases...)
		all.Duration += r.Duration
	}
	all.count()
	return all
}

// Slowest are the n tests that took longest.
func (r Report) Slowest(n int) []Case {
	byTime := slices.SortedStableFunc(slices.Values(r.Cases), func(a, b Case) int { return cmp.Compare(b.Duration, a.Duration) })
	return byTime[:min(max(n, 0), len(byTime))]
}

// MergeAttempts puts the report of a second attempt into that of the first. A
// test that failed and then passed is flaky; it keeps what it failed with. Where
// several tests have one name all of them have to pass. A test that only the
// second attempt has is added; one that passed first and failed then has failed.
func MergeAttempts(first, again Report) Report {
	later := map[key][]Case{}
	for _, c := range again.Cases {
		later[c.key()] = append(later[c.key()], c)
	}
	merged := Report{Duration: first.Duration + again.Duration}
	known := map[key]bool{}
	for _, c := range first.Cases {
		known[c.key()] = true
		merged.Cases = append(merged.Cases, c.after(later[c.key()]))
	}
	for _, c := range again.Cases {
		if !known[c.key()] {
			merged.Cases = append(merged.Cases, c)
		}
	}
	merged.count()
	return merged
}

// after is a test after what became of it, and of its namesakes, later.
func (c Case) after(later []Case) Case {
	if len(later) == 0 {
		return c
	}
	bad := slices.IndexFunc(later, Case.bad)
	passed := !slices.ContainsFunc(later, func(c Case) bool { return c.State != Passed && c.State != Flaky })
	attempts := max(1, c.Attempts) + max(1, later[0].Attempts)
	switch {
	case c.bad() && passed:
		c.State, c.Attempts = Flaky, attempts
	case c.bad():
		c.Attempts = attempts
	case bad >= 0 && c.State != Skipped:
		c, c.Attempts = later[bad], attempts
	}
	return c
}

// Clean is a report without the secrets that its tests have printed. A name stays
// the key by which attempts are matched: clean reports after that.
func (r Report) Clean(clean func(string) string) Report {
	r.Cases = slices.Clone(r.Cases)
	for i := range r.Cases {
		c := &r.Cases[i]
		c.Name, c.Message, c.Detail = clean(c.Name), clean(c.Message), clean(c.Detail)
	}
	return r
}
