//go:build !race

package symptom_test

// hugeLog is the size of log that has to be explained within seconds.
const hugeLog = 50 << 20
