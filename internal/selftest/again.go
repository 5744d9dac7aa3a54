package selftest

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// mostAgain is how many tests of services and times may get a second look. More than that is no bad moment of the
// machine.
const mostAgain = 5

// lookAgain runs once more, with no other package beside it, each package in which tests failed that lean on real
// services or on time (TestReal…, TestSlow…). A test that passes then is flaky: it counts as passed, and the summary
// names it; what it printed the first time stands above. One that fails twice has failed. All other tests are
// deterministic: where one of them failed, nothing gets a second look.
func (s *suite) lookAgain(ctx context.Context, env []string, seen *results, flags []string) error {
	for _, pkg := range seen.unsteady() {
		second := newResults(s.out)
		if err := s.stream(ctx, second, env, append(slices.Clone(flags), pkg)); err != nil {
			return err
		}
		seen.replace(pkg, second)
	}
	return nil
}

// unsteady is the packages to which a second look is given.
func (r *results) unsteady() []string {
	tests, packages := map[testID]bool{}, map[string]bool{}
	for _, id := range r.failed {
		id = id.whole()
		if !strings.HasPrefix(id.test, "TestReal") && !strings.HasPrefix(id.test, "TestSlow") {
			return nil
		}
		tests[id], packages[id.pkg] = true, true
	}
	if len(tests) > mostAgain {
		return nil
	}
	return slices.Sorted(maps.Keys(packages))
}

// replace puts what the second look saw of a package in the place of what the first saw. The whole package counts: the
// test that failed may have taken others with it that had not run yet.
func (r *results) replace(pkg string, second *results) {
	of := func(id testID) bool { return id.pkg == pkg }
	for _, id := range r.failed {
		if id = id.whole(); of(id) && second.passed[id] && !slices.Contains(r.flaky, id) {
			r.flaky = append(r.flaky, id)
		}
	}
	r.failed = slices.DeleteFunc(r.failed, of)
	maps.DeleteFunc(r.passed, func(id testID, _ bool) bool { return of(id) })
	r.add(second)
}

// whole is the test that a subtest belongs to.
func (id testID) whole() testID {
	id.test, _, _ = strings.Cut(id.test, "/")
	return id
}
