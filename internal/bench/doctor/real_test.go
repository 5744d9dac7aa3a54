package doctor

import (
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
	"iact-infra/internal/testbed/cluster"
)

// TestRealSlowTheCauseStandsFirstAndHealthyWorkspacesAreLeftInPeace is the
// selection of bench:doctor that touches every side.
func TestRealSlowTheCauseStandsFirstAndHealthyWorkspacesAreLeftInPeace(t *testing.T) {
	testbed.Node(t)
	testbed.Docker(t)
	root, err := cluster.Root(".")
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
	err = Bench(t.Context(), Options{Door: command.NewDoor(command.Local()), Root: root, Cases: quick, Out: &out, Cached: true})
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}
