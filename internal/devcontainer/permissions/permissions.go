// Package permissions looks at who works in the container, and whether that user
// may do what is needed there.
package permissions

import (
	"context"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 5.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-PRM-001", "El usuario existe en el contenedor", "The user exists in the container", user),
	}
}

func user(ctx context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if err != nil || settings.RemoteUser == "" {
		return doctor.Good("none is named")
	}
	said, err := s.Inside(ctx, "", `echo "== users"; cut -d: -f1 /etc/passwd`)
	if err != nil {
		return doctor.Unseen(err)
	}
	for name := range strings.Lines(said["users"]) {
		if strings.TrimSpace(name) == settings.RemoteUser {
			return doctor.Good("%s", settings.RemoteUser)
		}
	}
	return []doctor.Finding{{
		State: doctor.Fail, Evidence: "/etc/passwd of the container has no " + settings.RemoteUser,
		Cause: doctor.Say("remoteUser nombra a quien la imagen no tiene", "remoteUser names one whom the image does not have"),
		Fix:   "add RUN useradd -m " + settings.RemoteUser + " to the Dockerfile",
	}}
}
