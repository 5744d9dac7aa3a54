package procedure_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"iact-infra/internal/procedure"
)

func TestWorkKeepsEveryDeferredFailureOfParallelHands(t *testing.T) {
	t.Parallel()
	var work procedure.Work
	var hands sync.WaitGroup
	for range 50 {
		hands.Go(func() { work.Defer(errors.New("one source failed")) })
	}
	hands.Wait()
	work.Defer(nil)
	if got := len(work.Deferred()); got != 50 {
		t.Fatalf("Deferred holds %d errors, want 50: nil is no failure and none may get lost", got)
	}
}

func TestTextFallsBackToEnglish(t *testing.T) {
	t.Parallel()
	text := procedure.Text{ES: "respaldo", EN: "backup"}
	if text.In("es") != "respaldo" || text.In("en") != "backup" || text.In("fr") != "backup" {
		t.Errorf("In: es %q, en %q, fr %q", text.In("es"), text.In("en"), text.In("fr"))
	}
}

func TestSpanShowsItsMiddle(t *testing.T) {
	t.Parallel()
	if got := (procedure.Span{Min: 5 * time.Minute, Max: 15 * time.Minute}).Middle(); got != 10*time.Minute {
		t.Errorf("Middle = %v, want 10m", got)
	}
}
