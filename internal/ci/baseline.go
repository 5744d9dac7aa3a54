package ci

import (
	"bytes"
	"fmt"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// keepBaseline makes the findings of this run those that are known.
func (r *Room) keepBaseline(w *procedure.Work, s *site, names []string) error {
	file := s.config.CI.Baseline
	if file == "" {
		return fault.New(fault.Usage, "name it: ci: {baseline: PATH}", fmt.Errorf("write baseline: the configuration names no file for it"))
	}
	var all []findings.Finding
	for _, name := range names {
		if did, there := r.outcomeOf(name); there {
			all = append(all, did.Findings...)
		}
	}
	var text bytes.Buffer
	if err := findings.BaselineOf(all).Write(&text); err != nil {
		return err
	}
	if err := keepMode(file, text.Bytes()); err != nil {
		return err
	}
	w.Say.Info("%s: %d", file, len(all))
	return nil
}
