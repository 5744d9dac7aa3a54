package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/journal"
)

func TestKillAtAnyMomentLeavesAJournalThatTellsWhatMayHaveBegun(t *testing.T) {
	t.Parallel()
	broken := 0
	for nth := 1; ; nth++ {
		if nth > 200 {
			t.Fatal("the run never gets to its end")
		}
		dir := t.TempDir()
		err := rerun(t, dir, "ENGINE_TEST_KILL="+strconv.Itoa(nth))
		if err == nil {
			break
		}
		var died *command.Error
		if !errors.As(err, &died) || died.Signal != "SIGKILL" {
			t.Fatalf("kill %d: the child did not die of it: %v", nth, err)
		}
		runs, err := journal.List(filepath.Join(dir, "journal"))
		if err != nil {
			t.Fatalf("kill %d: the journal cannot be read: %v", nth, err)
		}
		for number, target := range []string{"demo:first", "demo:second"} {
			checkStory(t, nth, dir, number+1, target, runs)
		}
		if len(runs) == 1 && runs[0].State() == journal.Broken {
			broken++
		}
		// The next run goes on from there and comes to its end.
		if err := rerun(t, dir); err != nil {
			t.Fatalf("kill %d: the run after it fails: %v", nth, err)
		}
	}
	if broken < 4 {
		t.Errorf("only %d kills hit a run at work: the test does not walk through it", broken)
	}
}

// checkStory holds the journal against what the step left on disk.
func checkStory(t *testing.T, nth int, dir string, number int, target string, runs []journal.Run) {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, fmt.Sprintf("effect-%d", number)))
	changed := err == nil
	var story []string
	if len(runs) == 1 {
		story = events(runs[0], target)
	}
	if changed && !slices.Contains(story, "intent") {
		t.Errorf("kill %d: %s changed something without an intent: %v", nth, target, story)
	}
	if !changed && slices.Contains(story, "result") {
		t.Errorf("kill %d: %s has a result but changed nothing", nth, target)
	}
	if at := slices.Index(story, "record"); at >= 0 && at < slices.Index(story, "intent") {
		t.Errorf("kill %d: %s has a record before its intent: %v", nth, target, story)
	}
}
