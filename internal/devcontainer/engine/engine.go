// Package engine asks whether there is a container engine that answers, and if
// not, why. Everything else that a doctor asks depends on it.
package engine

import (
	"context"
	"errors"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of the engine.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-ENG-001", "El motor responde", "The engine answers", answers),
	}
}

func answers(_ context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	var refused *scene.Refused
	switch {
	case err == nil:
		return doctor.Good("%s", e.Line())
	case !errors.As(err, &refused):
		return doctor.Unseen(err)
	}
	f := doctor.Finding{State: doctor.Fail, Evidence: refused.Error()}
	switch {
	case refused.Missing:
		f.Cause = doctor.Say("no hay programa docker en esta máquina", "this machine has no docker program")
		f.Fix = "go tool mage host:docker"
	case refused.Hung:
		f.Cause = doctor.Say("el demonio acepta la conexión y no contesta: está colgado o detenido", "the daemon takes the connection and does not answer: it hangs, or is stopped")
		f.Fix = "sudo systemctl restart docker"
	default:
		f.Cause = doctor.Say("nadie contesta en %s", "nobody answers at %s", refused.Endpoint)
		f.Fix = "sudo systemctl start docker"
	}
	return []doctor.Finding{f}
}
