package cache_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// peak prints the most memory that this process ever had, in KiB.
func peak() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	fmt.Println(strings.TrimSpace(line))
	return nil
}

// TestSlowMemoryStaysFlatHoweverLargeTheTreeIs: a real build has 330 MB.
func TestSlowMemoryStaysFlatHoweverLargeTheTreeIs(t *testing.T) {
	t.Parallel()
	const most = 128 << 10 // KiB
	r := newRig(t)
	words := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range words {
		words[i] = byte(random.UintN(64))
	}
	for i := range 16 / less {
		random.Shuffle(len(words), func(a, b int) { words[a], words[b] = words[b], words[a] })
		put(t, filepath.Join(r.tree, "lib", fmt.Sprint("large", i)), string(bytes.Repeat(words, 12)), 0o644)
	}
	for _, order := range []string{"save 0 " + r.store + " " + r.prefix + " " + r.tree, "unpack 0 " + r.store + " " + r.prefix, "export 0 " + r.store + " " + t.TempDir()} {
		c := command.Change(os.Args[0])
		c.Env = []string{childEnv + "=" + order}
		out, err := r.Door.Text(t.Context(), c).String()
		must(t, err)
		var kib int
		if _, err := fmt.Sscan(out, &kib); err != nil || kib < 1 {
			t.Fatalf("%s said %q", order, out)
		}
		if kib > most*less {
			t.Errorf("%.6s took %d KiB, want at most %d", order, kib, most)
		}
	}
}
