package schedule_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/schedule"
)

// job is one of a component of its own: "ui:unit<ui:deps,api:deps".
func job(text string) pipeline.Job {
	name, needs, _ := strings.Cut(text, "<")
	component, stage, variant, _ := pipeline.ParseName(name)
	j := pipeline.Job{Component: component, Stage: stage, Variant: variant}
	if needs != "" {
		j.Needs = strings.Split(needs, ",")
	}
	return j
}

// world is a pool whose jobs take fake time.
type world struct {
	*schedule.Pool
	mu      sync.Mutex
	begun   []string // in order
	ended   []string
	blocked []string
	most    int // at once
	now     int
	lanes   map[int]int
}

func newWorld(t *testing.T, limits schedule.Limits, takes map[string]time.Duration, fails []string, jobs ...pipeline.Job) *world {
	t.Helper()
	w := &world{lanes: map[int]int{}}
	pool, err := schedule.New(pipeline.Pipeline{Jobs: jobs}, schedule.Options{
		Limits:   limits,
		Expected: func(name string) time.Duration { return takes[name] },
		Blocked:  func(j pipeline.Job, _ error) { w.blocked = append(w.blocked, j.Name()) },
		Do: func(ctx context.Context, j pipeline.Job, lane int) error {
			w.mu.Lock()
			w.begun = append(w.begun, j.Name())
			w.now++
			w.most = max(w.most, w.now)
			w.lanes[lane]++
			if w.lanes[lane] > 1 {
				t.Errorf("two jobs are in lane %d", lane)
			}
			w.mu.Unlock()
			var err error
			select {
			case <-time.After(max(takes[j.Name()], time.Second)):
			case <-ctx.Done():
				err = ctx.Err()
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now--
			w.lanes[lane]--
			w.ended = append(w.ended, j.Name())
			if slices.Contains(fails, j.Name()) {
				return errors.New(j.Name() + " is broken")
			}
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Pool = pool
	return w
}

func TestIndependentJobsRunBesideEachOtherAndNotMoreThanThereAreCores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newWorld(t, schedule.Limits{Cores: 2}, nil, nil, job("a:unit"), job("b:unit"), job("c:unit"), job("d:unit"))
		if err := w.Run(t.Context(), "a:unit", "b:unit", "c:unit", "d:unit"); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); w.most != 2 || took != 2*time.Second {
			t.Errorf("%d ran at once, all took %s", w.most, took)
		}
	})
}

func TestAFailureBlocksWhatNeedsItAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, schedule.Limits{Cores: 2}, nil, []string{"ui:deps"},
			job("ui:deps"), job("ui:unit<ui:deps"), job("ui:build<ui:deps"), job("ui:artifacts<ui:build"), job("api:deps"), job("api:unit<api:deps"))
		err := w.Run(t.Context(), "ui:artifacts", "ui:unit", "api:unit")
		if err == nil || !errors.Is(err, schedule.ErrBlocked) || !strings.Contains(err.Error(), "ui:unit: not run: ui:deps has not ended well") {
			t.Errorf("got %v", err)
		}
		if want := []string{"ui:unit", "ui:build", "ui:artifacts"}; !slices.Equal(w.blocked, want) {
			t.Errorf("blocked are %v, want %v", w.blocked, want)
		}
		if !slices.Contains(w.ended, "api:unit") {
			t.Errorf("the other component has not ended: %v", w.ended)
		}
	})
}

func TestAJobThatSeveralStepsAskForRunsOnceAndNothingWaitsForAWholeStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		takes := map[string]time.Duration{"ui:deps": time.Second, "api:deps": 10 * time.Second}
		w := newWorld(t, schedule.Limits{Cores: 4}, takes, nil, job("ui:deps"), job("api:deps"), job("ui:unit<ui:deps"), job("api:unit<api:deps"))
		var group sync.WaitGroup
		for _, names := range [][]string{{"ui:deps", "api:deps"}, {"ui:unit", "api:unit"}} {
			group.Go(func() {
				if err := w.Run(t.Context(), names...); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if len(w.begun) != 4 || slices.Index(w.ended, "ui:unit") > slices.Index(w.ended, "api:deps") {
			t.Errorf("begun %v, ended %v", w.begun, w.ended)
		}
	})
}

func TestTheLongestWayBeginsFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		takes := map[string]time.Duration{"a:unit": 3 * time.Second, "b:deps": time.Second, "b:build": 9 * time.Second}
		w := newWorld(t, schedule.Limits{Cores: 1}, takes, nil, job("a:unit"), job("b:deps"), job("b:build<b:deps"))
		if err := w.Run(t.Context(), "a:unit", "b:build"); err != nil {
			t.Error(err)
		}
		if want := []string{"b:deps", "b:build", "a:unit"}; !slices.Equal(w.begun, want) {
			t.Errorf("they begin as %v, want %v", w.begun, want)
		}
	})
}

func TestMemoryIsSharedAndAJobThatTakesMoreThanThereIsRunsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		big, other := job("big:unit"), job("other:unit")
		big.Memory, other.Memory = 8<<30, 1<<30
		w := newWorld(t, schedule.Limits{Cores: 4, Memory: 4 << 30}, nil, nil, big, other)
		if err := w.Run(t.Context(), "big:unit", "other:unit"); err != nil || w.most != 1 {
			t.Errorf("%d ran at once: %v", w.most, err)
		}
	})
}

func TestAStoppedRunStartsNothingMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		w := newWorld(t, schedule.Limits{Cores: 1}, nil, nil, job("a:unit"), job("b:unit"), job("c:unit<b:unit"))
		time.AfterFunc(500*time.Millisecond, stop)
		if err := w.Run(ctx, "a:unit", "c:unit"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if len(w.begun) != 1 || len(w.blocked) != 2 {
			t.Errorf("begun %v, blocked %v", w.begun, w.blocked)
		}
	})
}

func TestAJobThatThereIsNotIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schedule.Limits{Cores: 1}, nil, nil, job("a:unit"))
	if err := w.Run(t.Context(), "a:lint"); err == nil || len(w.begun) > 0 {
		t.Errorf("got %v, begun %v", err, w.begun)
	}
}
