package host

import (
	"context"
	"fmt"

	"iact-infra/internal/host/packages"
	"iact-infra/internal/procedure"
)

// packaged is what a step has changed about packages, and where.
type packaged struct {
	On     string          `json:"on,omitempty"`
	Record packages.Record `json:"record"`
}

// apt keeps the packages of a machine. keep gets the record of all that was done
// under r so far, before it is done; what a killed run left torn is mended when r
// is the record of one.
func (m *machine) apt(w *procedure.Work, r *packages.Record, keep func() error) *packages.Apt {
	earlier := *r
	return &packages.Apt{
		Door: m.Door, Mend: !earlier.Empty() && !earlier.Finished, Say: w.Say.Info,
		Note: func(now packages.Record) error {
			*r = earlier.Then(now)
			return keep()
		},
	}
}

// back takes packages back, and says what could not come.
func (m *machine) back(ctx context.Context, w *procedure.Work, r packages.Record) error {
	outcome, err := (&packages.Apt{Door: m.Door, Say: w.Say.Info}).Back(ctx, r)
	for _, c := range outcome.Missing {
		w.Say.Warn("%s cannot come back: no repository offers %s any more", c.Name, c.Before)
	}
	for _, kept := range outcome.Kept {
		w.Say.Warn("left as it is: %s", kept)
	}
	return err
}

// isBack proves that packages, files and groups are what they were, as far as
// they can be.
func (m *machine) isBack(ctx context.Context, r packages.Record) (procedure.Evidence, error) {
	outcome, err := (&packages.Apt{Door: m.Door}).IsBack(ctx, r)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("%d packages and %d files are what they were", len(r.Packages)-len(outcome.Missing), len(r.Files))
	if rest := outcome.String(); rest != "" {
		said += ", except: " + rest
	}
	return procedure.Evidence(said), nil
}
