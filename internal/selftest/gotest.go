package selftest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// The classes of tests by name: test:all runs plainNames without the race detector, and leaves wholeNames to test:slow.
const (
	plainNames = "^(TestSlow|TestReal)"
	wholeNames = "^TestWhole"
	notQuick   = "^(TestSlow|TestReal|TestWhole)"
)

// passes runs every test once, without cached results: those that measure, work long or use services as they are, and
// all others under the race detector, which makes work three times as long, and the start of a program thirty times. It
// needs a C compiler; without one all tests run as they are.
func (s *suite) passes(ctx context.Context, env []string) error {
	cgo := command.Read("go", "env", "CGO_ENABLED")
	cgo.Dir = s.root
	enabled, err := s.door.Text(ctx, cgo).String()
	if err != nil {
		return err
	}
	everything, flags := []string{"./..."}, []string{"-count=1", "-timeout=60m"}
	if strings.TrimSpace(enabled) != "1" {
		fmt.Fprintln(s.out, "   no C compiler: without the race detector")
		return s.judge(s.tests(ctx, env, true, everything, append(flags, "-skip="+wholeNames)...))
	}
	plain, err := s.plain(ctx)
	if err != nil {
		return err
	}
	quick := s.tests(ctx, env, true, everything, append(flags, "-race", "-skip="+notQuick)...)
	if len(plain) == 0 {
		return s.judge(quick)
	}
	again := s.tested != nil && len(s.tested.failed) == 0
	return s.judge(quick, s.tests(ctx, env, again, plain, append(flags, "-run="+plainNames)...))
}

// tests runs `go test` over packages and reports on it. env names the services; again gives what failed beside them a
// second look. What `go vet` says has a stage of its own.
func (s *suite) tests(ctx context.Context, env []string, again bool, packages []string, flags ...string) error {
	seen := newResults(s.out)
	flags = append(slices.Clone(flags), "-vet=off")
	err := s.stream(ctx, seen, env, slices.Concat(flags, packages))
	if again {
		err = errors.Join(err, s.lookAgain(ctx, env, seen, flags))
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.tested == nil {
		s.tested = newResults(s.out)
	}
	s.tested.add(seen)
	return err
}

// stream runs `go test` once and shows and counts what it says. A test that fails is no error here: the count tells.
func (s *suite) stream(ctx context.Context, seen *results, env, args []string) error {
	test := command.Read("go", append([]string{"test", "-json"}, args...)...)
	test.Dir, test.Env = s.root, env
	stream, err := s.door.Stream(ctx, test)
	if err != nil {
		return err
	}
	defer stream.Abort()
	err = seen.read(stream)
	if ended := stream.Close(); err == nil {
		err = ended
	}
	if stderr := strings.TrimSpace(stream.Stderr()); stderr != "" {
		fmt.Fprintf(s.out, "%s\n", stderr)
	}
	// A test that fails makes the go command fail. One that was cut off has not run all.
	var failed *command.Error
	if len(seen.failed) > 0 && errors.As(err, &failed) && failed.Exit == 1 {
		return nil
	}
	return err
}

// judge is the error of the test stage, after all its passes.
func (s *suite) judge(passes ...error) error {
	err := errors.Join(passes...)
	if s.tested == nil {
		return err
	}
	return errors.Join(s.tested.problem(s.ci), err)
}

// quick is the pass of the quick loop.
func (s *suite) quick(ctx context.Context) error {
	return s.judge(s.tests(ctx, nil, false, []string{"./..."}, "-skip="+notQuick))
}

// tooSlow names the tests that take the quick out of the quick loop.
func (s *suite) tooSlow() {
	if s.tested == nil {
		return
	}
	for _, one := range s.tested.slow {
		fmt.Fprintf(s.out, "slow: %s: %.1f s; begin its name with TestSlow to leave it to test:all\n", one, one.seconds)
	}
}

// slowest names the tests that took longest: where time can be saved. Many run beside one another.
func (s *suite) slowest() {
	if s.tested == nil {
		return
	}
	slices.SortFunc(s.tested.slow, func(a, b timed) int { return cmp.Compare(b.seconds, a.seconds) })
	const shown = 20
	for _, one := range s.tested.slow[:min(shown, len(s.tested.slow))] {
		fmt.Fprintf(s.out, "%6.1f s %s\n", one.seconds, one)
	}
}
