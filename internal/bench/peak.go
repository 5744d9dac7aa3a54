package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// watchPeak asks the kernel again and again for the most memory that a process
// ever had, in KiB. What GNU time tells is the most of it and of all that it ran:
// of a build that is the compiler's.
func watchPeak(pid int) (stop func() int64) {
	ended, told := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		var most int64
		for {
			most = max(most, peakOf(pid))
			select {
			case <-ended:
				told <- max(most, peakOf(pid))
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(ended)
		return <-told
	}
}

// peakOf is 0 when the process has ended.
func peakOf(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kib
}
