//go:build race

package symptom_test

// hugeLog is smaller here: the race detector takes most of the time.
const hugeLog = 8 << 20
