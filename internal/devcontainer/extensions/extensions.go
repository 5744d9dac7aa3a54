// Package extensions looks at the extensions of VS Code and at the server that
// runs them in the container.
package extensions

import (
	"context"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 8.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-EXT-001", "Extensiones pedidas", "Extensions asked for", asked),
	}
}

func asked(_ context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if err != nil {
		return doctor.Unseen(err)
	}
	return doctor.Good("%d extensions", len(settings.Extensions))
}
