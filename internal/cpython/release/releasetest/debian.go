// Package releasetest gives tests the real sources of two CPython releases, which package debian brings here.
package releasetest

import (
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/release/debian"
)

// The two releases, and what their tarballs are.
const (
	Old       = debian.Old
	New       = debian.New
	OldSHA256 = debian.OldSHA256
	NewSHA256 = debian.NewSHA256
)

// Debian is a directory with the sources, which a Source takes as it is. On a machine without a Debian mirror the test
// is skipped, with the reason; with CI=true it fails. The name of the test has to begin with TestReal or TestSlow.
func Debian(t testing.TB) string {
	t.Helper()
	if name := t.Name(); !strings.HasPrefix(name, "TestReal") && !strings.HasPrefix(name, "TestSlow") && !strings.HasPrefix(name, "TestWhole") {
		t.Fatalf("%s needs the network: begin its name with TestReal, by which test:unit leaves it out", name)
	}
	dir, err := debian.Sources(t.Context(), command.NewDoor(command.Local()))
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("get the sources of CPython: %v", err)
	default:
		t.Skipf("get the sources of CPython: %v", err) //nolint:forbidigo // in CI it fails, as in internal/testbed
	}
	return dir
}
