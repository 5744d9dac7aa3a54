// Package state looks at how the containers of the workspace are doing: whether
// they are there, run, and if not how they ended.
package state

import (
	"context"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 1.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-STA-001", "El contenedor corre", "The container runs", runs),
	}
}

func runs(_ context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return []doctor.Finding{{
			State: doctor.Warn, Evidence: "no container of " + s.Workspace,
			Cause: doctor.Say("todavía no se ha creado, o se quitó", "it was not made yet, or was removed"),
			Fix:   "devcontainer up --workspace-folder " + s.Workspace,
		}}
	case !c.State.Running:
		return []doctor.Finding{{
			State: doctor.Fail, Where: c.Name, Evidence: c.State.Status,
			Cause: doctor.Say("el contenedor no corre", "the container does not run"), Fix: "docker start " + c.Name,
		}}
	}
	return doctor.Good("%s is %s", c.Name, c.State.Status)
}
