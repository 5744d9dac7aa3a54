package build_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/fault"
)

func TestTheCompilerIsCalledThroughWhatIsConfiguredAndTheInterpreterDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := toy(t, works+"readlink $(command -v gcc) >called; echo $CCACHE_PREFIX >>called\n", "all:\n")
	held(t, b)
	b.Through = []string{"sh", "env"} // stand for ccache and distcc
	must(t, b.Configure(t.Context()))
	called, err := os.ReadFile(filepath.Join(b.Source(), "called"))
	must(t, err)
	if first, prefix, _ := strings.Cut(strings.TrimSpace(string(called)), "\n"); filepath.Base(first) != "sh" || prefix != "env" {
		t.Errorf("gcc is %q, and then %q", first, prefix)
	}
	if slices.ContainsFunc(b.Flags(), func(flag string) bool { return strings.HasPrefix(flag, "CC=") }) {
		t.Errorf("the flags name the compiler: %q", b.Flags())
	}
}

func TestALauncherThatIsMissingIsNamedBeforeAnythingIsConfigured(t *testing.T) {
	t.Parallel()
	b := toy(t, works, "all:\n")
	held(t, b)
	b.Through = []string{"ccache-of-nobody"}
	if err := b.Configure(t.Context()); fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "ccache-of-nobody") {
		t.Errorf("got %v", err)
	}
	if b.Configured() {
		t.Error("it is configured")
	}
}
