package providertest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

func safetyTests() []test {
	return []test{
		{"what is no machine is gone and nothing else is touched", nothingElse},
		{"a machine that was removed behind our back is gone", removedIsGone},
		{"a snapshot that fails leaves the machine as it was", failureLeaves},
		{"what was cancelled changes nothing", cancelledChangesNothing},
		{"a plan changes nothing", planChangesNothing},
		{"different machines are worked on at the same time", machinesAtOnce},
	}
}

func namesAreSafe(t *testing.T, b *bench) {
	for _, name := range []string{"", " ", "-x", "--help", ".x", "a b", "a/b", "..", "a;b", "a'b", `a"b`, "ñ", "a\nb", strings.Repeat("x", 65)} {
		if err := b.Provider.Take(t.Context(), b.ID, name, ""); fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
			t.Errorf("%q: %v", name, err)
		}
	}
	b.has()
	long := strings.Repeat("x", 64)
	b.take(long)
	b.take("0")
	b.has(long, "0")
	b.is(provider.Off)
}

// methods are all that take a machine, with their errors.
func methods(ctx context.Context, p provider.Provider, id string) map[string]error {
	_, look := p.Look(ctx, id)
	_, snapshots := p.Snapshots(ctx, id)
	return map[string]error{
		"look": look, "snapshots": snapshots,
		"suspend": p.Suspend(ctx, id), "resume": p.Resume(ctx, id), "start": p.Start(ctx, id),
		"take": p.Take(ctx, id, "one", ""), "restore": p.Restore(ctx, id, "one"), "delete": p.Delete(ctx, id, "one"), "stop": p.Stop(ctx, id),
	}
}

func (b *bench) gone(what, id string) {
	b.t.Helper()
	for method, err := range methods(b.t.Context(), b.Provider, id) {
		if !errors.Is(err, provider.ErrGone) {
			b.t.Errorf("%s, %s: %v", what, method, err)
		}
	}
}

func nothingElse(t *testing.T, b *bench) {
	b.start()
	b.take("one")
	for what, id := range map[string]string{
		"never made": "00000000-0000-4000-8000-000000000001", "nothing": "", "a name": b.Domain,
		"an option": "--help", "a command": b.ID + "; destroy " + b.ID,
	} {
		b.gone(what, id)
	}
	b.is(provider.Running)
	b.has("one")
}

func removedIsGone(t *testing.T, b *bench) {
	b.Vanish(t)
	b.gone("removed", b.ID)
	all, err := b.Provider.Machines(t.Context())
	b.must(err)
	if one, there := all[b.ID]; there {
		t.Errorf("it is listed: %+v", one)
	}
}

func failureLeaves(t *testing.T, b *bench) {
	// Where nothing can be broken, a name that is taken is what fails.
	name, fail := "broken", b.Break
	if fail == nil {
		name, fail = "whole", func(testing.TB) func() { return func() {} }
	}
	b.take("whole")
	for _, verb := range []string{"stop", "start", "suspend"} {
		b.must(b.does(verb, b.ID))
		was := b.state()
		mend := fail(t)
		if err := b.Provider.Take(t.Context(), b.ID, name, ""); err == nil {
			t.Errorf("while it is %s it went well", was)
		}
		mend()
		b.is(was)
		b.has("whole")
	}
	b.must(b.does("resume", b.ID))
	b.take("again")
	b.has("whole", "again")
}

func cancelledChangesNothing(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.take("one")
	for _, was := range []string{"start", "stop"} {
		b.must(b.does(was, b.ID))
		state := b.state()
		for method, err := range methods(ctx, b.Provider, b.ID) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s while it is %s: %v", method, state, err)
			}
		}
		if _, err := b.Provider.Machines(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("machines: %v", err)
		}
		b.is(state)
		b.has("one")
	}
}

func planChangesNothing(t *testing.T, b *bench) {
	b.start()
	b.take("one")
	var plan strings.Builder
	p := b.Planning(&plan)
	for verb, err := range map[string]error{
		"suspend": p.Suspend(t.Context(), b.ID), "stop": p.Stop(t.Context(), b.ID), "take": p.Take(t.Context(), b.ID, "two", ""),
		"restore": p.Restore(t.Context(), b.ID, "one"), "delete": p.Delete(t.Context(), b.ID, "one"),
	} {
		if err != nil {
			t.Errorf("%s: %v", verb, err)
		}
	}
	b.is(provider.Running)
	b.has("one")
	if lines := strings.Count(plan.String(), "\n"); lines < 5 || !strings.Contains(plan.String(), b.ID) {
		t.Errorf("the plan is\n%s", plan.String())
	}
}

func machinesAtOnce(_ *testing.T, b *bench) {
	var all sync.WaitGroup
	for _, one := range []*bench{b, b.another()} {
		all.Go(func() {
			ctx := one.t.Context()
			for i, err := range []error{
				one.Provider.Start(ctx, one.ID), one.Provider.Take(ctx, one.ID, "one", ""), one.Provider.Suspend(ctx, one.ID),
				one.Provider.Resume(ctx, one.ID), one.Provider.Restore(ctx, one.ID, "one"), one.Provider.Delete(ctx, one.ID, "one"),
			} {
				if err != nil {
					one.t.Errorf("operation %d: %v", i, err)
				}
			}
			one.is(provider.Running)
			one.has()
		})
	}
	all.Wait()
}
