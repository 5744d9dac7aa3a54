package build

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

const tested = "test"

// Suite is what the tests of CPython said.
type Suite struct {
	Ran, Skipped int
	Failed       []string // that count
	Known        []string // with the reason why they do not
	Flaky        []string // that passed when the suite ran them once more
	JUnit        string   // the file with all of it
}

// known are failures that come from where the tests run, with the reason: by a
// part of the name, a file or a class.
func known() map[string]string {
	return map[string]string{
		"ThreadedVSOCKSocketStreamTest": "needs a socket to the hypervisor, which not every one gives to its guests",
		"test_gdb":                      "needs a debugger that fits and may attach",
		"test_perf_profiler":            "needs perf and its rights",
	}
}

// Tested says whether the tests have passed, on this tree and with these names.
func (b *Build) Tested(only []string) bool {
	return b.Compiled() && b.stamped(tested) == b.stampOf()+strings.Join(only, " ")
}

// Test runs the test suite of CPython, or only some of its files, on all cores.
// Failures that come from where it runs are told apart; any other is an error.
func (b *Build) Test(ctx context.Context, only []string) (Suite, error) {
	s := Suite{JUnit: filepath.Join(b.Work, logDir, "test.xml")}
	if err := os.Remove(s.JUnit); err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	jobs := b.Jobs
	if jobs == 0 {
		jobs = Jobs(false)
	}
	bar := b.progress("testing", int64(len(only)))
	died := regexp.MustCompile(`(test_\w+) (crashed|timed out|worker non-zero exit code)`)
	see := func(line string) {
		if strings.Contains(line, "] test_") {
			bar.Add(1)
		}
		// A file that dies has no case in the results.
		if found := died.FindStringSubmatch(line); found != nil && !slices.Contains(s.Failed, found[1]+" "+found[2]) {
			s.Failed = append(s.Failed, found[1]+" "+found[2])
		}
	}
	options := append([]string{fmt.Sprintf("-j%d", jobs), "--timeout=900", "--junit-xml=" + s.JUnit}, only...)
	ran := b.run(ctx, tested, see, "make", "test", "TESTOPTS="+strings.Join(options, " "))
	bar.Done()
	if ctx.Err() != nil {
		return s, ran
	}
	if err := s.read(); err != nil {
		return s, errors.Join(ran, err)
	}
	if s.Ran == 0 {
		return s, errors.Join(ran, fault.New(fault.Invalid, "cpython.tests names files of the suite, such as test_json", errors.New("test: no test was run")))
	}
	if len(s.Failed) > 0 {
		return s, fault.New(fault.Invalid, "all of it is in "+s.JUnit, fmt.Errorf("test: %d of %d failed: %s", len(s.Failed), s.Ran, strings.Join(s.Failed, ", ")))
	}
	if ran != nil && len(s.Known) == 0 { // nothing else explains it
		return s, fault.New(fault.Invalid, "all of it is in "+b.Log(tested), fmt.Errorf("test: no case failed, and still: %w", ran))
	}
	return s, b.stamp(tested, b.stampOf()+strings.Join(only, " "))
}

// read reads the results.
func (s *Suite) read() error {
	text, err := os.ReadFile(s.JUnit)
	if err != nil {
		return fmt.Errorf("read test results: %w", err)
	}
	var file struct {
		Suites []struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Skipped *struct{} `xml:"skipped"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("read test results: %w", err)
	}
	failed := map[string]bool{} // by name: false when it has passed as well
	for _, suite := range file.Suites {
		for _, one := range suite.Cases {
			bad := one.Failure != nil || one.Error != nil
			was, seen := failed[one.Name]
			failed[one.Name] = bad && (was || !seen)
			switch {
			case seen && was != bad:
				s.Flaky = append(s.Flaky, one.Name)
			case !seen && one.Skipped != nil:
				s.Skipped++
			}
		}
	}
	s.Ran = len(failed)
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		if failed[name] {
			s.judge(name)
		}
	}
	return nil
}

// judge puts a failure where it belongs.
func (s *Suite) judge(name string) {
	for part, why := range known() {
		if slices.Contains(strings.Split(name, "."), part) {
			s.Known = append(s.Known, name+": "+why)
			return
		}
	}
	s.Failed = append(s.Failed, name)
}
