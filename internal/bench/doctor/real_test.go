package doctor

import (
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/testbed/cluster"
)

// TestWholeTheCauseStandsFirstAndHealthyWorkspacesAreLeftInPeace is the
// selection of bench:doctor that touches every side.
func TestWholeTheCauseStandsFirstAndHealthyWorkspacesAreLeftInPeace(t *testing.T) {
	testbed.Node(t)
	testbed.Docker(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root, err := cluster.Root(here)
	if err != nil {
		t.Fatal(err)
	}
	var quick []Case
	for _, c := range Cases() {
		if c.Quick {
			quick = append(quick, c)
		}
	}
	var out strings.Builder
	err = Bench(t.Context(), Options{Door: command.NewDoor(command.Local()), Root: root, Cases: quick, Out: &out, Cached: true, Beside: true})
	if err != nil {
		t.Error(err)
	}
	t.Log(out.String())
}
