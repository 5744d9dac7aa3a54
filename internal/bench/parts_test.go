package bench

import (
	"os"
	"testing"

	"iact-infra/internal/fault"
)

func TestThePartThatTakesLongIsMeasuredOnlyWhenItIsNamed(t *testing.T) {
	t.Parallel()
	for only, want := range map[string]string{
		"":            "pgbench dense mariadb ssh volume tree rotation start ",
		"tree":        "tree ",
		toolchainPart: "cpython ",
		machinePart:   "vm ",
		pipelinePart:  "ci ",
	} {
		parts, err := chosen((&bench{}).parts(), only)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, p := range parts {
			got += p.name + " "
		}
		if got != want {
			t.Errorf("%q chooses %s, want %s", only, got, want)
		}
	}
	if _, err := chosen((&bench{}).parts(), "trees"); fault.Code(err) != fault.Usage {
		t.Errorf("an unknown part: %v", err)
	}
}

func TestThePeakIsThatOfTheProcessItself(t *testing.T) {
	t.Parallel()
	peak := watchPeak(os.Getpid())
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = byte(i)
	}
	if kib := peak(); kib < int64(len(held)>>10) {
		t.Errorf("peak of %d KiB while %d were held", kib, len(held)>>10)
	}
	if kib := peakOf(1 << 30); kib != 0 {
		t.Errorf("a process that is not there had %d KiB", kib)
	}
}
