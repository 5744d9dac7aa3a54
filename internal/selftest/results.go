package selftest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	ImportPath                    string // of a build
	FailedBuild                   string // why a package has no tests to run
}

// testID names a test; without a test it is the package itself.
type testID struct{ pkg, test string }

func (id testID) String() string { return strings.TrimSpace(id.pkg + " " + id.test) }

// timed is a test and how many seconds it took.
type timed struct {
	testID
	seconds float64
}

// results reads what `go test -json` says, shows a line for each package and everything that a failed test printed, and
// counts. Every test and subtest counts, as each has its own line in `go test -v`.
type results struct {
	out     io.Writer
	passed  map[testID]bool
	failed  []testID
	flaky   []testID // they failed, and passed at the second look
	skipped []string
	slow    []timed // tests of two seconds and more

	running map[testID][]string // what has begun and not ended, with its output
	ran     map[string]int      // tests that ended, by package
	builds  map[string][]string
}

func newResults(out io.Writer) *results {
	return &results{out: out, passed: map[testID]bool{}, running: map[testID][]string{}, ran: map[string]int{}, builds: map[string][]string{}}
}

// read takes events until the end. What is not an event is shown as it is.
func (r *results) read(stream io.Reader) error {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				fmt.Fprintf(r.out, "%s\n", strings.TrimRight(string(line), "\n"))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *results) take(e event) {
	id := testID{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	case "start", "run":
		if _, known := r.running[id]; !known {
			r.running[id] = nil
		}
	case "output":
		r.running[id] = append(r.running[id], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(id, e)
		} else {
			r.endTest(id, e)
		}
		delete(r.running, id)
	}
}

func (r *results) endTest(id testID, e event) {
	r.ran[id.pkg]++
	switch e.Action {
	case "pass":
		r.passed[id] = true
	case "fail":
		r.fail(id, e.Elapsed)
	case "skip":
		r.skipped = append(r.skipped, id.String()+": "+lastWord(r.running[id]))
	}
	if e.Elapsed >= 2 && !strings.Contains(id.test, "/") {
		r.slow = append(r.slow, timed{id, e.Elapsed})
	}
}

// endPackage ends what the package left unended: a test in which the process died, or a package that failed by itself.
func (r *results) endPackage(id testID, e event) {
	if e.Action == "fail" {
		before := slices.ContainsFunc(r.failed, func(f testID) bool { return f.pkg == id.pkg })
		for other := range r.running {
			if other.pkg == id.pkg && other.test != "" {
				r.fail(other, e.Elapsed)
				before = true
			}
		}
		for _, line := range r.builds[e.FailedBuild] {
			fmt.Fprint(r.out, line)
		}
		if !before {
			r.failed = append(r.failed, id)
		}
		r.print(r.running[id])
	}
	for other := range r.running {
		if other.pkg == id.pkg {
			delete(r.running, other)
		}
	}
	word := map[string]string{"pass": "ok", "fail": "FAIL"}[e.Action]
	if e.Action == "fail" || r.ran[id.pkg] > 0 {
		fmt.Fprintf(r.out, "%-4s %-50s %6.1f s %5d tests\n", word, id.pkg, e.Elapsed, r.ran[id.pkg])
	}
}

func (r *results) fail(id testID, seconds float64) {
	r.failed = append(r.failed, id)
	fmt.Fprintf(r.out, "FAIL %s (%.1f s)\n", id, seconds)
	r.print(r.running[id])
}

// print shows output without the lines that only say where go test is.
func (r *results) print(lines []string) {
	for _, line := range lines {
		if text := strings.TrimSpace(line); !strings.HasPrefix(line, "=== ") && text != "FAIL" && !strings.HasPrefix(line, "FAIL\t") {
			fmt.Fprint(r.out, line)
		}
	}
}

// add takes over what another pass counted.
func (r *results) add(other *results) {
	maps.Copy(r.passed, other.passed)
	r.failed = append(r.failed, other.failed...)
	r.flaky = append(r.flaky, other.flaky...)
	r.skipped = append(r.skipped, other.skipped...)
	r.slow = append(r.slow, other.slow...)
}

// summary lists what was skipped, what was flaky and what failed. Its last line is the count, alone.
func (r *results) summary() {
	for _, line := range r.skipped {
		fmt.Fprintf(r.out, "skipped: %s\n", line)
	}
	for _, id := range r.flaky {
		fmt.Fprintf(r.out, "flaky: %s failed, and passed when it ran once more\n", id)
	}
	for _, id := range r.failed {
		fmt.Fprintf(r.out, "failed: %s\n", id)
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", len(r.passed), len(r.failed), len(r.skipped))
}

// problem is why the tests do not count as passed.
func (r *results) problem(ci bool) error {
	switch {
	case len(r.failed) > 0:
		return fmt.Errorf("%d tests failed", len(r.failed))
	case len(r.passed) == 0:
		return errors.New("no test ran")
	case ci && len(r.skipped) > 0:
		return fmt.Errorf("%d tests were skipped, and in CI none may be", len(r.skipped))
	}
	return nil
}

// lastWord is the reason of a skip: the last thing that the test said itself.
func lastWord(lines []string) string {
	for _, line := range slices.Backward(lines) {
		text := strings.TrimSpace(line)
		if text != "" && !strings.HasPrefix(text, "--- ") && !strings.HasPrefix(text, "=== ") {
			return text
		}
	}
	return "no reason given"
}
