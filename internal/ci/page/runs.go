package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/whole"
)

// RunFile is the outcome of a run in its directory.
const RunFile = "run.json"

// rememberedFile is what later runs need of it: an outcome with thousands of tests
// takes ten milliseconds to read, and twenty of them are asked for.
const rememberedFile = "remembered.json"

// gone is how the name of a run that is being removed begins.
const gone = ".gone-"

// Remember is what later runs need to know of a run.
func Remember(run outcome.Run) outcome.Earlier {
	e := outcome.Earlier{ID: run.ID, Start: run.Start, Duration: run.Duration, Jobs: len(run.Jobs), Lines: -1, Sizes: sizesOf(run)}
	var lines coverage.Count
	for _, j := range run.Jobs {
		switch j.State {
		case outcome.Failed:
			e.Failed++
		case outcome.Restored:
			e.Restored++
		}
		if j.Coverage != nil {
			lines = sum(lines, j.Coverage.Lines)
		}
	}
	if run.Coverage != nil {
		lines = run.Coverage.Lines
	}
	if lines.All > 0 {
		e.Lines = lines.Percent()
	}
	return e
}

func sizesOf(run outcome.Run) map[string]int64 {
	sizes := map[string]int64{}
	for _, j := range run.Jobs {
		for _, a := range j.Artifacts {
			sizes[a.Name] = a.SizeBytes
		}
	}
	return sizes
}

// Keep writes the outcome of a run to its directory below dir.
func Keep(dir string, run outcome.Run) error {
	if run.ID == "" || run.ID != filepath.Base(run.ID) || strings.HasPrefix(run.ID, ".") {
		return fmt.Errorf("keep run: %q is no name of a run", run.ID)
	}
	text, err := json.MarshalIndent(run, "", " ")
	if err != nil {
		return fmt.Errorf("keep run %s: %w", run.ID, err)
	}
	home := filepath.Join(dir, run.ID)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	remembered, err := json.Marshal(Remember(run))
	if err != nil {
		return fmt.Errorf("keep run %s: %w", run.ID, err)
	}
	// What is remembered is never that of another outcome: where it is missing, the
	// outcome is read.
	if err := os.Remove(filepath.Join(home, rememberedFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep run: %w", err)
	}
	if err := whole.Replace(filepath.Join(home, RunFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	if err := whole.Replace(filepath.Join(home, rememberedFile), append(remembered, '\n'), 0o644); err != nil {
		return fmt.Errorf("keep run: %w", err)
	}
	return nil
}

// Earlier reads the last n runs in dir that began before the run of an ID, the
// newest last. IDs begin with their time, and so they sort by it. A run without an
// outcome, because it was killed, and one that cannot be read are left out.
func Earlier(dir string, n int, before string) ([]outcome.Earlier, error) {
	names, err := runNames(dir)
	if err != nil {
		return nil, fmt.Errorf("read earlier runs: %w", err)
	}
	var earlier []outcome.Earlier
	for _, name := range slices.Backward(names) {
		if len(earlier) == n {
			break
		}
		if name >= before {
			continue
		}
		if e, err := readEarlier(filepath.Join(dir, name)); err == nil {
			e.ID = name
			earlier = append(earlier, e)
		}
	}
	slices.Reverse(earlier)
	return earlier, nil
}

// readEarlier reads what is remembered of a run, or takes it out of its outcome.
func readEarlier(dir string) (outcome.Earlier, error) {
	var e outcome.Earlier
	if text, err := os.ReadFile(filepath.Join(dir, rememberedFile)); err == nil && json.Unmarshal(text, &e) == nil {
		return e, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, RunFile))
	if err != nil {
		return outcome.Earlier{}, err
	}
	var slim struct {
		Start    time.Time     `json:"start"`
		Duration time.Duration `json:"duration_ns"`
		Coverage *struct {
			Lines coverage.Count `json:"lines"`
		} `json:"coverage"`
		Jobs []struct {
			State    outcome.State `json:"state"`
			Coverage *struct {
				Lines coverage.Count `json:"lines"`
			} `json:"coverage"`
			Artifacts []outcome.Artifact `json:"artifacts"`
		} `json:"jobs"`
	}
	if err := json.Unmarshal(text, &slim); err != nil {
		return outcome.Earlier{}, err
	}
	run := outcome.Run{Start: slim.Start, Duration: slim.Duration}
	if slim.Coverage != nil {
		run.Coverage = &coverage.Report{Lines: slim.Coverage.Lines}
	}
	for _, j := range slim.Jobs {
		job := outcome.Job{State: j.State, Artifacts: j.Artifacts}
		if j.Coverage != nil {
			job.Coverage = &coverage.Report{Lines: j.Coverage.Lines}
		}
		run.Jobs = append(run.Jobs, job)
	}
	return Remember(run), nil
}

// Prune removes all runs in dir but the newest. Killed in between, it leaves a
// name that no run has, and that the next one removes.
func Prune(dir string, keep int) error {
	names, err := runNames(dir)
	if err != nil {
		return fmt.Errorf("prune runs: %w", err)
	}
	for _, name := range names[:max(0, len(names)-max(keep, 0))] {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, gone+name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("prune runs: %w", err)
		}
	}
	rests, err := filepath.Glob(filepath.Join(dir, gone+"*"))
	for _, rest := range rests {
		err = errors.Join(err, os.RemoveAll(rest))
	}
	if err != nil {
		return fmt.Errorf("prune runs: %w", err)
	}
	return nil
}

// runNames lists the directories of runs, the oldest first. Nothing is there
// before the first run.
func runNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, err
}
