package journal

import (
	"bytes"
	"os"
	"slices"
	"time"
)

const (
	// enough runs for an estimate: the median of five ignores two odd ones.
	enough = 5
	// lookBack bounds how many journals are read for it: an estimate is
	// wanted before every step, and years of nightly runs pile up.
	lookBack = 100
)

// Estimate is the median duration of the last five times that step, a target,
// ended well on this machine. false means that it never did.
func Estimate(dir, step string) (time.Duration, bool) {
	files, err := paths(dir)
	if err != nil {
		return 0, false
	}
	var took []float64
	for _, path := range files[:min(len(files), lookBack)] {
		took = append(took, results(path, step)...)
		if len(took) >= enough {
			took = took[:enough]
			break
		}
	}
	if len(took) == 0 {
		return 0, false
	}
	slices.Sort(took)
	middle := len(took) / 2
	median := took[middle]
	if len(took)%2 == 0 {
		median = (took[middle-1] + median) / 2
	}
	return time.Duration(median * float64(time.Second)), true
}

// results are the durations of a step that ended well, newest first. Only the
// lines that may tell of it are decoded: this is read before every step.
func results(path, step string) []float64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var took []float64
	for _, text := range slices.Backward(bytes.Split(data, []byte("\n"))) {
		if !bytes.Contains(text, []byte(`"event":"`+Result+`"`)) || !bytes.Contains(text, []byte(step)) {
			continue
		}
		if l, err := parse(text); err == nil && l.Event == Result && l.Outcome == OK && l.Step == step {
			took = append(took, l.Seconds)
		}
	}
	return took
}
