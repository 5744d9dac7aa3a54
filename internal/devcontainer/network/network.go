// Package network looks at what the containers can reach, and by which names and
// ports they can be reached.
package network

import (
	"context"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 3.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-NET-001", "El contenedor tiene red", "The container has a network", attached),
	}
}

func attached(_ context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return doctor.Good("no container")
	case c.HostConfig.NetworkMode == "none":
		return []doctor.Finding{{
			State: doctor.Fail, Where: c.Name, Evidence: "network mode none",
			Cause: doctor.Say("se creó sin red", "it was made without a network"),
			Fix:   "take --network=none out of runArgs, and make the container again",
		}}
	}
	return doctor.Good("network mode %s", c.HostConfig.NetworkMode)
}
