package page

import (
	"time"

	"iact-infra/internal/ci/outcome"
)

// criticalPath is the chain of jobs that the length of the run comes from, by
// their places in the list. It is walked back from the job that ended last: what
// held up a job is the one of those it needs that ended last, or, where it was
// ready before it began, the job that had its slot.
func criticalPath(jobs []outcome.Job) map[int]bool {
	byName := map[string]int{}
	last := -1
	for i, j := range jobs {
		byName[j.Name] = i
		if ran(j) && (last < 0 || end(j).After(end(jobs[last]))) {
			last = i
		}
	}
	on := map[int]bool{}
	for last >= 0 && !on[last] {
		on[last] = true
		last = holder(jobs, byName, last)
	}
	return on
}

// holder is the job that held up another one, or -1.
func holder(jobs []outcome.Job, byName map[string]int, of int) int {
	j := jobs[of]
	best := -1
	consider := func(i int) {
		// Clocks are read one after the other: a little overlap is none.
		if i != of && ran(jobs[i]) && end(jobs[i]).Before(j.Start.Add(5*time.Millisecond)) && jobs[i].Start.Before(j.Start) &&
			(best < 0 || end(jobs[i]).After(end(jobs[best]))) {
			best = i
		}
	}
	for _, need := range j.Needs {
		if i, there := byName[need]; there {
			consider(i)
		}
	}
	if waited(j) > 0 || len(j.Needs) == 0 {
		for i, other := range jobs {
			if other.Lane == j.Lane {
				consider(i)
			}
		}
	}
	return best
}
