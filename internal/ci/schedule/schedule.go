// Package schedule decides which job runs when: after what it needs, beside
// others as far as cores and memory go, and the longest way first.
//
// A Pool lives as long as the process. Every step of the pipeline asks it for the
// jobs of its stage, at once with the others; a job that several ask for runs
// once. A job that failed blocks what needs it and nothing else.
package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
)

// ErrBlocked is why a job was not run: something that it needs has not ended well.
const ErrBlocked = command.Sentinel("not run")

// Limits are what jobs may take together. A job that alone takes more runs alone.
type Limits struct {
	Cores  int
	Memory int64 // bytes; 0: not looked at
}

// Do runs one job in a lane. Lanes are numbered from 0; no two jobs have the same
// one at the same time. It is called once for each job.
type Do func(ctx context.Context, job pipeline.Job, lane int) error

// Pool runs jobs.
type Pool struct {
	limits   Limits
	do       Do
	expected func(job string) time.Duration
	blocked  func(job pipeline.Job, why error)
	jobs     map[string]*entry
	order    []string // as the pipeline has them

	mu     sync.Mutex
	cores  int
	memory int64
	lanes  []bool
}

// entry is a job and how far it has come.
type entry struct {
	job     pipeline.Job
	needs   []*entry
	weight  time.Duration // of the longest way from its start to an end
	ctx     context.Context
	wanted  bool
	started bool
	ended   bool
	done    chan struct{}
	err     error
}

// Options are what a pool works with.
type Options struct {
	Limits Limits
	Do     Do
	// Expected is how long a job will take; nil, or 0: not known.
	Expected func(job string) time.Duration
	// Blocked is told of each job that cannot run; nil: nobody is.
	Blocked func(job pipeline.Job, why error)
}

// New makes a pool of the jobs of a pipeline that was checked.
func New(p pipeline.Pipeline, o Options) (*Pool, error) {
	ordered, err := p.Order()
	if err != nil {
		return nil, err
	}
	pool := &Pool{limits: o.Limits, do: o.Do, expected: o.Expected, blocked: o.Blocked, jobs: map[string]*entry{}}
	if pool.limits.Cores < 1 {
		pool.limits.Cores = 1
	}
	if pool.expected == nil {
		pool.expected = func(string) time.Duration { return 0 }
	}
	if pool.blocked == nil {
		pool.blocked = func(pipeline.Job, error) {}
	}
	for _, job := range ordered {
		e := &entry{job: job, done: make(chan struct{})}
		for _, need := range job.Needs {
			if needed := pool.jobs[need]; needed != nil {
				e.needs = append(e.needs, needed)
			}
		}
		pool.jobs[job.Name()] = e
		pool.order = append(pool.order, job.Name())
	}
	for _, name := range slices.Backward(pool.order) {
		e := pool.jobs[name]
		e.weight += max(pool.expected(name), time.Millisecond)
		for _, needed := range e.needs {
			needed.weight = max(needed.weight, e.weight)
		}
	}
	return pool, nil
}

// Run runs jobs and all that they need, and returns when those that were named
// have ended. Its error joins theirs, in the order of the pipeline.
func (p *Pool) Run(ctx context.Context, names ...string) error {
	p.mu.Lock()
	for _, name := range names {
		e := p.jobs[name]
		if e == nil {
			p.mu.Unlock()
			return fmt.Errorf("run job %s: there is none of that name", name)
		}
		p.want(ctx, e)
	}
	p.mu.Unlock()
	p.dispatch()
	var all []error
	for _, name := range p.order {
		if slices.Contains(names, name) {
			<-p.jobs[name].done
			all = append(all, p.jobs[name].err)
		}
	}
	return errors.Join(all...)
}

func (p *Pool) want(ctx context.Context, e *entry) {
	if e.wanted {
		return
	}
	e.wanted, e.ctx = true, ctx
	for _, needed := range e.needs {
		p.want(ctx, needed)
	}
}

// dispatch starts what can start now.
func (p *Pool) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		p.block()
		next := p.next()
		if next == nil {
			return
		}
		next.started = true
		lane := p.take(next.job)
		go func() {
			// Whoever asked for the job waits for done, which is closed last.
			err := p.do(next.ctx, next.job, lane)
			p.mu.Lock()
			p.give(next.job, lane)
			next.err, next.ended = err, true
			p.mu.Unlock()
			p.dispatch()
			close(next.done)
		}()
	}
}

// block ends the jobs that cannot run any more, and those that need them.
func (p *Pool) block() {
	for _, name := range p.order {
		e := p.jobs[name]
		if !e.wanted || e.started {
			continue
		}
		why := e.ctx.Err()
		if at := slices.IndexFunc(e.needs, func(needed *entry) bool { return needed.ended && needed.err != nil }); at >= 0 {
			why = fmt.Errorf("%w: %s has not ended well", ErrBlocked, e.needs[at].job.Name())
		}
		if why == nil {
			continue
		}
		e.started, e.ended, e.err = true, true, fmt.Errorf("%s: %w", name, why)
		p.blocked(e.job, e.err)
		close(e.done)
	}
}

// next is the job to start now, nil when none can: the one with the longest way
// before it that fits beside those that run.
func (p *Pool) next() *entry {
	var best *entry
	for _, name := range p.order {
		e := p.jobs[name]
		ready := e.wanted && !e.started && !slices.ContainsFunc(e.needs, func(needed *entry) bool { return !needed.ended })
		if ready && p.fits(e.job) && (best == nil || e.weight > best.weight) {
			best = e
		}
	}
	return best
}

func (p *Pool) fits(job pipeline.Job) bool {
	if p.cores == 0 {
		return true
	}
	return p.cores+cores(job) <= p.limits.Cores && (p.limits.Memory == 0 || p.memory+job.Memory <= p.limits.Memory)
}

func cores(job pipeline.Job) int { return max(job.Cores, 1) }

// take reserves what the job takes and the first free lane.
func (p *Pool) take(job pipeline.Job) int {
	p.cores += cores(job)
	p.memory += job.Memory
	lane := slices.Index(p.lanes, false)
	if lane < 0 {
		lane = len(p.lanes)
		p.lanes = append(p.lanes, false)
	}
	p.lanes[lane] = true
	return lane
}

func (p *Pool) give(job pipeline.Job, lane int) {
	p.cores -= cores(job)
	p.memory -= job.Memory
	p.lanes[lane] = false
}
