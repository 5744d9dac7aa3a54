package vm_test

import (
	"errors"
	"strings"
	"testing"

	"iact-infra/internal/vm"
)

func TestDestroySaysWhichBackupThereIsBeforeItAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held string
		err  error
		want string
	}{
		"one":                         {held: "set A, 3 h old, holds it (verified)", want: "set A, 3 h old, holds it (verified)"},
		"none":                        {want: "no backup holds it"},
		"a store that cannot be read": {err: errors.New("permission denied"), want: "could not be read: permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeping(t)
			var asked []string
			k.saved = func(domain string) (string, error) {
				asked = append(asked, domain)
				return c.held, c.err
			}
			k.answers = strings.NewReader("n\n")
			err := k.run(t.Context(), "vm:destroy", vm.Selection{Machine: "mariadb"})
			if err == nil || !strings.Contains(err.Error(), "not confirmed: nothing was changed") {
				t.Errorf("got %v", err)
			}
			if said := k.said.String(); !strings.Contains(said, c.want) || !strings.Contains(said, "backup:vm keeps it as it is now") || len(asked) != 1 {
				t.Errorf("asked for %q, it says %s", asked, said)
			}
		})
	}
}
