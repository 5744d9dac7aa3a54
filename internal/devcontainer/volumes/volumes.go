// Package volumes looks at what is mounted into the containers, and at where it
// comes from.
package volumes

import (
	"context"
	"os"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 4.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-VOL-001", "Los directorios montados existen", "Mounted directories are there", sources),
	}
}

func sources(_ context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if err != nil {
		return doctor.Unseen(err)
	}
	var found []doctor.Finding
	for _, m := range settings.Mounts {
		if _, err := os.Stat(m.Source); m.Type == "bind" && os.IsNotExist(err) {
			found = append(found, doctor.Finding{
				State: doctor.Fail, Evidence: m.Source + " is not there",
				Cause: doctor.Say("Docker no crea el origen de un montaje bind", "Docker does not make the source of a bind mount"),
				Fix:   "mkdir -p " + m.Source,
			})
		}
	}
	if len(found) == 0 {
		return doctor.Good("%d mounts", len(settings.Mounts))
	}
	return found
}
