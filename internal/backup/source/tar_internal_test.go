package source

import (
	"strings"
	"testing"
)

func TestWhateverATarSaysOfAFileThatItCannotReadCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stderr     string
		unreadable int
		notes      int
	}{
		"GNU tar":           {"tar: ./a: Warning: Cannot open: Permission denied\ntar: ./b: file changed as we read it\n", 1, 2},
		"busybox tar":       {"tar: can't open './secret': Permission denied\n", 1, 1},
		"bsdtar":            {"tar: secret: Couldn't open: Permission denied\ntar: Error exit delayed from previous errors.\n", 1, 2},
		"nothing wrong":     {"tar: ./s: socket ignored\n", 0, 0},
		"more than is kept": {strings.Repeat("tar: ./log: file changed as we read it\n", 300)[:8<<10], 1, 212},
	} {
		got := said(c.stderr)
		if got.Unreadable != c.unreadable || len(got.Notes) != c.notes {
			t.Errorf("%s: %d unreadable, %d notes: %q", name, got.Unreadable, len(got.Notes), got.Notes[:min(3, len(got.Notes))])
		}
	}
}
